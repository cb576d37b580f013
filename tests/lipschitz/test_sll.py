"""SLL: its formula, its theorem, and its learned weights of the hidden units, of any size."""

import copy
import math
from collections.abc import Callable
from itertools import product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from analysis.lipschitz import SLLConv2d, SLLLinear, lipschitz_bound
from analysis.lipschitz.potential import PotentialLayer

FrequencyNorm = Callable[[Tensor, tuple[int, int]], float]
SEED = st.integers(0, 2**32 - 1)


def scrambled(layer: PotentialLayer, std: float = 1.0) -> PotentialLayer:
    for parameter in layer.parameters():
        nn.init.normal_(parameter, std=std)
    return layer.double()


def steps(kernel: Tensor, weights: Tensor) -> Tensor:
    r"""T by its formula: correlations of the filters of all pairs of output channels, at every offset."""
    size = kernel.shape[2]
    total = kernel.new_zeros(len(kernel))
    for down, right in product(range(1 - size, size), repeat=2):
        padded = F.pad(kernel, (size - 1,) * 4)
        moved = padded[:, :, size - 1 + down : 2 * size - 1 + down, size - 1 + right : 2 * size - 1 + right]
        total += torch.einsum("icxy,jcxy->ij", kernel, moved).abs() @ weights / weights
    return 2 / total


@pytest.mark.parametrize("size", [1, 3])
def test_the_convolution_computes_the_formula(size: int) -> None:
    layer, x = scrambled(SLLConv2d(4, 4, size)), torch.randn(3, 4, 5, 6, dtype=torch.float64)
    step = steps(layer.parameter, layer.log_weights.exp())[:, None, None]
    assert layer.bias is not None
    # The bias is in units of M x, M = T^(1/2) W.
    hidden = F.relu(F.conv2d(x, layer.parameter, padding="same") + layer.bias[:, None, None] / step.sqrt())
    expected = x - F.conv_transpose2d(step * hidden, layer.parameter, padding=size // 2)
    torch.testing.assert_close(layer(x), expected)


def test_the_dense_layer_computes_the_formula() -> None:
    layer, x = scrambled(SLLLinear(5, 5)), torch.randn(3, 5, dtype=torch.float64)
    step = steps(layer.parameter[:, :, None, None], layer.log_weights.exp())
    assert layer.bias is not None
    hidden = step * F.relu(x @ layer.parameter.mT + layer.bias / step.sqrt())
    torch.testing.assert_close(layer(x), x - hidden @ layer.parameter)


@given(SEED, st.integers(1, 6), st.sampled_from([1, 3]), st.sampled_from([0.1, 1.0, 10.0, 100.0]))
def test_its_square_has_a_norm_of_at_most_2_on_the_infinite_plane(
    norm_over_frequencies: FrequencyNorm, seed: int, channels: int, size: int, spread: float
) -> None:
    """Whatever the weights of the hidden units, which differ by up to hundreds of powers of e."""
    torch.manual_seed(seed)
    layer = scrambled(SLLConv2d(channels, channels, size))
    nn.init.normal_(layer.log_weights, std=spread)
    (weight,) = layer.derive((channels, 4, 4))
    assert weight.isfinite().all()
    assert norm_over_frequencies(weight.detach(), (16, 16)) ** 2 <= 2 * (1 + 1e-13)


def test_without_learned_weights_the_bound_is_tight_for_ones(norm_over_frequencies: FrequencyNorm) -> None:
    layer = SLLConv2d(3, 3).double()
    nn.init.ones_(layer.parameter)
    (weight,) = layer.derive((3, 4, 4))
    assert norm_over_frequencies(weight.detach(), (1, 1)) == pytest.approx(math.sqrt(2))


@pytest.mark.parametrize("method", [SLLLinear, SLLConv2d])
@pytest.mark.parametrize("shift", [-1e4, 1e4])
def test_only_ratios_of_the_weights_count_and_none_overflows(method: type[PotentialLayer], shift: float) -> None:
    layer = scrambled(method(4, 4)).float()
    x = torch.randn(3, 4) if method is SLLLinear else torch.randn(3, 4, 5, 5)
    layer.log_weights.data = layer.log_weights.data.mul(8).round().div(8)  # so that the shift rounds nothing
    shifted = copy.deepcopy(layer)
    shifted.log_weights.data += shift
    assert torch.equal(shifted(x), layer(x))
    shifted(x).square().sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in shifted.parameters())


def test_all_weights_tiny_is_sound() -> None:
    """The authors' dense layer had a norm of 12 there."""
    layer = scrambled(SLLLinear(8, 8))
    nn.init.constant_(layer.log_weights, math.log(1e-7))
    assert lipschitz_bound(layer, (8,)) <= 1 + 1e-12


def test_a_unit_that_underflows_is_switched_off() -> None:
    layer = scrambled(SLLLinear(4, 4)).float()
    layer.log_weights.data[2] = -1e3
    (weight,) = layer.derive((4,))
    assert (weight[2] == 0).all()
    assert (weight[[0, 1, 3]] != 0).any(dim=1).all()
    weight.square().sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in layer.parameters() if parameter.grad is not None)


@pytest.mark.parametrize("method", [SLLLinear, SLLConv2d])
def test_weights_of_the_hidden_units_are_trained(method: type[PotentialLayer]) -> None:
    layer = scrambled(method(3, 3))
    parameters = [layer.parameter.detach().requires_grad_(), layer.log_weights.detach().requires_grad_()]

    def derived(parameter: Tensor, log_weights: Tensor) -> Tensor:
        given = {"parameter": parameter, "log_weights": log_weights}
        return torch.func.functional_call(Weight(layer), {f"layer.{k}": v for k, v in given.items()}, ())

    assert torch.autograd.gradcheck(derived, parameters)


class Weight(nn.Module):
    """M as a function of the parameters."""

    def __init__(self, layer: PotentialLayer) -> None:
        super().__init__()
        self.layer = layer

    def forward(self) -> Tensor:
        return self.layer.contraction((3, 4, 4), 1.0)


@pytest.mark.parametrize("channels", [64, 256])
@pytest.mark.parametrize("std", [None, 10.0])
def test_float32_of_many_channels_keeps_the_bound(channels: int, std: float | None) -> None:
    """Also at the start, where the theorem's bound is the norm."""
    layer = SLLConv2d(channels, channels, 1)
    if std is not None:
        layer = scrambled(layer, std).float()
    assert lipschitz_bound(layer, (channels, 2, 2)) <= 1 + 1e-6


def test_parameters_are_a_square_weight_a_bias_and_a_weight_of_each_row() -> None:
    shapes = {name: tuple(parameter.shape) for name, parameter in SLLConv2d(4, 6).named_parameters()}
    assert shapes == {"parameter": (6, 6, 3, 3), "bias": (6,), "log_weights": (6,)}
    assert set(SLLLinear(4, 6, bias=False).state_dict()) == {"parameter", "log_weights"}


@pytest.mark.parametrize("size", [0, 2])
def test_a_kernel_without_a_centre_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match=f"odd and positive, got {size}"):
        SLLConv2d(2, 2, size)
