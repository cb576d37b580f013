"""Where networks are trained."""

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
