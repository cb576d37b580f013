"""The optimum of the margin loss for two points, against the loss itself, minimised in float64."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch

from analysis.losses import OffsetCrossEntropy
from analysis.theory import TwoPoints

SETTINGS = list(product((0.0, 0.3, 1.0), (0.1, 0.5, 0.7), (0.0, 0.4, 2**0.5), (0.1, 0.5)))


def minimised(world: TwoPoints) -> float:
    """Margin of point 1 under the best 1-Lipschitz scores along the line, by bisection of the slope of the loss."""
    loss = OffsetCrossEntropy(world.offset, world.temperature)
    weights = torch.tensor([world.share, 1 - world.share], dtype=torch.float64)
    position = world.half_distance * torch.tensor([1.0, -1.0], dtype=torch.float64)

    def expected(shift: torch.Tensor) -> torch.Tensor:
        h = position / 2**0.5 + shift
        scores = torch.stack([h, -h], dim=1)
        each = [loss(scores[k : k + 1], torch.tensor([k])) for k in (0, 1)]
        return (weights * torch.stack(each)).sum()

    low, high = torch.tensor([-20.0, 20.0], dtype=torch.float64)  # of the shift; the loss is convex in it
    for _ in range(80):
        shift = ((low + high) / 2).requires_grad_()
        (slope,) = torch.autograd.grad(expected(shift), shift)
        low, high = (low, shift.detach()) if slope > 0 else (shift.detach(), high)
    h = position[0] / 2**0.5 + (low + high) / 2
    return float(2 * h)


@pytest.mark.parametrize(("half_distance", "share", "offset", "temperature"), SETTINGS)
def test_the_closed_form_is_where_the_loss_is_smallest(
    half_distance: float, share: float, offset: float, temperature: float
) -> None:
    world = TwoPoints(half_distance, share, offset, temperature)
    assert world.margins[0] == pytest.approx(minimised(world), abs=1e-9)


@pytest.mark.parametrize(("half_distance", "share", "offset", "temperature"), SETTINGS)
def test_no_other_margin_costs_less(half_distance: float, share: float, offset: float, temperature: float) -> None:
    world = TwoPoints(half_distance, share, offset, temperature)
    best = world.expected_loss(world.margins[0])
    for step in (1e-4, 0.01, 0.3, 4.0):
        assert world.expected_loss(world.margins[0] + step) > best - 1e-15
        assert world.expected_loss(world.margins[0] - step) > best - 1e-15


@pytest.mark.parametrize("share", [0.2, 0.6])
def test_the_expected_loss_is_that_of_the_networks(share: float) -> None:
    world = TwoPoints(half_distance=0.4, share=share, offset=0.5, temperature=0.2)
    loss = OffsetCrossEntropy(0.5, 0.2)
    for margin in (-1.0, 0.3, 0.9):
        others = (margin, 2 * 2**0.5 * 0.4 - margin)
        scores = [torch.tensor([[m / 2, -m / 2]], dtype=torch.float64) for m in others]
        first = loss(scores[0], torch.tensor([0]))
        second = loss(-scores[1], torch.tensor([1]))
        assert world.expected_loss(margin) == pytest.approx(float(share * first + (1 - share) * second), rel=1e-12)


def test_in_a_conflict_the_offset_is_the_margin_of_the_frequent_point() -> None:
    """u = sqrt(2) trains for radius 1, up to t times a logarithm that is named."""
    for temperature in (0.02, 0.05, 0.1):
        world = TwoPoints(half_distance=0.3, share=0.7, offset=2**0.5, temperature=temperature)
        assert world.radii[0] == pytest.approx(1 + temperature / 2**0.5 * np.log(0.4 / 0.3), abs=1e-3)
        assert sum(world.radii) == pytest.approx(2 * 0.3)
    for offset in (0.5, 1.0, 3.0):
        sharp = TwoPoints(half_distance=0.1, share=0.9, offset=offset, temperature=1e-4)
        assert sharp.radii[0] == pytest.approx(offset / 2**0.5, abs=1e-3)


def test_with_room_for_both_the_boundary_is_in_the_middle() -> None:
    for offset in (0.0, 0.5, 1.2):
        world = TwoPoints(half_distance=1.0, share=0.7, offset=offset, temperature=0.02)
        assert world.radii == pytest.approx((1, 1), abs=0.02)
    assert TwoPoints(share=0.5, offset=7.0).radii == pytest.approx((1, 1), abs=1e-9)


def test_exchanging_the_points_exchanges_the_margins() -> None:
    for setting in SETTINGS:
        world = TwoPoints(*setting)
        assert replace(world, share=1 - world.share).margins == pytest.approx(world.margins[::-1], abs=1e-9)


def test_extreme_temperatures_keep_their_digits() -> None:
    for offset, temperature in ((1000.0, 1e-4), (1.0, 1e-6), (0.0, 1e-6)):
        world = TwoPoints(0.5, 0.8, offset, temperature)
        expected = max(offset, 0.5 * 2**0.5)
        assert world.margins[0] == pytest.approx(expected, abs=1e-3)


def test_points_are_drawn_in_their_shares() -> None:
    points, labels = TwoPoints(half_distance=0.3, share=0.7).sample(10_000, seed=1)
    assert abs((labels == 0).mean() - 0.7) <= 4 * (0.21 / 10_000) ** 0.5
    np.testing.assert_array_equal(points[:, 0], np.where(labels == 0, 0.3, -0.3))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"half_distance": -1.0}, "half_distance -1.0"),
        ({"share": 0.0}, "share 0.0"),
        ({"share": 1.0}, "share 1.0"),
        ({"offset": float("nan")}, "offset nan"),
        ({"offset": -0.1}, "offset -0.1"),
        ({"temperature": 0.0}, "temperature 0.0"),
    ],
)
def test_impossible_settings_are_refused(changes: dict[str, float], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        TwoPoints(**changes)
