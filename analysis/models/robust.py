"""1-Lipschitz networks, for every method of ``analysis.lipschitz``.

Layers are composed with isometries and projections only, so that the product of the layers' bounds is the network's.
"""

from collections.abc import Callable
from functools import partial
from itertools import pairwise

from torch import nn

from analysis import lipschitz
from analysis.lipschitz import FirstChannels, ZeroChannels, ZeroFrame
from analysis.models.architecture import Plan

Layers = Callable[[Plan], list[nn.Module]]
# Inputs up to which a dense AOL layer that narrows rescales columns, as in the paper and in all that is recorded. From
# more it rescales rows: a step of width 64 on 12,288 inputs takes a core 0.017 s, where by columns it takes 1.04 s.
MOST_COLUMNS = 3_072

Kind = Callable[..., nn.Module]  # of layers: of two numbers of channels, and the side of a kernel where there is one


def mlp(method: str) -> Layers:
    """Dense layers of one width on pixels filled up with zeros; the scores are the first channels.

    Prach and Lampert 2024 (arXiv 2412.04245). A width below the number of pixels narrows in the first layer.

    Args:
        method: Name in ``lipschitz.LINEAR``.

    Returns:
        From a plan, whose depth is the number of dense layers, to the layers.
    """

    def layers(plan: Plan) -> list[nn.Module]:
        _refuse_odd(plan.width)
        _refuse_narrow(plan.width, plan.classes)
        start = [ZeroChannels(plan.width)] if plan.width >= plan.features else []
        sizes = [plan.width if start else plan.features, *[plan.width] * plan.depth]
        dense = partial(_dense, method)
        hidden = [layer for pair in pairwise(sizes) for layer in (dense(*pair), plan.activate(pair[1]))]
        return [nn.Flatten(), *start, *hidden[:-1], FirstChannels(plan.classes)]

    return layers


def lcn(method: str) -> Layers:
    """Lipschitz convolutional network (arXiv 2412.04245): 3 x 3 convolutions in every block, and a dense head.

    Args:
        method: Name in ``lipschitz.CONVOLUTION`` and ``lipschitz.LINEAR``.

    Returns:
        From a plan, whose depth is the number of convolutions per block, to the layers.
    """
    return lambda plan: _pyramid(plan, lipschitz.CONVOLUTION[method], lipschitz.LINEAR[method], last_kernel=3)


def convnet(method: str | None) -> Layers:
    """ConvNet of arXiv 2311.16833: kernels of the last block are 1 x 1, and every layer has biases.

    Args:
        method: Name in ``lipschitz.CONVOLUTION`` and ``lipschitz.LINEAR``; None for ordinary layers.

    Returns:
        From a plan, whose depth is the number of convolutions per block, to the layers.
    """
    if method is None:
        return lambda plan: _pyramid(plan, partial(nn.Conv2d, padding="same"), nn.Linear, last_kernel=1)
    dense, convolution = (partial(table[method], bias=True) for table in (lipschitz.LINEAR, lipschitz.CONVOLUTION))
    return lambda plan: _pyramid(plan, convolution, dense, last_kernel=1)


def patchwise(method: str) -> Layers:
    """Small, Medium and Large of the AOL paper (arXiv 2208.03160): convolutions on 4 x 4 patches, then dense layers.

    Args:
        method: Name in ``lipschitz.CONVOLUTION`` and ``lipschitz.LINEAR``.

    Returns:
        From a plan, whose width is the number of channels that enter the dense layers and whose depth is the number of
        3 x 3 convolutions, to the layers.
    """
    dense, convolution = (partial(table[method], bias=True) for table in (lipschitz.LINEAR, lipschitz.CONVOLUTION))

    def layers(plan: Plan) -> list[nn.Module]:
        height, width = (-(-side // 4) for side in plan.shape[1:])
        patch, features = 16 * plan.shape[0], plan.width * height * width
        channels = max(4 * patch, plan.width)
        _refuse_odd(features)
        _refuse_narrow(features, plan.classes)
        result = [ZeroFrame(4 * height, 4 * width), nn.PixelUnshuffle(4), convolution(patch, channels, 1)]
        for _ in range(plan.depth):
            result += [plan.activate(channels), convolution(channels, channels, 3)]
        result += [plan.activate(channels), convolution(channels, channels, 1), FirstChannels(plan.width), nn.Flatten()]
        for _ in range(plan.depth + 1):
            result += [dense(features, features), plan.activate(features)]
        return [*result, dense(features, features), FirstChannels(plan.classes)]

    return layers


def _pyramid(plan: Plan, convolution: Kind, dense: Kind, *, last_kernel: int) -> list[nn.Module]:
    """Blocks that end in half their channels at half the side, so twice as wide, down to one pixel."""
    _refuse_odd(plan.width)
    _refuse_narrow(plan.width * 2**plan.blocks, plan.classes)
    if plan.width < plan.shape[0]:
        raise ValueError(f"a width of {plan.width} is too narrow for {plan.shape[0]} channels")
    side = 2**plan.blocks
    first = convolution(plan.width, plan.width, 1)
    result = [ZeroFrame(side, side), ZeroChannels(plan.width), first, plan.activate(plan.width)]
    for block in range(plan.blocks):
        channels = plan.width * 2**block
        kernel_size = last_kernel if block == plan.blocks - 1 else 3
        for _ in range(plan.depth):
            result += [convolution(channels, channels, kernel_size), plan.activate(channels)]
        result += [FirstChannels(channels // 2), nn.PixelUnshuffle(2)]
    features = plan.width * side
    return [*result, nn.Flatten(), dense(features, features), FirstChannels(plan.classes)]


def _dense(method: str, inputs: int, outputs: int) -> nn.Module:
    """Make a dense layer of a method; of AOL, one that rescales rows where it narrows from very many inputs."""
    if method == "AOL" and inputs > max(MOST_COLUMNS, outputs):
        return lipschitz.AOLLinear(inputs, outputs, by_rows=True)
    return lipschitz.LINEAR[method](inputs, outputs)


def _refuse_odd(width: int) -> None:
    if width % 2:
        raise ValueError(f"width must be even, because activations work on pairs; got {width}")


def _refuse_narrow(width: int, classes: int) -> None:
    if width < classes:
        raise ValueError(f"a width of {width} is too narrow for {classes} classes")
