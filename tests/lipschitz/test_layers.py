"""Every layer of the tables is 1-Lipschitz, before and after training moved its weights."""

import copy
import pickle
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from analysis.lipschitz import (
    ACTIVATION,
    CONVOLUTION,
    LINEAR,
    CPLConv2d,
    CPLLinear,
    fold,
    lipschitz_bound,
    operator_norm,
)

Push = Callable[[nn.Module, Tensor], None]

# The weights are rounded to their dtype, the norms taken in float64: some eps of the dtype, times the terms of a sum.
ROUNDING = {torch.float32: 1e-6, torch.float64: 1e-12}
PRECISIONS = pytest.mark.parametrize("dtype", ROUNDING, ids=lambda dtype: str(dtype)[6:])
SIDES = (5, 4)
ESTIMATING = (CPLLinear, CPLConv2d)  # divide by an estimate while they train: 1-Lipschitz in evaluation mode

LAYERS: dict[str, Callable[[], tuple[nn.Module, tuple[int, ...]]]] = {
    f"{method}-{inputs}-to-{outputs}": lambda layer=layer, sizes=(inputs, outputs): (layer(*sizes), sizes[:1])
    for method, layer in LINEAR.items()
    for inputs, outputs in [(6, 6), (6, 3), (3, 6), (1, 4), (4, 1), (40, 10)]
} | {
    f"{method}-{inputs}-to-{outputs}-kernel-{size}": lambda layer=layer, sizes=(inputs, outputs, size): (
        layer(*sizes),
        (sizes[0], *SIDES),
    )
    for method, layer in CONVOLUTION.items()
    for inputs, outputs, size in [(4, 4, 3), (4, 2, 3), (2, 6, 3), (3, 3, 1), (2, 2, 5), (1, 1, 7)]
}
EVERY_LAYER = pytest.mark.parametrize("name", LAYERS)

RIGID = {"BCOP-1-to-1-kernel-7"}  # orthogonal filters of one channel are shifts up to sign: nothing can be learned


def assert_1_lipschitz(layer: nn.Module, x: Tensor) -> None:
    """The exact norm at each input is at most the proven bound, and that is at most 1.

    Of the layer as it is evaluated, in float64; while it trains, up to the rounding of its own precision.
    """
    shape = tuple(x.shape[1:])
    bound, frozen = lipschitz_bound(layer, shape), fold(layer, shape).double()
    for single in x[:3]:
        assert operator_norm(frozen, single.double()) <= bound * (1 + 1e-14)
        assert isinstance(layer, ESTIMATING) or operator_norm(layer, single) <= bound * (1 + 10 * ROUNDING[x.dtype])
    assert bound <= 1 + ROUNDING[x.dtype]


def is_moved(layer: nn.Module, start: nn.Module) -> bool:
    return any(not a.equal(b) for a, b in zip(layer.parameters(), start.parameters(), strict=True))


@EVERY_LAYER
@PRECISIONS
def test_a_layer_stays_1_lipschitz_while_it_trains(name: str, dtype: torch.dtype, push: Push) -> None:
    layer, shape = LAYERS[name]()
    layer.to(dtype)
    start = copy.deepcopy(layer)
    x = torch.randn(16, *shape, dtype=dtype)
    assert_1_lipschitz(layer, x)
    push(layer, x)
    assert name in RIGID or is_moved(layer, start)
    assert_1_lipschitz(layer, x)


@EVERY_LAYER
@PRECISIONS
def test_random_weights_are_1_lipschitz_too(name: str, dtype: torch.dtype) -> None:
    layer, shape = LAYERS[name]()
    layer.to(dtype)
    for parameter in layer.parameters():
        nn.init.normal_(parameter, std=10)
    assert_1_lipschitz(layer, torch.randn(1, *shape, dtype=dtype))


@EVERY_LAYER
def test_a_layer_starts_with_norm_1_nearly(name: str) -> None:
    """A start that shrinks every input would vanish over many layers.

    Bjorck's convolution has that norm on large images alone, as its own tests say: its factor 1 / k is for these.
    """
    layer, shape = LAYERS[name]()
    norms = [operator_norm(layer, x) for x in (torch.zeros(shape), torch.ones(shape))]  # relu' is 0 at 0
    size = int(name.split("-")[-1]) if name.startswith("Bjorck") and "kernel" in name else 1
    assert max(norms) >= 1 / size - 1e-5


@pytest.mark.parametrize("name", [name for name in LAYERS if "kernel" not in name])
def test_a_dense_bound_is_the_norm(name: str, push: Push) -> None:
    """Where the layer is one matrix."""
    layer, shape = LAYERS[name]()
    x = torch.randn(16, *shape)
    push(layer, x)
    frozen = fold(layer, shape).double()
    if isinstance(frozen, nn.Linear):
        assert lipschitz_bound(layer, shape) == pytest.approx(operator_norm(frozen, x[0].double()), rel=1e-12)


@EVERY_LAYER
@pytest.mark.parametrize("way", ["state_dict", "deepcopy", "pickle"])
def test_a_trained_layer_survives_copying(name: str, way: str, push: Push) -> None:
    layer, shape = LAYERS[name]()
    x = torch.randn(4, *shape)
    push(layer, x)
    if way == "state_dict":
        twin, _ = LAYERS[name]()
        twin.load_state_dict(layer.state_dict())
    else:
        twin = copy.deepcopy(layer) if way == "deepcopy" else pickle.loads(pickle.dumps(layer))
    assert torch.equal(twin(x), layer(x))
    expected = layer(x)
    push(twin, x)
    assert torch.equal(layer(x), expected)


@pytest.mark.parametrize("name", ACTIVATION)
@pytest.mark.parametrize("shape", [(8,), (4, 3, 2)], ids=["vector", "image"])
def test_an_activation_is_1_lipschitz(name: str, shape: tuple[int, ...]) -> None:
    activation = ACTIVATION[name](shape[0])
    x, y = torch.randn(2, 500, *shape, dtype=torch.float64)
    for single in x[:5]:
        assert operator_norm(activation, single) <= 1 + 1e-12
    moved = (activation(x) - activation(y)).flatten(1).norm(dim=1)
    assert (moved <= (x - y).flatten(1).norm(dim=1) * (1 + 1e-12)).all()
    assert lipschitz_bound(activation, shape) <= 1 + 1e-12
