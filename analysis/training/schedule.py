"""Learning rates of the thesis: one cycle."""

import math
from functools import lru_cache

WARM_UP = 0.3  # share of the steps in which the rate rises
FIRST = 25.0  # peak over the first rate
LAST = 1e4  # first over the last rate


@lru_cache(maxsize=64)
def one_cycle(peak: float, steps: int) -> tuple[float, ...]:
    """Learning rates of the one-cycle schedule.

    The rate rises from 1/25 of its peak to it over the first 30 % of the steps and falls to 1/250,000 of it, both along
    a cosine: the numbers of torch's ``OneCycleLR``.

    Args:
        peak: The largest rate.
        steps: Number of batches.

    Returns:
        One for each step.

    Example:
        >>> 0.99 < max(one_cycle(1.0, 1_000)) <= 1
        True
    """
    total = _total(steps)
    top, last = WARM_UP * total - 1, total - 1
    first = peak / FIRST
    least = first / LAST

    def rate(step: int) -> float:
        if step <= top:
            return _cosine(first, peak, step / top)
        return _cosine(peak, least, (step - top) / (last - top))

    return tuple(rate(step) for step in range(steps))


def _cosine(start: float, end: float, progress: float) -> float:
    return end + (start - end) / 2 * (1 + math.cos(math.pi * progress))


def _total(steps: int) -> int:
    """Length of the schedule, one step more than is taken."""
    # OneCycleLR refuses to be stepped past its end, and divides by zero where the warm-up rounds to no step at all.
    return max(steps, 4) + 1
