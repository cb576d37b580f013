"""Torch's own modules, as far as something is proven of them."""

import math
from typing import TypeGuard

from torch import nn

from analysis.lipschitz.arithmetic import absolute_norm, accumulated, unit_roundoff
from analysis.lipschitz.bounded import Bounded, Nonexpansive, Shape
from analysis.lipschitz.derived import Derived
from analysis.lipschitz.singular import circular_bound, convolution_bound, dense_bound

MOVES = (nn.Flatten, nn.PixelUnshuffle, nn.ReLU, nn.Identity)  # and never increase a distance


def bounded(layer: nn.Module, shape: Shape) -> Bounded:
    """Return what is proven of a module.

    Args:
        layer: Of this package, or one of torch's that is known here.
        shape: Of one input, without the batch axis.

    Returns:
        The module itself, or one that speaks for it.

    Raises:
        ValueError: If nothing is known of it; the message names its type.

    Example:
        >>> bounded(nn.ReLU(), (3,)).lipschitz((3,))
        1.0
    """
    if isinstance(layer, Derived):
        return bounded(layer.frozen(shape), shape)
    if isinstance(layer, Bounded):
        return layer
    if isinstance(layer, MOVES):
        return Nonexpansive()
    if isinstance(layer, nn.Linear):
        return _Product(layer, dense_bound(layer.weight))
    if _is_plain(layer):
        norm = circular_bound if layer.padding_mode == "circular" else convolution_bound
        return _Product(layer, norm(layer.weight, shape[1:]))
    raise ValueError(f"no Lipschitz bound is known for a module of type {type(layer).__name__}")


def _is_plain(layer: nn.Module) -> TypeGuard[nn.Conv2d]:
    """Whether this is a convolution that ``convolution_bound`` or ``circular_bound`` is about."""
    return (
        isinstance(layer, nn.Conv2d)
        and layer.padding in ("same", tuple((size - 1) // 2 for size in layer.kernel_size))
        and all(size % 2 for size in layer.kernel_size)
        and layer.padding_mode in ("zeros", "circular")
        and (layer.stride, layer.dilation, layer.groups) == ((1, 1), (1, 1), 1)
    )


class _Product(Bounded):
    """Speaks for a dense layer or a convolution, whose norm is known."""

    def __init__(self, layer: nn.Linear | nn.Conv2d, norm: float) -> None:
        super().__init__()
        self.layer, self.norm = layer, norm

    def lipschitz(self, shape: Shape) -> float:
        return self.norm

    def offset(self, shape: Shape) -> float:
        if self.layer.bias is None:
            return 0.0
        return float(self.layer.bias.detach().double().norm()) * math.sqrt(math.prod(shape[1:]))

    def rounding(self, shape: Shape, norm: float) -> float:
        terms = math.prod(self.layer.weight.shape[1:]) + 1
        relative = accumulated(terms, unit_roundoff(self.layer.weight))
        return relative * (absolute_norm(self.layer.weight) * norm + self.offset(shape))
