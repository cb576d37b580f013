"""The bound of every ordinary convolution is at least its exact norm, and no larger than needed."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from analysis.lipschitz import fold, lipschitz_bound, operator_norm, rounding_bound
from analysis.lipschitz.convolutions import Convolution

SIDE = st.integers(1, 7)
STEP = st.integers(1, 3)
SIZE = st.integers(1, 4)
ROUNDING = 1 + 1e-12  # float64


def random_convolution(channels: tuple[int, int], sizes: tuple[int, int], **options: object) -> nn.Conv2d:
    torch.manual_seed(0)
    layer = nn.Conv2d(*channels, sizes, dtype=torch.float64, **options)
    nn.init.normal_(layer.weight)
    return layer


def exact_norm(layer: nn.Conv2d, sides: tuple[int, int]) -> float:
    return operator_norm(layer, torch.zeros(layer.in_channels, *sides, dtype=torch.float64))


def checkerboard(mode: str) -> nn.Conv2d:
    """Signs of period 2: norm 9, at the highest frequency alone."""
    signs = (-1.0) ** torch.arange(3).double()
    layer = nn.Conv2d(1, 1, 3, padding="same", padding_mode=mode, bias=False, dtype=torch.float64)
    layer.weight.data = torch.outer(signs, signs)[None, None]
    return layer


@given(SIDE, SIDE, SIZE, SIZE, STEP, STEP, STEP, STEP, st.integers(0, 5), st.integers(0, 5), st.sampled_from([1, 2]))
def test_zero_padding_of_any_kind_is_bounded(
    height: int, width: int, rows: int, columns: int, down: int, right: int, first: int, second: int,
    top: int, left: int, groups: int,
) -> None:  # fmt: skip
    """Even kernels, strides, dilations, groups, and padding beyond the whole kernel."""
    top, left = (max(p, -(-(d * (k - 1) + 1 - s) // 2)) for p, d, k, s in
                 [(top, first, rows, height), (left, second, columns, width)])  # fmt: skip
    options = {"stride": (down, right), "dilation": (first, second), "padding": (top, left), "groups": groups}
    layer = random_convolution((2, 4), (rows, columns), **options)
    assert exact_norm(layer, (height, width)) <= lipschitz_bound(layer, (2, height, width))


@given(SIDE, SIDE, SIZE, SIZE, STEP, STEP, STEP, STEP, st.integers(0, 7), st.integers(0, 7), st.sampled_from([1, 2]))
def test_circular_padding_of_any_kind_is_bounded(
    height: int, width: int, rows: int, columns: int, down: int, right: int, first: int, second: int,
    top: int, left: int, groups: int,
) -> None:  # fmt: skip
    """Padding may wrap around once: where it exceeds "same", outputs appear again."""
    padding = min(top, height), min(left, width)
    reach = first * (rows - 1), second * (columns - 1)
    if any(side + 2 * p <= k for side, p, k in zip((height, width), padding, reach, strict=True)):
        return
    layer = random_convolution(
        (4, 2), (rows, columns), stride=(down, right), dilation=(first, second), padding=padding, groups=groups,
        padding_mode="circular",
    )  # fmt: skip
    assert exact_norm(layer, (height, width)) <= lipschitz_bound(layer, (4, height, width))


@pytest.mark.parametrize("sides", [(3, 3), (4, 4), (5, 3), (8, 6)], ids=str)
@pytest.mark.parametrize(("size", "dilation"), [(1, 1), (2, 1), (3, 1), (3, 2), (5, 1)])
def test_a_circular_same_convolution_is_bounded_by_its_norm(sides: tuple[int, int], size: int, dilation: int) -> None:
    """Kernels larger than the image are wrapped around it, as far as torch can pad."""
    if dilation * (size - 1) > 2 * min(sides):
        pytest.skip("torch wraps no further")
    layer = random_convolution((2, 3), (size, size), dilation=dilation, padding="same", padding_mode="circular")
    norm = exact_norm(layer, sides)
    assert norm <= lipschitz_bound(layer, (2, *sides)) <= norm * ROUNDING


@pytest.mark.parametrize("side", [3, 4, 5, 7, 8])
@pytest.mark.parametrize("mode", ["zeros", "circular"])
def test_the_highest_frequency_is_bounded(side: int, mode: str) -> None:
    """An odd grid does not hold it: there a circular convolution has a smaller norm, and a zero-padded one may not."""
    layer = checkerboard(mode)
    exact, bound = exact_norm(layer, (side, side)), lipschitz_bound(layer, (1, side, side))
    assert exact <= bound <= 9 * ROUNDING
    if mode == "circular":
        assert bound == pytest.approx(exact, rel=1e-12)
        assert (exact == pytest.approx(9)) == (side % 2 == 0)


def test_a_larger_grid_would_not_bound_a_circular_convolution() -> None:
    """Negative control: the grid of zero padding misses the highest frequency of a 4 x 4 image."""
    layer = checkerboard("circular")
    larger = nn.functional.pad(torch.zeros(4, 4), (0, 1, 0, 1)).shape
    assert lipschitz_bound(layer, (1, *larger)) < 0.8 * exact_norm(layer, (4, 4))


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("mode", ["zeros", "circular"])
def test_where_the_stride_is_the_kernel_the_bound_is_the_norm_of_a_matrix(size: int, mode: str) -> None:
    layer = random_convolution((3, 5), (size, size), stride=size, padding_mode=mode)
    norm = float(torch.linalg.matrix_norm(layer.weight.detach().flatten(1), ord=2))
    bound = lipschitz_bound(layer, (3, 6, 6))
    assert exact_norm(layer, (6, 6)) == pytest.approx(norm, rel=1e-12)
    assert norm <= bound <= norm * ROUNDING


@pytest.mark.parametrize("mode", ["zeros", "circular"])
def test_a_stride_lowers_the_bound(mode: str) -> None:
    layer = random_convolution((2, 2), (3, 3), padding=1, padding_mode=mode)
    bounds = []
    for step in (1, 2, 4):
        layer.stride = (step, step)
        bounds.append(lipschitz_bound(layer, (2, 8, 8)))
    assert bounds[0] > bounds[1] > bounds[2]


def test_groups_are_bounded_by_the_largest_of_them() -> None:
    layer = random_convolution((4, 4), (3, 3), padding=1, groups=4, bias=False)
    alone = []
    for kernel in layer.weight.detach():
        single = nn.Conv2d(1, 1, 3, padding=1, dtype=torch.float64)
        single.weight.data = kernel[None]
        alone.append(lipschitz_bound(single, (1, 6, 6)))
    assert lipschitz_bound(layer, (4, 6, 6)) == pytest.approx(max(alone), rel=1e-12)


def test_a_dilated_kernel_is_the_kernel_spread_with_zeros() -> None:
    layer = random_convolution((2, 2), (3, 2), dilation=(2, 3))
    spread = nn.Conv2d(2, 2, (5, 4), dtype=torch.float64)
    spread.weight.data = torch.zeros(2, 2, 5, 4).double()
    spread.weight.data[:, :, ::2, ::3] = layer.weight.data
    assert lipschitz_bound(layer, (2, 7, 6)) == pytest.approx(lipschitz_bound(spread, (2, 7, 6)), rel=1e-12)


@pytest.mark.parametrize("scale", [0.0, 1e-200, 1e-30, 1e200])
def test_kernels_of_any_size_are_bounded(scale: float) -> None:
    layer = random_convolution((2, 2), (3, 3), padding=1)
    expected = scale * lipschitz_bound(layer, (2, 4, 4))
    layer.weight.data *= scale
    assert lipschitz_bound(layer, (2, 4, 4)) == pytest.approx(expected, rel=1e-12, abs=0)


@pytest.mark.parametrize("mode", ["reflect", "replicate"])
def test_other_padding_is_refused_by_name(mode: str) -> None:
    layer = random_convolution((2, 2), (3, 3), padding=1, padding_mode=mode)
    with pytest.raises(ValueError, match=f"a Conv2d of padding_mode '{mode}'; known are 'zeros' and 'circular'"):
        lipschitz_bound(layer, (2, 4, 4))


def test_a_kernel_that_is_not_finite_has_no_bound() -> None:
    layer = random_convolution((2, 2), (3, 3))
    layer.weight.data[0, 0, 0, 0] = math.nan
    with pytest.raises(RuntimeError, match="non-finite"):
        lipschitz_bound(layer, (2, 4, 4))


OPTIONS = [
    {"padding": "same"},
    {"padding": "valid", "dilation": 2},
    {"padding": 3, "stride": 2},
    {"padding": 2, "stride": 2, "padding_mode": "circular", "groups": 2},
    {"padding": 4, "padding_mode": "circular"},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_the_bias_is_bounded_at_every_output(options: dict[str, object]) -> None:
    layer = random_convolution((2, 4), (3, 3), **options)
    output: Tensor = layer(torch.zeros(1, 2, 6, 5, dtype=torch.float64))
    assert Convolution(layer, (2, 6, 5)).offset((2, 6, 5)) == pytest.approx(float(output.detach().norm()), rel=1e-12)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_float32_errs_by_less_than_the_bound(options: dict[str, object]) -> None:
    layer = fold(random_convolution((2, 4), (3, 3), **options).float(), (2, 6, 5))
    x = torch.rand(100, 2, 6, 5)
    with torch.no_grad():
        computed = layer(x).double()
        error = (computed - layer.double()(x.double())).flatten(1).norm(dim=1).max()
    layer.float()
    assert 0 < float(error) <= rounding_bound(layer, (2, 6, 5), float(x.flatten(1).norm(dim=1).max()))


def test_chunks_of_frequencies_give_the_same_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few frequencies at a time, as for many channels."""
    layer = random_convolution((3, 2), (3, 3), padding=1, stride=2)
    whole = lipschitz_bound(layer, (3, 7, 6))
    monkeypatch.setattr("analysis.lipschitz.frequencies.ENTRIES", 50)
    assert lipschitz_bound(layer, (3, 7, 6)) == pytest.approx(whole, rel=1e-13)


def test_padded_images_are_those_of_torch() -> None:
    """What the proof says of zero padding: a part of the periodic convolution on a grid of side s + k - 1."""
    kernel, image = torch.randn(1, 1, 3, 3).double(), torch.randn(1, 1, 4, 4).double()
    grid = F.pad(image, (0, 2, 0, 2))
    periodic = F.conv2d(F.pad(grid, (2, 0, 2, 0), mode="circular"), kernel)
    torch.testing.assert_close(F.conv2d(image, kernel, padding=2), periodic)
    torch.testing.assert_close(F.conv2d(image, kernel, padding=1), periodic[..., 1:-1, 1:-1])
