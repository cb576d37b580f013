"""Observations in any order become curves, and what cannot become one is refused by name."""

from collections.abc import Callable

import numpy as np
import pytest

from analysis.scaling import growth_by_step, points_per_doubling
from analysis.scaling.curves import curves_by_group
from analysis.scaling.student import student_interval

SIZES = [10, 20, 40, 10, 20, 40]
ACCURACIES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
GROUPS = [0, 0, 0, 1, 1, 1]
BOTH = pytest.mark.parametrize("law", [points_per_doubling, growth_by_step])


def test_the_order_of_observations_does_not_matter() -> None:
    order = [3, 0, 5, 1, 4, 2]
    shuffled = ([values[i] for i in order] for values in (SIZES, ACCURACIES, GROUPS))
    curves = curves_by_group(*shuffled)
    np.testing.assert_array_equal(curves.sizes, [10, 20, 40])
    np.testing.assert_array_equal(curves.accuracies, [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]])


@BOTH
@pytest.mark.parametrize(
    ("sizes", "accuracies", "groups", "named"),
    [
        (SIZES[:5], ACCURACIES, GROUPS, "one length"),
        (SIZES, ACCURACIES[:5], GROUPS, "one length"),
        (SIZES, ACCURACIES, GROUPS[:5], "one length"),
        ([SIZES], [ACCURACIES], [GROUPS], "one length"),
        (SIZES, [*ACCURACIES[:5], float("nan")], GROUPS, "accuracy nan"),
        (SIZES, [*ACCURACIES[:5], 60.0], GROUPS, "accuracy 60"),
        (SIZES, [*ACCURACIES[:5], -0.1], GROUPS, "accuracy -0.1"),
        ([*SIZES[:5], 0.5], ACCURACIES, GROUPS, "size 0.5"),
        ([*SIZES[:5], float("nan")], ACCURACIES, GROUPS, "size nan"),
        ([*SIZES[:5], float("inf")], ACCURACIES, GROUPS, "size inf"),
        ([10, 10], [0.1, 0.2], [0, 1], "two distinct sizes, got 1"),
        ([], [], [], "two distinct sizes, got 0"),
        (SIZES[:5], ACCURACIES[:5], GROUPS[:5], "group 1 has 0 observations of size 40"),
        ([*SIZES, 20], [*ACCURACIES, 0.5], [*GROUPS, 1], "group 1 has 2 observations of size 20"),
    ],
)
def test_what_is_no_set_of_curves_is_refused(
    law: Callable[..., object], sizes: list[float], accuracies: list[float], groups: list[int], named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        law(sizes, accuracies, groups)


@BOTH
@pytest.mark.parametrize("level", [0.0, 1.0, 90.0, float("nan")])
def test_a_level_is_a_probability(law: Callable[..., object], level: float) -> None:
    with pytest.raises(ValueError, match=f"level {level}"):
        law(SIZES, ACCURACIES, GROUPS, level=level)


def test_the_interval_is_that_of_the_tables() -> None:
    low, high = student_interval(np.array([1.0, 2.0, 3.0, 4.0, 5.0]), level=0.9)
    reach = 2.131_847 * np.sqrt(2.5 / 5)  # t at .95 with 4 degrees of freedom
    assert (low, high) == pytest.approx((3 - reach, 3 + reach), abs=1e-6)
