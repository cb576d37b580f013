"""BCOP: its kernel is the matrix convolution of the published blocks, and orthogonal at every frequency."""

import copy
from functools import reduce

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from analysis.lipschitz import BCOPConv2d, lipschitz_bound, operator_norm
from analysis.lipschitz.bcop import compose

SEED = st.integers(0, 2**32 - 1)
CHANNELS = [(4, 4), (4, 2), (2, 5), (3, 3), (1, 1)]


def orthonormal(generator: torch.Generator, *shape: int) -> Tensor:
    return torch.linalg.qr(torch.randn(shape, generator=generator, dtype=torch.float64))[0]


def block(first: Tensor, second: Tensor) -> Tensor:
    """The published 2 x 2 block of two projectors, shape ``(c, c, 2, 2)``."""
    one = torch.eye(len(first), dtype=first.dtype)
    rows = [[first @ second, first @ (one - second)], [(one - first) @ second, (one - first) @ (one - second)]]
    return torch.stack([torch.stack(row, dim=-1) for row in rows], dim=-2)


def matrix_convolution(left: Tensor, right: Tensor) -> Tensor:
    """All products of a tap of the one with a tap of the other, added up where their places do."""
    sizes = [a + b - 1 for a, b in zip(left.shape[2:], right.shape[2:], strict=True)]
    result = left.new_zeros(left.shape[0], right.shape[1], *sizes)
    for x, y in torch.cartesian_prod(*map(torch.arange, left.shape[2:])).tolist():
        for u, v in torch.cartesian_prod(*map(torch.arange, right.shape[2:])).tolist():
            result[:, :, x + u, y + v] += left[:, :, x, y] @ right[:, :, u, v]
    return result


