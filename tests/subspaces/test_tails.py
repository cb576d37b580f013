"""Tails are the longest that hold at most a share of the variance, or at most a typical norm."""

import numpy as np
import pytest

from analysis.subspaces import Subspace

VARIANCES = np.array([8.0, 4.0, 2.0, 1.0, 1.0])  # from each on: 16, 8, 4, 2, 1


@pytest.fixture
def space() -> Subspace:
    return Subspace(np.zeros(6), np.eye(6)[:5], VARIANCES, 1)


@pytest.mark.parametrize(
    ("share", "kept"),
    [(1, 5), (0.99, 4), (0.5, 4), (0.4999, 3), (0.25, 3), (0.125, 2), (0.1, 1), (0.0625, 1)],
)
def test_a_tail_holds_at_most_its_share(space: Subspace, share: float, kept: int) -> None:
    tail = space.tail_by_share(share)
    assert np.array_equal(tail.directions, space.directions[-kept:])
    assert np.array_equal(tail.variances, VARIANCES[-kept:])
    assert space.variance_share(5 - kept) <= share
    assert kept == 5 or space.variance_share(4 - kept) > share


@pytest.mark.parametrize(("norm", "kept"), [(9, 5), (4, 5), (3.99, 4), (2, 3), (1.5, 2), (1, 1)])
def test_a_tail_has_at_most_its_norm(space: Subspace, norm: float, kept: int) -> None:
    tail = space.tail_by_norm(norm)
    assert np.array_equal(tail.variances, VARIANCES[-kept:])
    assert (tail.null_dimension, tail.mean is space.mean) == (1, True)


def test_shares_are_those_of_the_band_they_are_asked_of(space: Subspace) -> None:
    assert len(space.band(2).tail_by_share(0.5).directions) == 2


@pytest.mark.parametrize("share", [0, -0.1, 1.5, 50, float("nan")])
def test_shares_lie_between_zero_and_one(space: Subspace, share: float) -> None:
    with pytest.raises(ValueError, match=r"share must lie in \(0, 1\]"):
        space.tail_by_share(share)


@pytest.mark.parametrize("norm", [0, -1, float("nan")])
def test_norms_are_positive(space: Subspace, norm: float) -> None:
    with pytest.raises(ValueError, match="norm must be positive"):
        space.tail_by_norm(norm)


def test_what_no_direction_meets_names_the_smallest_there_is(space: Subspace) -> None:
    with pytest.raises(ValueError, match=r"share of the variance of at most 0\.05: the smallest .* is 0\.0625"):
        space.tail_by_share(0.05)
    with pytest.raises(ValueError, match=r"root mean square norm of at most 0\.5: the smallest .* is 1$"):
        space.tail_by_norm(0.5)
