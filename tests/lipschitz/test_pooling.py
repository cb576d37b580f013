"""Pooling: the bound holds for the exact norm, and is reached."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from analysis.lipschitz import fold, lipschitz_bound, operator_norm, rounding_bound

SIDES = st.tuples(st.integers(4, 9), st.integers(4, 9))
SIZE = st.integers(1, 4)


@given(SIDES, SIZE, SIZE, SIZE, st.booleans(), st.sampled_from([0, 1]))
def test_a_maximum_over_windows_is_bounded(
    sides: tuple[int, int], size: int, stride: int, dilation: int, ceil: bool, padding: int
) -> None:
    """At the image of a single bright pixel, where all windows that see it agree, the bound counts them."""
    if dilation * (size - 1) >= min(sides) or padding > size // 2:
        return
    layer = nn.MaxPool2d(size, stride, dilation=dilation, ceil_mode=ceil, padding=padding)
    bound = lipschitz_bound(layer, (2, *sides))
    pixels = torch.eye(math.prod(sides)).double().reshape(-1, 1, *sides)
    seen = (layer(pixels) - layer(torch.zeros_like(pixels))).flatten(1).norm(dim=1)
    assert float(seen.max()) <= bound * (1 + 1e-12)
    assert operator_norm(layer, torch.randn(2, *sides).double()) <= bound * (1 + 1e-12)


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (nn.MaxPool2d(2), 1.0),
        (nn.MaxPool2d(2, stride=3), 1.0),
        (nn.MaxPool2d(3, stride=2, padding=1), 2.0),
        (nn.MaxPool2d(3, stride=1), 3.0),
        (nn.MaxPool2d((3, 1), stride=(1, 1)), math.sqrt(3)),
        (nn.MaxPool2d(2, stride=2, dilation=2), 2.0),
        (nn.MaxPool2d(2, stride=2, dilation=3), 1.0),
        (nn.AdaptiveMaxPool2d(1), 1.0),
        (nn.AdaptiveMaxPool2d((None, 1)), 1.0),
        (nn.AdaptiveMaxPool2d(3), 2.0),
        (nn.AvgPool2d(2), 1 / 2),
        (nn.AvgPool2d(3, stride=1), 1.0),
        (nn.AdaptiveAvgPool2d(1), 1 / 8),
        (nn.AdaptiveAvgPool2d(4), 1 / 2),
    ],
    ids=str,
)
def test_bounds_are_those_of_counting(layer: nn.Module, expected: float) -> None:
    assert lipschitz_bound(layer, (3, 8, 8)) == pytest.approx(expected, rel=1e-12)


@given(
    SIDES,
    st.sampled_from(
        [
            nn.AvgPool2d(3, stride=2, padding=1),
            nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False, ceil_mode=True),
            nn.AvgPool2d((2, 3), stride=1),
            nn.AvgPool2d(2, divisor_override=3),
            nn.AdaptiveAvgPool2d(3),
            nn.AdaptiveAvgPool2d((2, None)),
        ]
    ),
)
def test_an_average_is_bounded_and_not_by_much(sides: tuple[int, int], layer: nn.Module) -> None:
    """Schur's test is at most the root of the ratio of overlaps above: less than twice."""
    norm = operator_norm(layer, torch.zeros(1, *sides).double())
    assert norm <= lipschitz_bound(layer, (1, *sides)) <= 2 * norm


def test_float32_averages_err_by_less_than_the_bound() -> None:
    layer, x = nn.AvgPool2d(3, stride=1), torch.rand(100, 2, 8, 8)
    error = float((layer(x).double() - layer(x.double())).flatten(1).norm(dim=1).max())
    assert 0 < error <= rounding_bound(layer, (2, 8, 8), float(x.flatten(1).norm(dim=1).max()))


def test_in_float64_an_average_is_charged_for_float64() -> None:
    """It holds no tensors: the precision is the network's."""
    network = fold(nn.Sequential(nn.AvgPool2d(2), nn.Flatten(), nn.Linear(8, 2)), (2, 4, 4))
    single = rounding_bound(network, (2, 4, 4), 5.0)
    assert rounding_bound(network.double(), (2, 4, 4), 5.0) == pytest.approx(single / 2**29, rel=1e-2)
