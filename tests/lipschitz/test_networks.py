"""Whole networks: the proven bound holds for every pair of inputs, and training does not raise it."""

import copy
import pickle

import pytest
import torch
from torch import Tensor, nn

from analysis import models
from analysis.lipschitz import lipschitz_bound, operator_norm
from analysis.losses import OffsetCrossEntropy

SHAPE = (1, 4, 4)
NETWORKS = [name for name, architecture in models.ARCHITECTURES.items() if architecture.robust]
ROUNDING = {torch.float32: 1e-5, torch.float64: 1e-12}  # ten layers, some eps each


def network(name: str) -> nn.Sequential:
    return models.build(name, input_shape=SHAPE, classes=4, width=16, depth=2, channel_mean=[0.4])


def train(model: nn.Module, x: Tensor) -> float:
    """Fit random labels at a high rate: the weights go far, and the loss asks for steep functions."""
    labels = torch.arange(len(x)) % 4
    loss = OffsetCrossEntropy(offset=2.0, temperature=0.1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.3, momentum=0.9)
    for _ in range(30):
        optimizer.zero_grad()
        value = loss(model(x), labels)
        value.backward()
        optimizer.step()
    return float(value.detach())


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("dtype", ROUNDING, ids=lambda dtype: str(dtype)[6:])
def test_a_network_stays_1_lipschitz_while_it_trains(name: str, dtype: torch.dtype) -> None:
    model = network(name).to(dtype)
    x = torch.rand(16, *SHAPE, dtype=dtype)
    for trained in (False, True):
        if trained:
            train(model, x)
        bound = lipschitz_bound(model, SHAPE)
        assert bound <= 1 + ROUNDING[dtype]
        for single in x[:5]:
            assert operator_norm(model, single) <= bound * (1 + ROUNDING[dtype])


@pytest.mark.parametrize("name", NETWORKS)
def test_no_pair_of_inputs_is_driven_further_apart(name: str) -> None:
    model = network(name).double()
    train(model, torch.rand(16, *SHAPE, dtype=torch.float64))
    x = torch.rand(200, *SHAPE, dtype=torch.float64)
    y = x + torch.logspace(-6, 1, 200)[:, None, None, None] * torch.randn_like(x)
    moved = (model(x) - model(y)).norm(dim=1)
    assert (moved <= (x - y).flatten(1).norm(dim=1) * (1 + 1e-12)).all()


@pytest.mark.parametrize("name", NETWORKS)
def test_training_gets_somewhere(name: str) -> None:
    """A network of norm 0 would pass the other tests."""
    model, x = network(name), torch.rand(16, *SHAPE)
    assert train(model, x) < 0.95 * float(OffsetCrossEntropy(2.0, 0.1)(torch.zeros(16, 4), torch.arange(16) % 4))
    assert lipschitz_bound(model, SHAPE) > 0.1


@pytest.mark.parametrize("name", NETWORKS)
def test_a_trained_network_survives_copying(name: str) -> None:
    model, x = network(name), torch.rand(16, *SHAPE)
    train(model, x)
    twin = network(name)
    twin.load_state_dict(model.state_dict())
    for copied in (twin, copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert torch.equal(copied(x), model(x))


@pytest.mark.parametrize("name", sorted(models.ARCHITECTURES.keys() - set(NETWORKS)))
def test_no_bound_is_claimed_for_a_standard_network(name: str) -> None:
    model = models.build(name, input_shape=SHAPE, classes=4, width=8)
    with pytest.raises(ValueError, match="no Lipschitz bound is known for a module of type"):
        lipschitz_bound(model, SHAPE)
