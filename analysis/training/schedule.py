"""Optimiser and learning-rate schedule of the thesis."""

import math
from collections.abc import Iterable
from functools import lru_cache

from torch import nn
from torch.optim import SGD
from torch.optim.lr_scheduler import OneCycleLR

WARM_UP = 0.3  # share of the steps in which the rate rises
FIRST = 25.0  # peak over the first rate
LAST = 1e4  # first over the last rate


def optimizer_and_schedule(
    parameters: Iterable[nn.Parameter], *, learning_rate: float, momentum: float, steps: int
) -> tuple[SGD, OneCycleLR]:
    """SGD with Nesterov momentum under a one-cycle schedule, stepped per batch.

    The rate rises from 1/25 of ``learning_rate`` to it over the first 30 % of the steps and falls to 1/250,000 of it,
    both along a cosine. Momentum stays as given: torch's default would cycle it between 0.85 and 0.95 and override
    the value asked for, which the thesis's code did unknowingly.

    Args:
        parameters: What to train.
        learning_rate: Peak of the schedule.
        momentum: In (0, 1), constant.
        steps: Number of batches.

    Returns:
        The optimiser and its schedule.

    Example:
        >>> optimizer, schedule = optimizer_and_schedule(model.parameters(), learning_rate=0.1, momentum=0.9, steps=500)
    """
    optimizer = SGD(parameters, lr=learning_rate, momentum=momentum, nesterov=True)
    schedule = OneCycleLR(
        optimizer,
        max_lr=learning_rate,
        total_steps=_total(steps),
        pct_start=WARM_UP,
        div_factor=FIRST,
        final_div_factor=LAST,
        cycle_momentum=False,
    )
    return optimizer, schedule


@lru_cache(maxsize=64)
def rate_shares(steps: int) -> tuple[float, ...]:
    """Learning rates of the one-cycle schedule, in units of its peak.

    The formula of torch's ``OneCycleLR``, without an optimiser: the first that is made in a process loads torch's
    compiler, which takes seconds.

    Args:
        steps: Number of batches.

    Returns:
        One for each step: what the schedule of :func:`optimizer_and_schedule` passes through.

    Example:
        >>> 0.99 < max(rate_shares(1_000)) <= 1
        True
    """
    total = _total(steps)
    peak, last = WARM_UP * total - 1, total - 1
    first, least = 1 / FIRST, 1 / FIRST / LAST

    def share(step: int) -> float:
        if step <= peak:
            return _cosine(first, 1.0, step / peak)
        return _cosine(1.0, least, (step - peak) / (last - peak))

    return tuple(share(step) for step in range(steps))


def _cosine(start: float, end: float, progress: float) -> float:
    return end + (start - end) / 2 * (1 + math.cos(math.pi * progress))


def _total(steps: int) -> int:
    """Length of the schedule, one step more than is taken."""
    # OneCycleLR refuses to be stepped past its end, and divides by zero where the warm-up rounds to no step at all.
    return max(steps, 4) + 1
