"""Initial values that a seed decides."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def drawn_by(seed: int | None) -> Iterator[None]:
    """Have torch draw by a seed, on the processor, until the block ends.

    The global generator goes on afterwards as if nothing had been drawn.

    Args:
        seed: Decides all draws; the global generator does if None.

    Yields:
        Nothing.

    Example:
        >>> with drawn_by(0):
        ...     weight = torch.randn(3, 3)
    """
    if seed is None:
        yield
        return
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
