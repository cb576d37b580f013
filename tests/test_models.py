"""Networks by name: sizes, shapes, and what is refused at construction."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from analysis import lipschitz, models

OTHER_SIZES = ("ConvNetS", "ConvNetM", "ConvNetL", "Medium", "Large")  # of a family whose smallest is tested
NETWORK = pytest.mark.parametrize("name", [name for name in models.ARCHITECTURES if not name.endswith(OTHER_SIZES)])
CIFAR = {
    "ConvNet": 4_692_416,
    "AOL-MLP": 75_497_472,
    "AOL-LCN": 41_910_272,
    "CPL-LCN": 41_918_336,
    "BCOP-ConvNetXS": 1_137_088,
    "BCOP-ConvNetS": 4_542_336,
    "BCOP-ConvNetM": 18_157_312,
    "BCOP-ConvNetL": 72_605_184,
    "SLL-ConvNetXS": 1_575_296,
    "Cayley-ConvNetXS": 1_572_315,  # one learned scale in each of 26 convolutions and the head
    "AOL-Small": 18_724_480,  # published: 18.72, 62.78 and 136.19 millions
    "AOL-Medium": 62_779_008,
    "AOL-Large": 136_193_664,
} | {
    f"{method}ConvNet{size}": count
    for method in ("", "AOL-", "CPL-", "LOT-", "SOC-")
    for size, count in {"XS": 1_572_288, "S": 6_283_136, "M": 25_120_512, "L": 100_457_984}.items()
}


def small(name: str, shape: tuple[int, int, int] = (3, 5, 6), **options: Any) -> nn.Sequential:
    torch.manual_seed(0)
    defaults = {"classes": 3, "width": None if name.endswith("-MLP") else 4, "depth": 2}
    return models.build(name, input_shape=shape, **(defaults | options))


@pytest.mark.parametrize(("name", "expected"), CIFAR.items())
def test_cifar_networks_have_the_thesis_s_numbers_of_parameters(name: str, expected: int) -> None:
    with torch.device("meta"):
        model = models.build(name, input_shape=(3, 32, 32), classes=10)
    assert sum(parameter.numel() for parameter in model.parameters()) == expected


@NETWORK
@pytest.mark.parametrize(
    "shape", [(1, 1, 1), (2, 1, 3), (3, 4, 4), (1, 5, 5), (2, 8, 8), (3, 9, 2), (1, 33, 20)], ids=str
)
def test_images_of_any_size_get_one_score_per_class(name: str, shape: tuple[int, int, int]) -> None:
    width = max(6, 2 * (math.prod(shape) // 9)) if name.endswith("MLP") else 4
    with torch.device("meta"):
        model = small(name, shape, width=width)
        assert model(torch.empty(2, *shape)).shape == (2, 3)


@NETWORK
@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 5, 6), (4, 8, 3)], ids=str)
def test_scores_are_finite_and_depend_on_the_image(name: str, shape: tuple[int, int, int]) -> None:
    scores = small(name, shape, width=4).eval()(torch.rand(6, *shape))
    assert scores.isfinite().all()
    assert (scores.amax(dim=0) > scores.amin(dim=0)).any()


@NETWORK
def test_every_parameter_takes_part(name: str) -> None:
    """A parameter without a gradient would be counted and never trained."""
    model = small(name)
    model(torch.rand(4, 3, 5, 6)).square().sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


@NETWORK
def test_the_channel_mean_is_subtracted_first(name: str) -> None:
    mean, x = [0.5, 0.25, 0.125], torch.rand(4, 3, 5, 6)
    plain, centred = small(name).eval(), small(name, channel_mean=mean).eval()
    torch.testing.assert_close(centred(x), plain(x - torch.tensor(mean)[:, None, None]))
    assert not torch.allclose(centred(x), plain(x))
    torch.testing.assert_close(small(name, channel_mean=torch.tensor(mean).double()).eval()(x), centred(x))


@NETWORK
def test_the_global_seed_decides_the_initial_weights(name: str) -> None:
    first, again = small(name).state_dict(), small(name).state_dict()
    assert all(torch.equal(first[key], again[key]) for key in first)


@pytest.mark.parametrize(
    ("name", "per_step"),
    [("MLP", 1), ("AOL-MLP", 1), ("ConvNet", 2), ("AOL-LCN", 3), ("AOL-ConvNetXS", 3), ("AOL-Small", 2)],
)
def test_depth_counts_dense_layers_or_convolutions_per_block(name: str, per_step: int) -> None:
    """Of 8 x 8 images the ConvNet has two blocks, LCN and ConvNetXS three; Small deepens both of its halves."""

    def matrices(depth: int) -> int:
        with torch.device("meta"):
            model = models.build(name, input_shape=(1, 8, 8), classes=3, width=64, depth=depth)
        return sum(parameter.ndim > 1 for parameter in model.parameters())

    assert matrices(4) - matrices(3) == per_step
    if name.endswith("MLP"):
        assert matrices(4) == 4


@pytest.mark.parametrize("family", ["AOL-MLP", "AOL-LCN", "AOL-ConvNetXS", "AOL-Small", "ConvNetXS"])
@pytest.mark.parametrize("activation", lipschitz.ACTIVATION)
def test_the_activation_is_the_one_asked_for(family: str, activation: str) -> None:
    model = small(family, activation=activation, width=92 if family.endswith("MLP") else 4)
    possible = tuple(type(make(4)) for make in lipschitz.ACTIVATION.values())
    assert {type(layer) for layer in model if isinstance(layer, possible)} == {
        type(lipschitz.ACTIVATION[activation](4))
    }
    assert model(torch.rand(2, 3, 5, 6)).shape == (2, 3)


def test_networks_with_certificates_are_marked() -> None:
    for name in models.ARCHITECTURES:
        assert models.find(name).robust == ("-" in name)


@pytest.mark.parametrize("call", [models.find, small], ids=["find", "build"])
def test_an_unknown_name_lists_the_known_ones(call: Callable[[str], object]) -> None:
    with pytest.raises(ValueError, match="unknown model 'AOL-XL'") as caught:
        call("AOL-XL")
    assert all(name in str(caught.value) for name in models.ARCHITECTURES)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("MLP", {"shape": (3, 5)}, r"must be \(channels, height, width\), got \(3, 5\)"),
        ("MLP", {"shape": (0, 5, 5)}, r"got \(0, 5, 5\)"),
        ("MLP", {"classes": 1}, "classes must be at least 2, got 1"),
        ("ConvNet", {"width": 0}, "at least 1, got 0 and 2"),
        ("AOL-LCN", {"depth": 0}, "at least 1, got 4 and 0"),
        ("AOL-MLP", {"activation": "Swish"}, "unknown activation 'Swish'; known are MaxMin"),
        ("AOL-ConvNetXS", {"width": 5}, "width must be even.*got 5"),
        ("AOL-Small", {"shape": (1, 4, 4), "width": 3}, "width must be even.*got 3"),
        ("ConvNet", {"channel_mean": [0.5]}, r"shape \(1,\) for 3 channels"),
        ("AOL-MLP", {"width": 9}, "width must be even.*got 9"),
        ("AOL-MLP", {"width": 8, "classes": 10}, "width of 8 is too narrow for 10 classes"),
        ("AOL-LCN", {"width": 5}, "width must be even.*got 5"),
        ("AOL-LCN", {"width": 2}, "width of 2 is too narrow for 3 channels"),
        ("AOL-LCN", {"width": 4, "classes": 33}, "width of 32 is too narrow for 33 classes"),
    ],
)
def test_impossible_sizes_are_refused_at_construction(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        small(name, **options)


def test_a_seed_decides_the_weights_and_leaves_the_global_generator_alone() -> None:
    options = {"input_shape": (1, 4, 4), "classes": 3, "width": 8, "depth": 2}
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first, again, other = (models.build("AOL-MLP", **options, seed=seed) for seed in (1, 1, 2))  # type: ignore[arg-type]
    assert torch.equal(torch.rand(3), expected)
    weights = [torch.nn.utils.parameters_to_vector(network.parameters()) for network in (first, again, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_aol_rescales_rows_where_a_layer_narrows_from_more_than_3072_values() -> None:
    """Up to that, and in square layers, columns: as in all that is recorded."""

    def rows(shape: tuple[int, int, int], width: int | None) -> list[bool]:
        with torch.device("meta"):
            network = models.build("AOL-MLP", input_shape=shape, classes=5, width=width, depth=3)
        return [layer.by_rows for layer in network if isinstance(layer, lipschitz.AOLLinear)]

    assert rows((3, 64, 64), 64) == [True, False, False]
    assert rows((3, 32, 32), 64) == rows((1, 57, 57), None) == [False] * 3
    assert rows((1, 57, 57), 3_250) == [False] * 3


def test_a_wide_aol_network_is_1_lipschitz_after_steps_of_training() -> None:
    torch.manual_seed(0)
    network = models.build("AOL-MLP", input_shape=(3, 33, 33), classes=3, width=16, depth=3)
    optimizer = torch.optim.SGD(network.parameters(), lr=3.0)
    images = torch.rand(8, 3, 33, 33)
    for _ in range(5):
        optimizer.zero_grad()
        nn.functional.cross_entropy(10 * network(images), torch.arange(8) % 3).backward()
        optimizer.step()
    assert lipschitz.lipschitz_bound(network, (3, 33, 33)) <= 1 + 1e-5
