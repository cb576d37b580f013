"""Networks by name: standard ones, and 1-Lipschitz ones from the layers of ``analysis.lipschitz``."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from analysis import lipschitz
from analysis.lipschitz import FirstChannels, MaxMin, SubtractMean, ZeroChannels, ZeroFrame

Shape = tuple[int, int, int]


@dataclass(frozen=True)
class Architecture:
    """How to build one family of networks.

    Attributes:
        build: From the input shape, number of classes, width and depth to the layers after the mean.
        width: Default width, as a function of the input shape.
        depth: Default depth.
        robust: Whether its networks are 1-Lipschitz, so that margins certify.
    """

    build: Callable[[Shape, int, int, int], list[nn.Module]]
    width: Callable[[Shape], int]
    depth: int
    robust: bool


def build(
    name: str,
    *,
    input_shape: Shape,
    classes: int,
    width: int | None = None,
    depth: int | None = None,
    channel_mean: Sequence[float] | Tensor | None = None,
) -> nn.Sequential:
    """Build a network by name. Its initial weights come from torch's global generator.

    Every network takes float images ``(n, c, h, w)`` with pixels in [0, 1], subtracts the channel mean, and
    returns scores ``(n, classes)``.

    Args:
        name: ``MLP``, ``ConvNet``, or a method and a family, such as ``AOL-MLP`` and ``AOL-LCN``.
        input_shape: ``(channels, height, width)``.
        classes: Number of classes.
        width: Hidden features of an MLP, channels of the first block of a ConvNet or LCN. By default 512 for ``MLP``,
            the number of pixel values for ``AOL-MLP``, and 64 for the others.
        depth: Dense layers of an MLP (4; 8 where 1-Lipschitz), or convolutions per block of an LCN (3); the ConvNet has
            two per block.
        channel_mean: Subtracted from each channel; nothing if None.

    Returns:
        The network, in training mode.

    Raises:
        ValueError: If the name is unknown, or a size is not possible.

    Example:
        >>> build("AOL-MLP", input_shape=(1, 28, 28), classes=10, width=784, depth=8)
    """
    architecture = find(name)
    if len(input_shape) != 3 or min(input_shape) < 1:
        raise ValueError(f"input_shape must be (channels, height, width), got {input_shape}")
    if classes < 2:
        raise ValueError(f"classes must be at least 2, got {classes}")
    width = architecture.width(input_shape) if width is None else width
    depth = architecture.depth if depth is None else depth
    if width < 1 or depth < 1:
        raise ValueError(f"width and depth must be at least 1, got {width} and {depth}")
    mean = torch.zeros(input_shape[0]) if channel_mean is None else torch.as_tensor(channel_mean, dtype=torch.float32)
    if mean.shape != (input_shape[0],):
        raise ValueError(f"channel_mean has shape {tuple(mean.shape)} for {input_shape[0]} channels")
    return nn.Sequential(SubtractMean(mean), *architecture.build(input_shape, classes, width, depth))


def find(name: str) -> Architecture:
    """Look an architecture up.

    Args:
        name: As for :func:`build`.

    Returns:
        The entry of ``ARCHITECTURES``.

    Raises:
        ValueError: If the name is unknown; the message lists the known ones.

    Example:
        >>> find("AOL-MLP").robust
        True
    """
    if name not in ARCHITECTURES:
        raise ValueError(f"unknown model {name!r}; known are {', '.join(ARCHITECTURES)}")
    return ARCHITECTURES[name]


def _mlp(shape: Shape, classes: int, width: int, depth: int) -> list[nn.Module]:
    # Batch normalisation, so that one learning rate serves all bands: without it 1,000 steps on the MNIST components
    # from 50 on, small beside the mean image that all inputs share, reach 0.77 instead of 0.93.
    layers: list[nn.Module] = [nn.Flatten()]
    for inputs, outputs in pairwise([_features(shape), *[width] * (depth - 1)]):
        layers += [nn.Linear(inputs, outputs, bias=False), nn.BatchNorm1d(outputs), nn.ReLU()]
    return [*layers, nn.Linear(width if depth > 1 else _features(shape), classes)]


def _convnet(shape: Shape, classes: int, width: int, depth: int) -> list[nn.Module]:
    """SimpleConvNet: two convolutions per block, the first of each later block pooled and twice as wide."""
    pools, side = 0, min(shape[1:])
    while side > 4:
        pools, side = pools + 1, side // 2
    layers = _normalised(shape[0], width)
    for block in range(pools + 1):
        channels = width * 2**block
        for _ in range(depth - 1):
            layers += _normalised(channels, channels)
        if block < pools:
            layers += _normalised(channels, 2 * channels, nn.MaxPool2d(2))
    channels = width * 2**pools
    return [*layers, nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(channels, classes, bias=False)]


def _normalised(inputs: int, outputs: int, *pool: nn.Module) -> list[nn.Module]:
    convolution = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
    return [convolution, *pool, nn.BatchNorm2d(outputs), nn.ReLU()]


def _lipschitz_mlp(method: str) -> Callable[[Shape, int, int, int], list[nn.Module]]:
    dense = lipschitz.LINEAR[method]

    def layers(shape: Shape, classes: int, width: int, depth: int) -> list[nn.Module]:
        _refuse_odd(width)
        _refuse_narrow(width, classes)
        features = _features(shape)
        start = [ZeroChannels(width)] if width >= features else []
        sizes = [width if start else features, *[width] * depth]
        hidden = [layer for pair in pairwise(sizes) for layer in (dense(*pair), MaxMin())]
        return [nn.Flatten(), *start, *hidden[:-1], FirstChannels(classes)]

    return layers


def _lipschitz_lcn(method: str) -> Callable[[Shape, int, int, int], list[nn.Module]]:
    """Lipschitz convolutional network: each block ends in half its channels at half the side, twice as wide."""
    dense, convolution = lipschitz.LINEAR[method], lipschitz.CONVOLUTION[method]

    def layers(shape: Shape, classes: int, width: int, depth: int) -> list[nn.Module]:
        blocks = (max(shape[1:]) - 1).bit_length()
        _refuse_odd(width)
        _refuse_narrow(width * 2**blocks, classes)
        if width < shape[0]:
            raise ValueError(f"a width of {width} is too narrow for {shape[0]} channels")
        result = [
            ZeroFrame(2**blocks, 2**blocks),
            ZeroChannels(width),
            convolution(width, width, 1),
            MaxMin(),
        ]
        for block in range(blocks):
            channels = width * 2**block
            for _ in range(depth):
                result += [convolution(channels, channels, 3), MaxMin()]
            result += [FirstChannels(channels // 2), nn.PixelUnshuffle(2)]
        features = width * 2**blocks
        return [*result, nn.Flatten(), dense(features, features), FirstChannels(classes)]

    return layers


def _refuse_odd(width: int) -> None:
    if width % 2:
        raise ValueError(f"width must be even, because MaxMin works on pairs; got {width}")


def _refuse_narrow(width: int, classes: int) -> None:
    if width < classes:
        raise ValueError(f"a width of {width} is too narrow for {classes} classes")


def _features(shape: Shape) -> int:
    return shape[0] * shape[1] * shape[2]


def _even_features(shape: Shape) -> int:
    return _features(shape) + _features(shape) % 2


ARCHITECTURES: dict[str, Architecture] = {
    "MLP": Architecture(_mlp, width=lambda shape: 512, depth=4, robust=False),
    "ConvNet": Architecture(_convnet, width=lambda shape: 64, depth=2, robust=False),
}
for _method in lipschitz.LINEAR:
    ARCHITECTURES[f"{_method}-MLP"] = Architecture(_lipschitz_mlp(_method), width=_even_features, depth=8, robust=True)
for _method in lipschitz.CONVOLUTION:
    ARCHITECTURES[f"{_method}-LCN"] = Architecture(
        _lipschitz_lcn(_method), width=lambda shape: 64, depth=3, robust=True
    )
