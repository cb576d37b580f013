"""Where networks are trained, and on how many threads."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


def find_device(name: str | None) -> torch.device:
    """Find a device by name.

    Args:
        name: As torch calls it; None for CUDA where there is one, else the processor.

    Returns:
        The device.

    Raises:
        ValueError: If it cannot be used.

    Example:
        >>> find_device("cpu")
        device(type='cpu')
    """
    name = name or ("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError) as error:  # the latter from a torch without CUDA
        raise ValueError(f"device {name!r} cannot be used: {str(error).splitlines()[0]}") from error


@contextmanager
def on_threads(count: int) -> Iterator[None]:
    """Have torch use a number of threads of the processor until the block ends, then as many as before.

    Args:
        count: How many.

    Yields:
        Nothing.

    Example:
        >>> with on_threads(1):
        ...     train(...)
    """
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
