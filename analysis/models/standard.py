"""Networks without a bound on what a small change of the image does."""

from itertools import pairwise

from torch import nn

from analysis.models.architecture import Plan


def mlp(plan: Plan) -> list[nn.Module]:
    """Multilayer perceptron: dense layers of one width, normalised.

    Batch normalisation, so that one learning rate serves all bands: without it 1,000 steps on the MNIST components
    from 50 on, small beside the mean image that all inputs share, reach 0.77 instead of 0.93.

    Args:
        plan: The width is that of the hidden layers, the depth the number of dense layers.

    Returns:
        The layers.
    """
    layers: list[nn.Module] = [nn.Flatten()]
    for inputs, outputs in pairwise([plan.features, *[plan.width] * (plan.depth - 1)]):
        layers += [nn.Linear(inputs, outputs, bias=False), nn.BatchNorm1d(outputs), nn.ReLU()]
    return [*layers, nn.Linear(plan.width if plan.depth > 1 else plan.features, plan.classes)]


def convnet(plan: Plan) -> list[nn.Module]:
    """SimpleConvNet: the first convolution of each later block is pooled, and twice as wide.

    Args:
        plan: The width is that of the first block, the depth the number of convolutions per block.

    Returns:
        The layers.
    """
    pools, side = 0, min(plan.shape[1:])
    while side > 4:
        pools, side = pools + 1, side // 2
    layers = _normalised(plan.shape[0], plan.width)
    for block in range(pools + 1):
        channels = plan.width * 2**block
        for _ in range(plan.depth - 1):
            layers += _normalised(channels, channels)
        if block < pools:
            layers += _normalised(channels, 2 * channels, nn.MaxPool2d(2))
    channels = plan.width * 2**pools
    return [*layers, nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(channels, plan.classes, bias=False)]


def _normalised(inputs: int, outputs: int, *pool: nn.Module) -> list[nn.Module]:
    convolution = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
    return [convolution, *pool, nn.BatchNorm2d(outputs), nn.ReLU()]
