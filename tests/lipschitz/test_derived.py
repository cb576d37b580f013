"""Weights are derived once where they do not change, and never stale."""

import copy
import io
import pickle
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from analysis.lipschitz import CONVOLUTION, LINEAR
from analysis.lipschitz.derived import Derived

LAYERS: dict[str, Callable[[], tuple[Derived, Tensor]]] = {
    f"{method}-dense": lambda layer=layer: (layer(6, 6), torch.randn(3, 6)) for method, layer in LINEAR.items()
} | {
    f"{method}-convolution": lambda layer=layer: (layer(4, 4, 3), torch.randn(3, 4, 5, 5))
    for method, layer in CONVOLUTION.items()
}
EVERY_LAYER = pytest.mark.parametrize("name", LAYERS)


def made(name: str) -> tuple[Derived, Tensor]:
    layer, x = LAYERS[name]()
    scramble(layer)
    return layer.eval(), x


def scramble(layer: nn.Module) -> None:
    """Weights that are no start."""
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))


def fresh(layer: Derived, x: Tensor) -> Tensor:
    """What a layer that has never run gives for the same parameters."""
    return pickle.loads(pickle.dumps(layer))(x)


@EVERY_LAYER
def test_weights_are_derived_once_in_evaluation(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    layer, x = made(name)
    calls = []
    original = type(layer).derive
    monkeypatch.setattr(type(layer), "derive", lambda self, shape: calls.append(1) or original(self, shape))
    with torch.no_grad():
        first = layer(x)
        assert all(torch.equal(layer(x), first) for _ in range(3))
    assert len(calls) == 1


@EVERY_LAYER
def test_with_gradients_or_without_the_output_is_the_same(name: str) -> None:
    """The frozen module computes what the derived weights do; float32 rounding of another order of sums at most."""
    layer, x = made(name)
    with_gradients = layer(x)
    assert with_gradients.requires_grad
    with torch.no_grad():
        frozen = layer(x)
    torch.testing.assert_close(frozen, with_gradients, atol=1e-6, rtol=1e-5)
    assert not frozen.requires_grad


EDITS: dict[str, Callable[[Derived], object]] = {
    "in place": lambda layer: [nn.init.normal_(parameter) for parameter in layer.parameters()],
    "through data": lambda layer: [parameter.data.normal_() for parameter in layer.parameters()],
    "new data": lambda layer: [setattr(p, "data", torch.randn_like(p)) for p in layer.parameters()],
    "loaded": lambda layer: layer.load_state_dict({k: torch.randn_like(v) for k, v in layer.state_dict().items()}),
    "assigned": lambda layer: layer.load_state_dict(
        {k: torch.randn_like(v) for k, v in layer.state_dict().items()}, assign=True
    ),
    "double": lambda layer: layer.double().float() and scramble(layer),
}


@EVERY_LAYER
@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_in_evaluation_mode_is_seen(name: str, edit: str) -> None:
    layer, x = made(name)
    with torch.no_grad():
        before = layer(x)
        EDITS[edit](layer)
        assert not layer.training
        after = layer(x)
    assert not torch.equal(after, before)
    torch.testing.assert_close(after, fresh(layer.requires_grad_(requires_grad=False), x))


@EVERY_LAYER
def test_a_step_in_evaluation_mode_is_seen(name: str) -> None:
    layer, x = made(name)
    optimizer = torch.optim.SGD(layer.parameters(), lr=1.0)
    with torch.no_grad():
        before = layer(x)
    (layer(x) * torch.randn_like(before)).sum().backward()
    optimizer.step()
    with torch.no_grad():
        assert not torch.equal(layer(x), before)


@EVERY_LAYER
def test_a_layer_that_has_run_travels_without_its_frozen_module(name: str) -> None:
    """Copies are independent, files hold parameters and buffers alone, and a frozen layer has no graph."""
    layer, x = made(name)
    with torch.no_grad():
        expected = layer(x)
        twin = copy.deepcopy(layer)
        assert twin._kept is None
        assert torch.equal(twin(x), expected)
        scramble(twin)
        assert torch.equal(layer(x), expected)
    stream = io.BytesIO()
    torch.save(layer.state_dict(), stream)
    names = {*dict(layer.named_parameters()), *dict(layer.named_buffers())}
    assert set(torch.load(io.BytesIO(stream.getvalue()), weights_only=True)) == names


@EVERY_LAYER
def test_a_state_made_by_training_loads_into_a_layer_that_never_ran(name: str) -> None:
    layer, x = LAYERS[name]()
    scramble(layer)
    for _ in range(3):
        layer(x)
    other, _ = LAYERS[name]()
    other.eval().load_state_dict(layer.state_dict())
    with torch.no_grad():
        assert torch.equal(other(x), layer.eval()(x))


@EVERY_LAYER
@pytest.mark.parametrize("training", [False, True], ids=["evaluation", "training"])
def test_parameters_given_from_outside_are_used(name: str, training: bool) -> None:
    """``functional_call`` puts other tensors in the place of parameters, for one call."""
    layer, x = made(name)
    layer.train(training)
    other = copy.deepcopy(layer)
    scramble(other)
    given = {key: value.detach().clone() for key, value in [*other.named_parameters(), *other.named_buffers()]}
    with torch.no_grad():
        expected, own = other(x), copy.deepcopy(layer)(x)
        torch.testing.assert_close(torch.func.functional_call(layer, given, (x,)), expected, atol=1e-6, rtol=1e-5)
        torch.testing.assert_close(copy.deepcopy(layer)(x), own)


@EVERY_LAYER
def test_gradients_through_a_functional_call_are_those_of_the_layer(name: str) -> None:
    layer, x = made(name)
    parameters = dict(layer.named_parameters())

    def total(given: dict[str, Tensor]) -> Tensor:
        return torch.func.functional_call(layer, given, (x,)).square().sum()

    found = torch.func.grad(total)({key: value.detach() for key, value in parameters.items()})
    expected = torch.autograd.grad(layer(x).square().sum(), list(parameters.values()))
    for key, gradient in zip(parameters, expected, strict=True):
        torch.testing.assert_close(found[key], gradient, atol=1e-4, rtol=1e-4)


@EVERY_LAYER
def test_the_proof_is_not_taken_in_half_precision(name: str) -> None:
    """Under autocast the weights are derived as without it; only the product with them is rounded."""
    layer, x = made(name)
    with torch.no_grad():
        expected = layer(x)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            layer(x)
        assert torch.equal(layer(x), expected)
