"""Replicas: what they are side by side, each is alone; and what bounds prove of it holds."""

import pytest
import torch

from analysis import lipschitz
from analysis.models.replicas import LAYERS, Replicas

every_layer = pytest.mark.parametrize("layer", LAYERS)
every_activation = pytest.mark.parametrize("activation", lipschitz.ACTIVATION)


@every_layer
@every_activation
def test_a_network_taken_out_is_the_one_among_others(layer: str, activation: str) -> None:
    replicas = Replicas(3, width=4, depth=2, layer=layer, activation=activation, spread=1.0)
    with torch.no_grad():
        for parameter in replicas.parameters():
            parameter += 0.3 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(0))
    x = torch.linspace(-3, 3, 41).repeat(3, 1) + torch.arange(3)[:, None]
    together = replicas(x)
    for index in range(3):
        network = replicas.network(index)
        assert lipschitz.lipschitz_bound(network, (1,)) <= 1 + 1e-9
        alone = network(x[index, :, None].double())[:, 0]
        torch.testing.assert_close(together[index].double(), alone, rtol=0, atol=2e-5)  # float32 through three layers


@every_activation
def test_networks_begin_as_they_would_alone(activation: str) -> None:
    """Thresholds that alternate begin anew in each network; random ones differ between networks."""
    replicas = Replicas(3, width=4, depth=1, layer="AOL", activation=activation)
    alone = lipschitz.ACTIVATION[activation](4)
    for name, parameter in replicas.activations[0].named_parameters():
        parts = parameter.chunk(3, dim=-1)
        drawn = activation == "N-random"
        assert all(torch.equal(part, alone.get_parameter(name)) for part in parts) != drawn
        assert torch.equal(parts[0], parts[1]) != drawn


def test_the_seed_decides_all_draws_and_nobody_else_s() -> None:
    options = {"width": 4, "depth": 1, "layer": "Cayley", "activation": "N-random", "spread": 1.0}
    before = torch.get_rng_state()
    first, again, other = (Replicas(2, **options, seed=seed).state_dict() for seed in (1, 1, 2))  # type: ignore[arg-type]
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["parameter"], other["parameter"])
    assert not torch.equal(first["parameter"][:, 0], first["parameter"][:, 1])


def test_aol_begins_orthogonal() -> None:
    weights = Replicas(2, width=6, depth=1, layer="AOL", activation="Abs").weights
    torch.testing.assert_close(weights @ weights.mT, torch.eye(6).expand(2, 2, 6, 6), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layer": "CPL"}, "unknown layer 'CPL'; known are AOL, Cayley"),
        ({"activation": "ReLU"}, "unknown activation 'ReLU'; known are MaxMin"),
        ({"width": 3}, "MaxMin needs an even number of channels, got 3"),
        ({"count": 0}, "count, width and depth must be at least 1, got 0, 2 and 1"),
        ({"depth": 0}, "got 1, 2 and 0"),
    ],
)
def test_what_cannot_be_built_is_refused(options: dict[str, object], message: str) -> None:
    plain = {"count": 1, "width": 2, "depth": 1, "layer": "AOL", "activation": "MaxMin"}
    with pytest.raises(ValueError, match=message):
        Replicas(**plain | options)  # type: ignore[arg-type]
