"""Growth by step: paired within the group, and a step without growth is reported as such."""

import math

import numpy as np
import pytest

from analysis.scaling import growth_by_step

REPETITIONS = 2_000


def test_every_step_of_a_line_has_its_slope() -> None:
    sizes = np.array([100, 200, 800, 1_000])
    steps = growth_by_step(np.tile(sizes, 2), np.tile(0.1 + 0.04 * np.log2(sizes), 2), np.repeat([0, 1], 4))
    assert [(step.smaller, step.larger) for step in steps] == [(100, 200), (200, 800), (800, 1_000)]
    assert [step.slope for step in steps] == pytest.approx([0.04] * 3, abs=1e-14)
    assert all(step.grows for step in steps)


def test_a_doubling_without_growth_is_reported() -> None:
    accuracies = [[0.5, 0.6, 0.61, 0.55], [0.5, 0.62, 0.61, 0.56], [0.5, 0.61, 0.61, 0.54]]
    steps = growth_by_step([1, 2, 4, 8] * 3, np.ravel(accuracies), np.repeat([0, 1, 2], 4))
    assert [step.grows for step in steps] == [True, False, False]
    assert steps[1].slope == pytest.approx(0.0, abs=1e-15)
    assert steps[2].interval[1] < 0


def test_what_the_curve_of_a_group_has_in_common_cancels() -> None:
    curves = np.add.outer([0.1, 0.5, 0.9], [0, 0.01])
    steps = growth_by_step([1, 2] * 3, curves.ravel(), np.repeat([0, 1, 2], 2))
    assert steps[0].interval == pytest.approx((0.01, 0.01), abs=1e-15)


def test_one_group_cannot_show_growth() -> None:
    (step,) = growth_by_step([1, 2], [0.1, 0.9], [0, 0])
    assert step.slope == pytest.approx(0.8)
    assert math.isnan(step.interval[0])
    assert not step.grows


def test_no_growth_is_called_growth_as_rarely_as_the_level_says() -> None:
    """Where nothing grows, the low end of a 90 % interval is above 0 in 5 % of all cases."""
    rng = np.random.default_rng(0)
    curves = 0.5 + 0.01 * rng.standard_normal((REPETITIONS, 4, 2))
    found = [growth_by_step([10, 20] * 4, curve.ravel(), np.repeat(range(4), 2))[0].grows for curve in curves]
    allowed = 4 * math.sqrt(0.05 * 0.95 / REPETITIONS)  # passed over by 1 in 16,000 choices of seed
    assert abs(np.mean(found) - 0.05) <= allowed
