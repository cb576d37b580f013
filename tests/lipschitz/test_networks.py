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
FAMILIES = ("-MLP", "-LCN", "AOL-ConvNetXS", "AOL-Small")  # of the same layers are the others
NETWORKS = [name for name in models.ARCHITECTURES if name.endswith(FAMILIES)]
ROUNDING = {torch.float32: 1e-5, torch.float64: 1e-11}  # ten layers, some eps each


def network(name: str) -> nn.Sequential:
    return models.build(name, input_shape=SHAPE, classes=4, width=16, depth=2, channel_mean=[0.4])


def train(model: nn.Module, x: Tensor) -> float:
    """Fit labels in large steps: the weights go far, and the loss asks for steep functions. Left in evaluation mode."""
    model.train()
    labels = torch.arange(len(x)) % 4
    loss = OffsetCrossEntropy(offset=2.0, temperature=0.1)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.03)  # steps of one size, whatever a method's gradients are
    for _ in range(30):
        optimizer.zero_grad()
        value = loss(model(x), labels)
        value.backward()
        optimizer.step()
    model.eval()
    return float(value.detach())


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("dtype", ROUNDING, ids=lambda dtype: str(dtype)[6:])
def test_a_network_stays_1_lipschitz_while_it_trains(name: str, dtype: torch.dtype) -> None:
    model = network(name).to(dtype)
    x = torch.rand(16, *SHAPE, dtype=dtype)
    for trained in (False, True):
        if trained:
            train(model, x)
        bound = lipschitz_bound(model.eval(), SHAPE)
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
    """A network of norm 0 would pass the other tests. Björck convolutions damp what differs between pixels."""
    model, x = network(name), torch.rand(16, *SHAPE)
    share = 0.99 if name == "Bjorck-LCN" else 0.97
    assert train(model, x) < share * float(OffsetCrossEntropy(2.0, 0.1)(torch.zeros(16, 4), torch.arange(16) % 4))
    assert lipschitz_bound(model, SHAPE) > 0.1


@pytest.mark.parametrize("name", NETWORKS)
def test_a_trained_network_survives_copying(name: str) -> None:
    model, x = network(name), torch.rand(16, *SHAPE)
    train(model, x)
    twin = network(name).eval()
    twin.load_state_dict(model.state_dict())
    for copied in (twin, copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert torch.equal(copied(x), model(x))


@pytest.mark.parametrize("name", ["MLP", "ConvNet"])
def test_no_bound_is_claimed_for_a_network_whose_layers_follow_the_batch(name: str) -> None:
    model = models.build(name, input_shape=SHAPE, classes=4, width=8)
    with pytest.raises(ValueError, match="BatchNorm"):
        lipschitz_bound(model, SHAPE)
