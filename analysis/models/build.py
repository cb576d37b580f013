"""The table of networks, and the one function that builds them."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from analysis import lipschitz
from analysis.lipschitz import SubtractMean
from analysis.models import robust, standard
from analysis.models.architecture import Architecture, Plan, Shape
from analysis.models.draws import drawn_by

CONVNET_WIDTHS = {"XS": 16, "S": 32, "M": 64, "L": 128}
PATCHWISE_WIDTHS = {"Small": 16, "Medium": 32, "Large": 48}


def build(
    name: str,
    *,
    input_shape: Shape,
    classes: int,
    width: int | None = None,
    depth: int | None = None,
    activation: str = "MaxMin",
    channel_mean: Sequence[float] | Tensor | None = None,
    seed: int | None = None,
) -> nn.Sequential:
    """Build a network by name.

    Every network takes float images ``(n, c, h, w)`` with pixels in [0, 1], subtracts the channel mean, and
    returns scores ``(n, classes)``.

    Args:
        name: ``MLP``, ``ConvNet``, ``ConvNetXS`` to ``ConvNetL`` without bound; or a method and a family:
            ``AOL-MLP``, ``CPL-LCN``, ``SOC-ConvNetXS``, and ``AOL-Small``, ``AOL-Medium``, ``AOL-Large``.
        input_shape: ``(channels, height, width)``.
        classes: Number of classes.
        width: Hidden features of an MLP, channels of the first block of a ConvNet or LCN, channels that enter the dense
            layers of Small, Medium and Large. By default the published one; 512 for ``MLP``, and the number of pixel
            values for 1-Lipschitz MLPs.
        depth: Dense layers of an MLP (4; 8 where 1-Lipschitz), convolutions per block (3 of an LCN, 5 of ConvNetXS to
            L; 2 of the ConvNet), or 3 x 3 convolutions of Small, Medium and Large (12).
        activation: Of 1-Lipschitz networks and ConvNetXS to L: a name in ``lipschitz.ACTIVATION``.
        channel_mean: Subtracted from each channel; nothing if None.
        seed: Decides the initial weights, and leaves torch's global generator as it is; that decides them if None.

    Returns:
        The network, in training mode.

    Raises:
        ValueError: If a name is unknown, or a size is not possible.

    Example:
        >>> build("AOL-MLP", input_shape=(1, 28, 28), classes=10, width=784, depth=8)
    """
    architecture = find(name)
    if len(input_shape) != 3 or min(input_shape) < 1:
        raise ValueError(f"input_shape must be (channels, height, width), got {input_shape}")
    if classes < 2:
        raise ValueError(f"classes must be at least 2, got {classes}")
    if activation not in lipschitz.ACTIVATION:
        raise ValueError(f"unknown activation {activation!r}; known are {', '.join(lipschitz.ACTIVATION)}")
    width = architecture.width(input_shape) if width is None else width
    depth = architecture.depth if depth is None else depth
    if width < 1 or depth < 1:
        raise ValueError(f"width and depth must be at least 1, got {width} and {depth}")
    plan = Plan(shape=input_shape, classes=classes, width=width, depth=depth, activation=activation)
    with drawn_by(seed):
        return nn.Sequential(SubtractMean(_mean(input_shape, channel_mean)), *architecture.layers(plan))


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


def _mean(shape: Shape, channel_mean: Sequence[float] | Tensor | None) -> Tensor:
    mean = torch.zeros(shape[0]) if channel_mean is None else torch.as_tensor(channel_mean, dtype=torch.float32)
    if mean.shape != (shape[0],):
        raise ValueError(f"channel_mean has shape {tuple(mean.shape)} for {shape[0]} channels")
    return mean


def _even_features(shape: Shape) -> int:
    features = shape[0] * shape[1] * shape[2]
    return features + features % 2


def _always(width: int) -> Callable[[Shape], int]:
    return lambda shape: width


def _family(prefix: str, layers: robust.Layers, widths: dict[str, int], *, depth: int, bound: bool = True) -> None:
    for size, width in widths.items():
        ARCHITECTURES[prefix + size] = Architecture(layers=layers, width=_always(width), depth=depth, robust=bound)


ARCHITECTURES: dict[str, Architecture] = {
    "MLP": Architecture(layers=standard.mlp, width=_always(512), depth=4, robust=False),
    "ConvNet": Architecture(layers=standard.convnet, width=_always(64), depth=2, robust=False),
}
_family("ConvNet", robust.convnet(None), CONVNET_WIDTHS, depth=5, bound=False)
for _method in lipschitz.LINEAR:
    ARCHITECTURES[f"{_method}-MLP"] = Architecture(
        layers=robust.mlp(_method), width=_even_features, depth=8, robust=True
    )
for _method in lipschitz.CONVOLUTION:
    _family(f"{_method}-LCN", robust.lcn(_method), {"": 64}, depth=3)
    _family(f"{_method}-ConvNet", robust.convnet(_method), CONVNET_WIDTHS, depth=5)
_family("AOL-", robust.patchwise("AOL"), PATCHWISE_WIDTHS, depth=12)
