"""Optimiser and learning-rate schedule of the thesis."""

from collections.abc import Iterable
from functools import lru_cache

import torch
from torch import nn
from torch.optim import SGD
from torch.optim.lr_scheduler import OneCycleLR

WARM_UP = 0.3  # share of the steps in which the rate rises


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
    # One step more than is taken: OneCycleLR refuses to be stepped past its end, and divides by zero where the
    # warm-up rounds to no step at all.
    schedule = OneCycleLR(
        optimizer,
        max_lr=learning_rate,
        total_steps=max(steps, 4) + 1,
        pct_start=WARM_UP,
        cycle_momentum=False,
    )
    return optimizer, schedule


@lru_cache(maxsize=64)
def rate_shares(steps: int) -> tuple[float, ...]:
    """Learning rates of the one-cycle schedule, in units of its peak.

    Args:
        steps: Number of batches.

    Returns:
        One for each step: what the schedule of :func:`optimizer_and_schedule` passes through.

    Example:
        >>> max(rate_shares(1_000))
        1.0
    """
    peak = 1.0  # the schedule is proportional to it
    optimizer, schedule = optimizer_and_schedule(
        [nn.Parameter(torch.zeros(0))], learning_rate=peak, momentum=0.5, steps=steps
    )
    shares = []
    for _ in range(steps):
        shares.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        schedule.step()
    return tuple(shares)
