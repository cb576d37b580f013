"""The rate rises for 30 % of the steps and falls to nearly nothing; momentum stays."""

from itertools import pairwise

import pytest
import torch
from torch import nn
from torch.optim import SGD
from torch.optim.lr_scheduler import OneCycleLR

from analysis.training import optimizer_and_schedule
from analysis.training.schedule import rate_shares

PEAK = 0.4


def made(steps: int) -> tuple[SGD, OneCycleLR]:
    parameters = [nn.Parameter(torch.zeros(2))]
    return optimizer_and_schedule(parameters, learning_rate=PEAK, momentum=0.9, steps=steps)


def walk(steps: int, field: str) -> list[float]:
    """The value used at every step."""
    optimizer, schedule = made(steps)
    values = []
    for _ in range(steps):
        values.append(optimizer.param_groups[0][field])
        optimizer.step()
        schedule.step()
    return values


@pytest.mark.parametrize("steps", [20, 100, 1_000])
def test_the_rate_rises_for_30_percent_and_ends_near_0(steps: int) -> None:
    """The last step is one cosine sample before the end: at most (pi / 2 / 0.7 steps)^2 of the peak, plus 1/250,000."""
    rates = walk(steps, "lr")
    top = rates.index(max(rates))
    assert abs(top - 0.3 * steps) <= 1
    assert all(a < b for a, b in pairwise(rates[: top + 1]))
    assert all(a > b for a, b in pairwise(rates[top:]))
    assert rates[0] == pytest.approx(PEAK / 25)
    assert 0.99 * PEAK <= rates[top] <= PEAK
    assert rates[-1] <= PEAK * ((torch.pi / 2 / (0.7 * steps)) ** 2 + 1 / 250_000)


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 5, 6])
def test_a_few_steps_have_positive_rates_up_to_the_peak(steps: int) -> None:
    rates = walk(steps, "lr")
    assert len(rates) == steps
    assert all(0 < rate <= PEAK for rate in rates)


def test_momentum_stays_as_given() -> None:
    assert set(walk(100, "momentum")) == {0.9}
    assert set(walk(100, "nesterov")) == {True}
    assert set(walk(100, "weight_decay")) == {0}


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 5, 9, 10, 11, 97, 1_000])
def test_the_rates_of_cohorts_are_those_of_the_schedule(steps: int) -> None:
    assert [PEAK * share for share in rate_shares(steps)] == pytest.approx(walk(steps, "lr"), rel=1e-12)
