"""The rate rises for 30 % of the steps and falls to nearly nothing, to the bit as torch has it."""

from itertools import pairwise

import pytest
import torch
from torch import nn
from torch.optim import SGD
from torch.optim.lr_scheduler import OneCycleLR

from analysis.training.schedule import one_cycle

PEAK = 0.4


@pytest.mark.parametrize("steps", [20, 100, 1_000])
def test_the_rate_rises_for_30_percent_and_ends_near_0(steps: int) -> None:
    """The last step is one cosine sample before the end: at most (pi / 2 / 0.7 steps)^2 of the peak, plus 1/250,000."""
    rates = one_cycle(PEAK, steps)
    top = rates.index(max(rates))
    assert abs(top - 0.3 * steps) <= 1
    assert all(a < b for a, b in pairwise(rates[: top + 1]))
    assert all(a > b for a, b in pairwise(rates[top:]))
    assert rates[0] == pytest.approx(PEAK / 25)
    assert 0.99 * PEAK <= rates[top] <= PEAK
    assert rates[-1] <= PEAK * ((torch.pi / 2 / (0.7 * steps)) ** 2 + 1 / 250_000)


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 5, 6])
def test_a_few_steps_have_positive_rates_up_to_the_peak(steps: int) -> None:
    rates = one_cycle(PEAK, steps)
    assert len(rates) == steps
    assert all(0 < rate <= PEAK for rate in rates)


@pytest.mark.parametrize("peak", [PEAK, 1.0, 0.03])
@pytest.mark.parametrize("steps", [1, 2, 3, 4, 5, 9, 10, 11, 97, 1_000])
def test_the_rates_are_those_of_torch(peak: float, steps: int) -> None:
    optimizer = SGD([nn.Parameter(torch.zeros(1))], lr=peak)
    schedule = OneCycleLR(optimizer, peak, max(steps, 4) + 1, pct_start=0.3, cycle_momentum=False)
    rates = []
    for _ in range(steps):
        rates.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    assert one_cycle(peak, steps) == tuple(rates)
