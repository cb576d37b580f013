"""CPL: its formula, its step in both modes, and the authors' layer, which is caught."""

import copy
import math
import statistics

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from analysis.lipschitz import CPLConv2d, CPLLinear, lipschitz_bound, operator_norm
from analysis.lipschitz.potential import Potential, PotentialLayer
from analysis.lipschitz.power import proven_norm

SHAPE = (16, 6, 5)


def scrambled(layer: PotentialLayer, std: float = 1.0) -> PotentialLayer:
    for parameter in layer.parameters():
        nn.init.normal_(parameter, std=std)
    return layer


def authors_step(kernel: Tensor, sides: tuple[int, int]) -> float:
    """2 / sigma^2 of the published layer in training: one step of power iteration from a random image."""
    vector = torch.randn(1, kernel.shape[0], *sides, dtype=kernel.dtype)
    image = F.normalize(F.conv2d(vector, kernel, padding=1).flatten(), dim=0).view(1, -1, *sides)
    vector = F.normalize(F.conv_transpose2d(image, kernel, padding=1).flatten(), dim=0).view(1, -1, *sides)
    return 2 / float((image * F.conv2d(vector, kernel, padding=1)).sum()) ** 2


def test_the_authors_layer_is_caught() -> None:
    """Freshly initialised, in training mode: its norm exceeds 1 by far, and the bound says so."""
    kernel = nn.init.xavier_normal_(torch.empty(16, 16, 3, 3, dtype=torch.float64))
    step = authors_step(kernel, SHAPE[1:])
    module = Potential(math.sqrt(step) * kernel, torch.full((16,), 10.0, dtype=torch.float64), 16, 16)
    norm = operator_norm(module, torch.zeros(SHAPE, dtype=torch.float64))
    assert 1.2 < norm <= lipschitz_bound(module, SHAPE)


def test_in_evaluation_mode_the_step_is_as_long_as_proven_to_be_safe() -> None:
    layer = scrambled(CPLConv2d(16, 16)).double().eval()
    x = torch.randn(3, *SHAPE, dtype=torch.float64)
    step = 2 / proven_norm(layer.parameter, SHAPE) ** 2
    assert layer.bias is not None
    # The bias is in units of M x, M = W sqrt(step).
    hidden = F.relu(F.conv2d(x, layer.parameter, layer.bias / math.sqrt(step), padding=1))
    expected = x - step * F.conv_transpose2d(hidden, layer.parameter, padding=1)
    torch.testing.assert_close(layer(x), expected)


@pytest.mark.parametrize("method", [CPLLinear, CPLConv2d])
def test_only_the_direction_of_the_weight_counts(method: type[PotentialLayer]) -> None:
    layer = scrambled(method(6, 6)).double().eval()
    x = torch.randn(3, 6, dtype=torch.float64) if method is CPLLinear else torch.randn(3, 6, 4, 4, dtype=torch.float64)
    longer = copy.deepcopy(layer)
    longer.parameter.data *= 1e3
    torch.testing.assert_close(longer(x), layer(x))


def test_weights_of_zero_are_the_identity_with_a_finite_gradient() -> None:
    layer, x = CPLConv2d(3, 3), torch.randn(2, 3, 4, 4)
    nn.init.zeros_(layer.parameter)
    for mode in (True, False):
        found = layer.train(mode)(x)
        found.square().sum().backward()
        assert torch.equal(found, x)
        assert layer.parameter.grad is not None
        assert layer.parameter.grad.isfinite().all()


def gap_after_training(images: bool) -> float:
    """Relative difference of the outputs in training and evaluation mode, after 200 steps at a rate that falls to 0.

    On images of 10 x 10 pixels the proof looks at the 12 x 12 frequencies of the estimate.
    """
    layer, shape = (CPLConv2d(16, 16), (16, 10, 10)) if images else (CPLLinear(16, 16), (16,))
    x = torch.randn(32, *shape)
    target = x.roll(1, dims=1).abs()
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1, momentum=0.9)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, total_iters=200)
    for _ in range(200):
        optimizer.zero_grad()
        F.mse_loss(layer(x), target).backward()
        optimizer.step()
        schedule.step()
    with torch.no_grad():
        return float((layer(x) - layer.eval()(x)).norm() / layer(x).norm())


@pytest.mark.parametrize("images", [False, True], ids=["dense", "convolution"])
def test_training_and_evaluation_are_nearly_one_function(images: bool) -> None:
    """Within 3 % in the median of three: the estimate has caught up with the norm, where no two norms nearly tie."""
    assert statistics.median(gap_after_training(images) for _ in range(3)) < 0.03


def test_pass_after_pass_the_same_weights_give_the_same_output() -> None:
    """Also in training mode: the vector of the estimate moves in the backward pass."""
    layer, x = CPLConv2d(4, 4), torch.randn(2, 4, 5, 5)
    first = layer(x)
    assert torch.equal(layer(x), first)
    assert torch.equal(copy.deepcopy(layer)(x), first)
    before = layer.norm.vector.clone()
    first.sum().backward()
    assert not torch.equal(layer.norm.vector, before)


@pytest.mark.parametrize("channels", [64, 256])
def test_float32_of_many_channels_keeps_the_bound(channels: int) -> None:
    layer = scrambled(CPLConv2d(channels, channels, 1), std=10)
    assert lipschitz_bound(layer, (channels, 2, 2)) <= 1 + 1e-6


def test_parameters_are_a_square_weight_and_a_bias_of_its_rows() -> None:
    shapes = {name: tuple(parameter.shape) for name, parameter in CPLConv2d(4, 6).named_parameters()}
    assert shapes == {"parameter": (6, 6, 3, 3), "bias": (6,)}
    assert set(dict(CPLLinear(4, 6, bias=False).named_parameters())) == {"parameter"}
    assert set(CPLLinear(4, 6).state_dict()) == {"parameter", "bias", "norm.vector"}


@pytest.mark.parametrize("size", [0, 2])
def test_a_kernel_without_a_centre_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match=f"odd and positive, got {size}"):
        CPLConv2d(2, 2, size)
