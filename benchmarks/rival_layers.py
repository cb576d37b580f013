"""Layers of orthogonium 0.0.4 and deel-torchlip 1.0.5 beside ours: time, norm and tightness.

Norm and tightness are the largest and the smallest singular value of the Jacobian at one input, in evaluation mode: all
of it, of small layers, with float32 derivatives and a float64 decomposition, so right to about 1e-6. Layers start as
their libraries start them, and are pushed by 30 steps that make the outputs as large as the layer allows.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from benchmarks.layer_sizes import ORDINARY, Size
from benchmarks.stopwatch import Stopwatch, training_step

INSTALL = 'the rivals are not installed: pip install -c constraints.txt -e ".[benchmarks]"'
SMALL_CONVOLUTION, SMALL_DENSE = Size(8, 16, 6), Size(64, 16)
STEPS = 30

Factory = Callable[[int], nn.Module]  # of a number of channels or features


@dataclass(frozen=True)
class Tightness:
    """Singular values of a layer's Jacobian: smallest and largest."""

    smallest: float
    largest: float


def convolution_rivals() -> dict[str, dict[str, Factory]]:
    """Rivals of our methods, by method and name; kernels 3 x 3, each padded so that images keep their side.

    orthogonium's SOC grows its kernel to 7 x 7, where "same" padding still means that of 3 x 3.

    Returns:
        Factories by method and name.
    """
    from deel.torchlip import SpectralConv2d
    from orthogonium.layers.conv.adaptiveSOC import AdaptiveSOCConv2d
    from orthogonium.layers.conv.AOC import AdaptiveOrthoConv2d
    from orthogonium.layers.conv.AOL.aol import AOLConv2D
    from orthogonium.layers.conv.SLL import SDPBasedLipschitzResBlock

    return {
        "AOL": {"orthogonium AOLConv2D": lambda c: AOLConv2D(c, c, 3, padding=1)},
        "BCOP": {"orthogonium AdaptiveOrthoConv2d": lambda c: AdaptiveOrthoConv2d(c, c, 3)},
        "Bjorck": {"torchlip SpectralConv2d": lambda c: SpectralConv2d(c, c, 3, padding=1)},
        "SLL": {"orthogonium SDPBasedLipschitzResBlock": lambda c: SDPBasedLipschitzResBlock(c, 1)},
        "SOC": {"orthogonium AdaptiveSOCConv2d": lambda c: AdaptiveSOCConv2d(c, c, 3, padding=3)},
    }


def dense_rivals() -> dict[str, dict[str, Factory]]:
    """Rivals of our dense layers, by method and name."""
    from deel.torchlip import SpectralLinear
    from orthogonium.layers import OrthoLinear
    from orthogonium.layers.conv.SLL import SDPBasedLipschitzDense

    return {
        "Bjorck": {
            "orthogonium OrthoLinear": lambda f: OrthoLinear(f, f),
            "torchlip SpectralLinear": lambda f: SpectralLinear(f, f),
        },
        "SLL": {"orthogonium SDPBasedLipschitzDense": lambda f: SDPBasedLipschitzDense(f, f, f)},
    }


def factories(size: Size, chosen: Callable[[str], bool]) -> dict[str, Factory]:
    """Layers that stand beside each other: ours wherever there is a rival, each followed by its rivals.

    Args:
        size: Dense or not.
        chosen: Whether a method is wanted.

    Returns:
        Factories by name.
    """
    found: dict[str, Factory] = {}
    sides = (3,) if size.side else ()
    for method, rivals in (convolution_rivals() if size.side else dense_rivals()).items():
        if chosen(method) and method in size.methods:
            found[f"**{method}**"] = lambda width, layer=size.methods[method]: layer(width, width, *sides, bias=True)
            found |= rivals
    return found


def singular_values(layer: nn.Module, x: Tensor) -> Tightness:
    """Singular values of the Jacobian in evaluation mode.

    Args:
        layer: Its mode is left as evaluation.
        x: One input, without the batch axis.

    Returns:
        Smallest and largest.
    """
    layer.eval()
    jacobian = torch.autograd.functional.jacobian(lambda single: layer(single[None])[0], x)
    values = torch.linalg.svdvals(jacobian.reshape(-1, x.numel()).double())
    return Tightness(float(values[-1]), float(values[0]))


def push(layer: nn.Module, x: Tensor) -> None:
    """Take 30 SGD steps that make the outputs as large as the layer allows, the later ones twice as eagerly."""
    layer.train()
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1, momentum=0.9)
    for _ in range(STEPS):
        optimizer.zero_grad()
        y = layer(x).flatten(1)
        (-(y.square() * torch.linspace(1, 2, y.shape[1])).mean()).backward()
        optimizer.step()


def before_and_after(make: Factory, size: Size) -> tuple[Tightness, Tightness]:
    """Singular values of a small layer as it starts, and after it was pushed."""
    torch.manual_seed(0)
    layer, x = make(size.features), size.images()
    start = singular_values(layer, x[0])
    push(layer, x)
    return start, singular_values(layer, x[0])


def relative_times(made: dict[str, Factory], size: Size, watch: Stopwatch) -> dict[str, float]:
    """Times of training steps over that of an ordinary layer; all layers take turns."""
    torch.manual_seed(0)
    images = size.images().to(watch.device)
    layers = {ORDINARY: size.ordinary(), **{name: make(size.features) for name, make in made.items()}}
    seconds = watch.in_turn({name: training_step(layer.to(watch.device), images) for name, layer in layers.items()})
    return {name: seconds[name] / seconds[ORDINARY] for name in made}


def report_rivals(sizes: list[Size], chosen: Callable[[str], bool], watch: Stopwatch) -> None:
    """Print one table for convolutions and one for dense layers, or how to install the rivals.

    Args:
        sizes: For the times.
        chosen: Whether a method is wanted.
        watch: How times are taken.
    """
    for small in (SMALL_CONVOLUTION, SMALL_DENSE):
        try:
            made = factories(small, chosen)
        except ModuleNotFoundError as error:
            print(f"\n{INSTALL} ({error})")
            return
        if made:
            alike = [size for size in sizes if bool(size.side) == bool(small.side)]
            _report(made, small, {size: relative_times(made, size, watch) for size in alike})


def _report(made: dict[str, Factory], small: Size, times: dict[Size, dict[str, float]]) -> None:
    columns = "".join(f" x ordinary: {size.title} |" for size in times)
    print(f"\n| beside ours |{columns} norm, {small.title} | smallest | norm, pushed | smallest, pushed |")
    print("|---" * (5 + len(times)) + "|")
    for name, make in made.items():
        start, end = before_and_after(make, small)
        relative = "".join(f" {times[size][name]:.2f} |" for size in times)
        values = (start.largest, start.smallest, end.largest, end.smallest)
        print(f"| {name} |{relative} {' | '.join(f'{value:.6f}' for value in values)} |", flush=True)
