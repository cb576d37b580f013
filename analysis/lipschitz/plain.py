"""Torch's own modules, as far as something is proven of them."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from analysis.lipschitz import pointwise, pooling
from analysis.lipschitz.arithmetic import absolute_norm, accumulated, unit_roundoff
from analysis.lipschitz.bounded import Bounded, Nonexpansive, Shape
from analysis.lipschitz.convolutions import Convolution
from analysis.lipschitz.derived import Derived
from analysis.lipschitz.singular import dense_bound


def bounded(layer: nn.Module, shape: Shape, dtype: torch.dtype = torch.float32) -> Bounded:
    """Return what is proven of a module.

    Args:
        layer: Of this package, or one of torch's that is known here.
        shape: Of one input, without the batch axis.
        dtype: Of the forward pass, for modules that hold no tensors and yet round.

    Returns:
        The module itself, or one that speaks for it.

    Raises:
        ValueError: If nothing is known of it, or not in this mode; the message names its type.

    Example:
        >>> bounded(nn.ReLU(), (3,)).lipschitz((3,))
        1.0
    """
    if isinstance(layer, Derived):
        return bounded(layer.frozen(shape), shape, dtype)
    if isinstance(layer, Bounded):
        return layer
    for kind, speaker in SPEAKERS.items():
        if isinstance(layer, kind) and type(layer).forward is kind.forward:  # a subclass may do something else
            return speaker(layer, shape, torch.finfo(dtype).eps / 2)
    raise ValueError(f"no Lipschitz bound is known for a module of type {type(layer).__name__}")


class Dense(Bounded):
    """Speaks for an ``nn.Linear``, applied to the last axis.

    Args:
        layer: The layer.
    """

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.layer, self.norm = layer, dense_bound(layer.weight)

    def lipschitz(self, shape: Shape) -> float:
        """Return the largest singular value, rounded outwards."""
        return self.norm

    def offset(self, shape: Shape) -> float:
        """Norm of the bias, once for each vector of the input."""
        bias: Tensor | None = self.layer.bias  # annotated otherwise by torch
        if bias is None:
            return 0.0
        return float(bias.detach().double().norm()) * math.sqrt(math.prod(shape[:-1]))

    def rounding(self, shape: Shape, norm: float) -> float:
        """Bound the error of sums of as many products as there are inputs, and the bias."""
        relative = accumulated(self.layer.in_features + 1, unit_roundoff(self.layer.weight))
        return relative * (absolute_norm(self.layer.weight) * norm + self.offset(shape))


def _moves(layer: nn.Module, shape: Shape, unit: float) -> Bounded:
    """Speak for what moves, compares or drops entries, and never increases a distance."""
    return Nonexpansive()


def _drops(layer: nn.Module, shape: Shape, unit: float) -> Bounded:
    if layer.training:
        name = type(layer).__name__
        raise ValueError(f"no Lipschitz bound is known for a module of type {name} in training mode; call eval() first")
    return Nonexpansive()


def _scalar(layer: nn.Module, shape: Shape, unit: float) -> Bounded:
    return pointwise.Pointwise(pointwise.scalar(layer), unit)


Speaker = Callable[[Any, Shape, float], Bounded]
SPEAKERS: dict[type[nn.Module], Speaker] = {
    **dict.fromkeys((nn.Identity, nn.ReLU, nn.ReLU6, nn.Flatten, nn.Unflatten, nn.ZeroPad2d), _moves),
    **dict.fromkeys((nn.PixelShuffle, nn.PixelUnshuffle, nn.ChannelShuffle), _moves),
    **dict.fromkeys((nn.Dropout, nn.Dropout2d), _drops),
    **dict.fromkeys((nn.Tanh, nn.Sigmoid, nn.LeakyReLU, nn.ELU), _scalar),
    **dict.fromkeys((nn.BatchNorm1d, nn.BatchNorm2d), lambda layer, shape, unit: pointwise.Normalisation(layer)),
    **dict.fromkeys((nn.AvgPool2d, nn.AdaptiveAvgPool2d), pooling.Average),
    nn.MaxPool2d: lambda layer, shape, unit: pooling.max_pool(layer),
    nn.AdaptiveMaxPool2d: lambda layer, shape, unit: pooling.adaptive_max_pool(layer, shape),
    nn.Linear: lambda layer, shape, unit: Dense(layer),
    nn.Conv2d: lambda layer, shape, unit: Convolution(layer, shape),
}
