"""Networks as one have each network's scores, gradients and values, whatever the way."""

import copy

import pytest
import torch
from torch import Tensor, nn

from analysis.lipschitz import AOLLinear, FirstChannels, MaxMin, SubtractMean
from analysis.models import Stacked, build, stack, stacked_aol
from analysis.models.compiler import compiled
from analysis.models.stacked_aol import StackedAOL, is_plain_aol

SHAPES = {"square": (8, 8), "widened": (12, 8), "narrowed": (6, 8), "wide": (46, 40), "even": (32, 32)}  # width, pixels


def made(seed: int, *, width: int = 8, pixels: int = 8, depth: int = 3, name: str = "AOL-MLP") -> nn.Sequential:
    torch.manual_seed(seed)
    mean = [0.3 + 0.1 * seed]
    network = build(
        name, input_shape=(1, 2, pixels // 2), classes=3, width=width, depth=depth, channel_mean=mean
    ).double()
    for parameter in network.parameters():
        parameter.data += 0.3 * torch.randn_like(parameter)
    return network


def images(pixels: int = 8) -> Tensor:
    return torch.rand(3, 7, 1, 2, pixels // 2, dtype=torch.float64, generator=torch.Generator().manual_seed(9))


def assert_the_same(networks: list[nn.Sequential], whole: Stacked, seen: Tensor) -> None:
    """Scores and, for a loss that weighs all scores differently, gradients."""
    scores = whole(seen)
    weights = torch.linspace(-1, 1, scores.numel(), dtype=scores.dtype).view_as(scores)
    gradients = torch.autograd.grad((scores * weights).sum(), whole.trained)
    taken = copy.deepcopy(networks)
    for index, (network, vessel) in enumerate(zip(networks, taken, strict=True)):
        expected = network(seen[index])
        torch.testing.assert_close(scores[index], expected)
        reference = torch.autograd.grad((expected * weights[index]).sum(), list(network.parameters()))
        with torch.no_grad():  # a step of gradient descent shows the gradient in the network's own order
            for parameter, gradient in zip(network.parameters(), reference, strict=True):
                parameter -= gradient
        vessel.zero_grad()
    with torch.no_grad():
        for parameter, gradient in zip(whole.trained, gradients, strict=True):
            parameter -= gradient
    for index, (network, vessel) in enumerate(zip(networks, taken, strict=True)):
        whole.restore(index, vessel)
        for value, reference in zip(vessel.parameters(), network.parameters(), strict=True):
            torch.testing.assert_close(value, reference)


@pytest.fixture(params=["layerwise", "networkwise"])
def chain(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How the layers are applied: by torch's products, or by compiled formulas."""
    if request.param == "layerwise":
        monkeypatch.setattr(stacked_aol, "compiled", lambda dtype: None)
    elif compiled(torch.float64) is None:
        pytest.skip("nothing can be compiled here")
    return str(request.param)


SHAPE = pytest.mark.parametrize("shape", SHAPES)
DEPTH = pytest.mark.parametrize("depth", [1, 2, 4])


def shaped(shape: str, depth: int) -> list[nn.Sequential]:
    width, pixels = SHAPES[shape]
    return [made(seed, width=width, pixels=pixels, depth=depth) for seed in range(3)]


@SHAPE
@DEPTH
def test_scores_and_gradients_are_each_network_s(shape: str, depth: int) -> None:
    assert_the_same(shaped(shape, depth), Stacked(shaped(shape, depth)), images(SHAPES[shape][1]))


def test_networks_that_rescale_rows_are_stacked() -> None:
    networks = [made(seed, width=6, pixels=3_080, depth=2) for seed in range(3)]
    assert_the_same(networks, stack(networks), images(3_080))


@SHAPE
@DEPTH
def test_layers_by_hand_have_the_same_scores_and_gradients(chain: str, shape: str, depth: int) -> None:
    networks = shaped(shape, depth)
    whole = StackedAOL(networks)
    for _ in range(3):  # memory is used again
        assert_the_same(networks, whole, images(SHAPES[shape][1]))


@pytest.mark.parametrize("scale", [1e-25, 1e25, 1e-200])
def test_weights_of_any_size_have_the_same_scores_and_gradients(chain: str, scale: float) -> None:
    """Sums of squares would vanish or overflow."""
    networks = [made(seed) for seed in range(3)]
    for parameter in networks[1].parameters():
        parameter.data *= scale
    scores = StackedAOL(networks)(images())
    for index, network in enumerate(networks):
        torch.testing.assert_close(scores[index], network(images()[index]))
    if scale > 1e-100:
        assert_the_same(networks, StackedAOL(networks), images())


def test_columns_of_zeros_are_no_trouble(chain: str) -> None:
    networks = [made(seed) for seed in range(3)]
    next(networks[0].parameters()).data[:, 2] = 0
    assert_the_same(networks, StackedAOL(networks), images())


def test_rounding_noise_steers_nothing(chain: str) -> None:
    """After an orthogonal start off-diagonal products are noise; its sign counts as 0, as in the layer."""
    networks = [made(seed) for seed in range(3)]
    for network in networks:
        for parameter in network.parameters():
            nn.init.orthogonal_(parameter.data)
    assert_the_same(networks, StackedAOL(networks), images())


@pytest.mark.parametrize("name", ["MLP", "AOL-MLP", "CPL-MLP"])
def test_who_stays_keeps_its_values(name: str) -> None:
    networks = [made(seed, name=name) for seed in range(3)]
    whole = stack(networks)
    whole.keep(torch.tensor([2, 0]))
    assert len(whole) == 2
    torch.testing.assert_close(whole(images()[[2, 0]])[1], networks[0].train()(images()[0]))
    vessel = made(7, name=name)
    whole.restore(0, vessel)
    for value, reference in zip(vessel.parameters(), networks[2].parameters(), strict=True):
        assert torch.equal(value, reference)


def test_the_fast_way_is_taken_where_it_is_known_to_be_right() -> None:
    assert is_plain_aol(made(0))
    assert is_plain_aol(made(0, width=12, depth=1))
    assert type(stack([made(0)])) is StackedAOL
    for network in (
        made(0, name="CPL-MLP"),
        build("AOL-MLP", input_shape=(1, 2, 4), classes=3, width=8, activation="Abs"),
        build("AOL-MLP", input_shape=(1, 64, 49), classes=3, width=8, depth=2),  # rows of the first layer
        nn.Sequential(SubtractMean(torch.zeros(1)), nn.Flatten(), AOLLinear(8, 8, bias=True), FirstChannels(3)),
        nn.Sequential(SubtractMean(torch.zeros(1)), nn.Flatten(), MaxMin(), AOLLinear(8, 8), FirstChannels(3)),
        nn.Linear(3, 3),
    ):
        assert not is_plain_aol(network)
        assert type(stack([network])) is Stacked


def test_the_networks_themselves_are_not_changed() -> None:
    networks = [made(seed) for seed in range(3)]
    before = copy.deepcopy(networks)
    whole = stack(networks)
    with torch.no_grad():
        for parameter in whole.trained:
            parameter += 1
    for network, reference in zip(networks, before, strict=True):
        for value, expected in zip(network.parameters(), reference.parameters(), strict=True):
            assert torch.equal(value, expected)