def spectrum(kernel: Tensor, grid: tuple[int, int]) -> Tensor:
    """Singular values of the circular convolution, whatever its size: of each frequency's matrix."""
    places = [torch.arange(size) - size // 2 for size in kernel.shape[2:]]
    waves = [
        torch.exp(2j * torch.pi * torch.outer(torch.arange(side) / side, place).double())
        for side, place in zip(grid, places, strict=True)
    ]
    return torch.linalg.svdvals(torch.einsum("oixy,ax,by->aboi", kernel.to(torch.complex128), *waves))


@pytest.mark.parametrize("channels", [2, 5])
@pytest.mark.parametrize("size", [3, 5])
def test_the_kernel_is_the_matrix_convolution_of_the_blocks(channels: int, size: int) -> None:
    """Where every second block has the complements of its projectors, which are projectors as well."""
    generator = torch.Generator().manual_seed(1)
    channel = orthonormal(generator, channels, channels)
    bases = torch.stack([orthonormal(generator, channels, channels // 2) for _ in range(2 * size - 2)])
    shifts = [torch.eye(channels, dtype=torch.float64) - basis @ basis.mT for basis in bases]
    for index in range(len(bases)):
        if index // 2 % 2:
            shifts[index] = bases[index] @ bases[index].mT
    blocks = [block(vertical, horizontal) for vertical, horizontal in zip(shifts[::2], shifts[1::2], strict=True)]
    expected = reduce(matrix_convolution, blocks, channel[:, :, None, None])
    torch.testing.assert_close(compose(channel, bases), expected, rtol=1e-12, atol=1e-12)


@given(SEED, st.sampled_from(CHANNELS), st.sampled_from([1, 3, 5]))
def test_the_kernel_is_orthogonal_at_every_frequency(seed: int, channels: tuple[int, int], size: int) -> None:
    outputs, inputs = channels
    generator = torch.Generator().manual_seed(seed)
    wide = max(channels)
    channel = orthonormal(generator, wide, wide)[:outputs, :inputs]
    bases = torch.stack([orthonormal(generator, wide, max(wide // 2, 1)) for _ in range(2 * size - 1)])[1:]
    values = spectrum(compose(channel, bases), (7, 6))
    torch.testing.assert_close(values, torch.ones_like(values), rtol=0, atol=1e-13)


@given(SEED, st.sampled_from([(4, 4), (5, 2), (2, 6)]))
def test_bases_that_are_not_quite_orthonormal_raise_no_norm(seed: int, channels: tuple[int, int]) -> None:
    """0 <= P <= I suffices for |P z + I - P| <= 1: an iteration that has not converged is sound."""
    generator = torch.Generator().manual_seed(seed)
    wide = max(channels)
    bases = torch.stack([orthonormal(generator, wide, wide // 2) for _ in range(4)])
    bases = bases * torch.rand(4, 1, wide // 2, generator=generator, dtype=torch.float64)
    channel = orthonormal(generator, wide, wide)[: channels[0], : channels[1]]
    assert spectrum(compose(channel, bases), (9, 9)).max() <= 1 + 1e-13


@pytest.mark.parametrize("channels", [(4, 4), (5, 5), (1, 1)], ids=str)
@pytest.mark.parametrize("size", [1, 3, 5, 7])
def test_a_layer_starts_as_the_identity(channels: tuple[int, int], size: int) -> None:
    """Its projectors are equal, so that they cancel. Up to rounding, and the factor that is taken off against it."""
    x = torch.randn(2, channels[0], 5, 4)
    torch.testing.assert_close(BCOPConv2d(*channels, size)(x), x, rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("channels", CHANNELS, ids=str)
@pytest.mark.parametrize("sides", [(1, 1), (1, 3), (2, 2), (3, 3), (2, 5), (8, 8)], ids=str)
@pytest.mark.parametrize("size", [1, 3, 5])
def test_images_of_any_side_keep_their_norm(channels: tuple[int, int], sides: tuple[int, int], size: int) -> None:
    """Of at least the padding: the norm is 1 in both modes, and proven; smaller ones are refused in both."""
    layer = BCOPConv2d(*channels, size)
    nn.init.normal_(layer.parameter)
    shape = (channels[0], *sides)
    for training in (True, False):
        layer.train(training)
        if min(sides) < size // 2:
            with pytest.raises(ValueError, match=r"needs images of side 2 at least, got \(1,"):
                layer(torch.zeros(1, *shape))
            continue
        assert operator_norm(layer, torch.zeros(shape)) == pytest.approx(1, abs=1e-5)
        assert 1 - 1e-5 <= lipschitz_bound(layer, shape) <= 1 + 1e-6


@pytest.mark.parametrize("channels", [64, 256])
@pytest.mark.parametrize("size", [3, 5])
def test_wide_layers_keep_the_norm_in_float32(channels: int, size: int) -> None:
    layer = BCOPConv2d(channels, channels, size).eval()
    for start in ("as it is", "random"):
        if start == "random":
            nn.init.normal_(layer.parameter, std=10)
        assert 1 - 2e-5 <= lipschitz_bound(layer, (channels, 4, 4)) <= 1 + 1e-6


@pytest.mark.parametrize(("channels", "size", "count"), [((6, 6), 3, 180), ((4, 6), 5, 324), ((6, 6), 1, 36)])
def test_a_layer_has_as_many_parameters_as_the_published_one(channels: tuple[int, int], size: int, count: int) -> None:
    """(2 k - 1) c^2: whole matrices, of which the columns beyond c // 2 only steer the iteration of the others."""
    layer = BCOPConv2d(*channels, size)
    assert sum(parameter.numel() for parameter in layer.parameters()) == count


@pytest.mark.parametrize(("size", "count"), [("XS", 1_137_088), ("S", 4_542_336), ("M", 18_157_312), ("L", 72_605_184)])
def test_the_published_networks_have_the_published_parameters(size: str, count: int) -> None:
    """A 1 x 1 convolution, four blocks of five of side 3, one of five of side 1, and a dense head, all with biases."""
    width = {"XS": 16, "S": 32, "M": 64, "L": 128}[size]
    blocks = [(width * 2**i, 3 if i < 4 else 1) for i in range(5)] * 5
    layers = [(width, 1), *blocks, (32 * width, 1)]
    assert sum((2 * side - 1) * channels**2 + channels for channels, side in layers) == count


def test_a_trained_layer_is_evaluated_with_its_last_step() -> None:
    """Not with the kernel of the last training forward, as the authors' code does; and it keeps no graph."""
    layer, x = BCOPConv2d(4, 4), torch.randn(8, 4, 5, 5)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    form = torch.randn(8, 4, 5, 5)
    for _ in range(2):
        (layer(x) * form).sum().backward()
        optimizer.step()
    expected = copy.deepcopy(layer)(x).detach()
    with torch.no_grad():
        found = layer.eval()(x)
    torch.testing.assert_close(found, expected)  # float32 beside float64; the step moved it by more than a tenth
    assert not any(value.grad_fn for value in vars(layer).values() if isinstance(value, Tensor))


@pytest.mark.parametrize("channels", [(3, 3), (2, 4), (4, 3)], ids=str)
def test_the_gradient_is_right(channels: tuple[int, int]) -> None:
    layer = BCOPConv2d(*channels).double()
    nn.init.normal_(layer.parameter, std=0.5)

    def weight(parameter: Tensor) -> Tensor:
        return torch.func.functional_call(_Weight(layer), {"layer.parameter": parameter}, ())

    assert torch.autograd.gradcheck(weight, (layer.parameter,))


class _Weight(nn.Module):
    def __init__(self, layer: BCOPConv2d) -> None:
        super().__init__()
        self.layer = layer

    def forward(self) -> Tensor:
        return self.layer.weight
