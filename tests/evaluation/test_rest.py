"""What is measured on a network leaves no trace: modes, gradients and statistics are as they were, however it ends."""

from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor, nn

from analysis.evaluation import attack, smoothed_radii
from analysis.evaluation.rest import at_rest
from analysis.lipschitz import AOLLinear, MaxMin

IMAGES = torch.rand(6, 8, generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(6) % 4
MEASUREMENTS = {
    "attack": partial(attack, steps=3, restarts=1),
    "attack-within": partial(attack, radius=0.1, steps=3, restarts=1),
    "smoothed_radii": partial(smoothed_radii, sigma=0.1, n0=5, n=20, seed=0),
}
Measurement = Callable[[nn.Module, Tensor, Tensor], object]
every_measurement = pytest.mark.parametrize("measure", MEASUREMENTS.values(), ids=MEASUREMENTS)


def network() -> nn.Sequential:
    """In training mode, but for one module; one parameter is frozen."""
    torch.manual_seed(0)
    layers = AOLLinear(8, 8), MaxMin(), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 4)
    model = nn.Sequential(*layers)
    model[2].eval()
    model[4].bias.requires_grad_(False)
    return model


def state(model: nn.Module) -> list[object]:
    modes = [module.training for module in model.modules()]
    parameters = [(parameter.requires_grad, parameter.grad) for parameter in model.parameters()]
    return [modes, parameters, [value.tolist() for value in model.state_dict().values()]]


@every_measurement
def test_a_measurement_leaves_no_trace(measure: Measurement) -> None:
    model = network()
    before = state(model)
    measure(model, IMAGES, LABELS)
    assert state(model) == before


@every_measurement
@pytest.mark.parametrize("error", [ArithmeticError, KeyboardInterrupt])
def test_nor_does_one_that_is_broken_off(measure: Measurement, error: type[BaseException]) -> None:
    class Breaks(nn.Module):
        calls = 0

        def forward(self, x: Tensor) -> Tensor:
            self.calls += 1
            if self.calls == 3:
                raise error
            return x

    model = network().append(Breaks())
    before = state(model)
    with pytest.raises(error):
        measure(model, IMAGES, LABELS)
    assert state(model) == before


@every_measurement
@pytest.mark.parametrize("grad", [True, False])
def test_it_does_not_matter_whether_gradients_are_on(measure: Measurement, grad: bool) -> None:
    model = network()
    with torch.set_grad_enabled(grad):
        found = measure(model, IMAGES, LABELS)
    expected = measure(model.eval(), IMAGES.clone().requires_grad_(), LABELS)
    for one, other in zip(_tensors(found), _tensors(expected), strict=True):
        assert torch.equal(one, other)
        assert not one.requires_grad
        assert not other.requires_grad


def test_layers_derive_their_weights_once() -> None:
    class Counted(AOLLinear):
        derivations = 0

        def derive(self, shape: tuple[int, ...]) -> tuple[Tensor, ...]:
            self.derivations += 1
            return super().derive(shape)

    layer = Counted(8, 4)
    attack(layer, IMAGES, LABELS, steps=20)
    assert layer.derivations == 1


def test_a_module_shared_by_two_keeps_its_mode() -> None:
    shared = nn.Dropout(0.5)
    model = nn.Sequential(shared, nn.Sequential(shared)).train()
    shared.eval()
    with at_rest(model):
        assert not model.training
    assert model[1].training
    assert not shared.training


def _tensors(found: object) -> tuple[Tensor, ...]:
    return (found,) if isinstance(found, Tensor) else tuple(found)  # type: ignore[arg-type]
