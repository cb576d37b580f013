"""Evaluation mode beside ordinary networks, and AOL's rescaling beside its plain formula."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from analysis import models
from analysis.lipschitz import CONVOLUTION, LINEAR
from analysis.lipschitz.aol import rescale_channels, rescale_columns
from analysis.lipschitz.derived import Derived
from benchmarks.layer_sizes import ORDINARY, OURS, Size
from benchmarks.plain_products import aol_channels, aol_columns
from benchmarks.stopwatch import Stopwatch, perturb

Choice = Callable[[str], bool]
Rescaling = Callable[[Tensor], Tensor]

NETWORKS = ("AOL", "BCOP")  # each layer of which is one convolution or one matrix


def evaluations(sizes: list[Size], chosen: Choice, watch: Stopwatch) -> Iterator[tuple[str, float]]:
    """Yield what was evaluated, and its time over that of an ordinary network or layer of the same shape.

    Args:
        sizes: Of the dense layers; the images of the networks have the side of the largest images.
        chosen: Whether a method is wanted.
        watch: How times are taken.

    Yields:
        Networks of ``NETWORKS``, where they pad circularly also beside ordinary ones that do, and the dense layers that
        come down to one matrix.
    """
    images = torch.rand(min(size.batch for size in sizes), 3, *(max(size.side for size in sizes),) * 2)
    arguments = {"input_shape": tuple(images.shape[1:]), "classes": 10}
    for method in filter(chosen, [name for name in NETWORKS if name in CONVOLUTION]):
        name = f"{method}-ConvNetXS"
        ours, ordinary = (perturb(models.build(each, **arguments)) for each in (name, "ConvNetXS"))
        yield name, _ratio(ours, ordinary, images, watch)
        if CONVOLUTION[method].padding_mode == "circular":
            yield f"{name}, beside circular padding", _ratio(ours, _circular(ordinary), images, watch)
    for size in [size for size in sizes if not size.side]:
        for method in filter(chosen, LINEAR):
            layer = size.ours(method).eval()
            if isinstance(layer, Derived) and isinstance(layer.frozen(size.shape), nn.Linear):
                yield f"{method}, {size.title}", _ratio(layer, size.ordinary(), size.images(), watch)


def _circular(network: nn.Module) -> nn.Module:
    """Pad as BCOP does: ordinary convolutions leave out taps on zeros, a third of all on 4 x 4 pixels."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d) and layer.kernel_size != (1, 1):
            layer.padding_mode = "circular"
    return network


@torch.no_grad()
def _ratio(ours: nn.Module, ordinary: nn.Module, images: Tensor, watch: Stopwatch) -> float:
    images = images.to(watch.device)
    both = {ORDINARY: ordinary.to(watch.device).eval(), OURS: ours.to(watch.device).eval()}
    for network in both.values():
        network(images)  # derives the weights, once for all
    seconds = watch.in_turn({name: lambda network=network: network(images) for name, network in both.items()})
    return seconds[OURS] / seconds[ORDINARY]


def report_evaluation(ratios: Iterator[tuple[str, float]]) -> None:
    """Print a table."""
    print("\n| evaluation mode | x ordinary, at most 1.05 |\n|---|---|")
    for name, ratio in ratios:
        print(f"| {name} | {ratio:.3f} |", flush=True)


def rescaling_seconds(weight: Tensor, ours: Rescaling, plain: Rescaling, watch: Stopwatch) -> dict[str, float]:
    """Seconds of the forward and backward pass of AOL's rescaling, of ours and of the plain formula."""
    weight = weight.to(watch.device).requires_grad_()
    gradient = torch.randn_like(weight)
    return watch.in_turn(
        {
            name: lambda call=call: torch.autograd.grad(call(weight), weight, gradient)
            for name, call in (("plain", plain), (OURS, ours))
        }
    )


def report_rescaling(features: int, channels: int, watch: Stopwatch) -> None:
    """Print a table: a dense layer and a 3 x 3 convolution."""
    print("\n| AOL's rescaling, forward and backward | plain, ms | ours, ms | plain / ours | at least |")
    print("|---|---|---|---|---|")
    dense, kernel = torch.randn(features, features), torch.randn(channels, channels, 3, 3)
    for name, weight, ours, plain, aim in [
        (f"dense {features:,}", dense, rescale_columns, aol_columns, "1.5"),
        (f"convolution 3 x 3, {channels} channels", kernel, rescale_channels, aol_channels, "1.7, better 2.5"),
    ]:
        seconds = rescaling_seconds(weight, ours, plain, watch)
        times = f"{1e3 * seconds['plain']:.2f} | {1e3 * seconds[OURS]:.2f}"
        print(f"| {name} | {times} | {seconds['plain'] / seconds[OURS]:.2f} | {aim} |", flush=True)
