"""Proven upper bounds on Lipschitz constants, layer by layer, in float64, rounded outwards."""

import math
from collections.abc import Iterator
from itertools import chain
from typing import TypeGuard

import torch
from torch import Tensor, nn

from analysis.lipschitz.activations import MaxMin
from analysis.lipschitz.aol import AOLConv2d, AOLLinear
from analysis.lipschitz.channels import FirstChannels, SubtractMean, ZeroChannels, ZeroFrame

EPS = 2.0**-52
NONEXPANSIVE = (
    MaxMin,
    SubtractMean,
    ZeroChannels,
    ZeroFrame,
    FirstChannels,
    nn.Flatten,
    nn.PixelUnshuffle,
    nn.ReLU,
    nn.Identity,
)


def lipschitz_bound(model: nn.Module, input_shape: tuple[int, ...]) -> float:
    """Upper bound on the l2 Lipschitz constant of a network, proven layer by layer.

    The product of the layers' bounds: exact singular values in float64 for dense layers, the largest singular
    value over a frequency grid for convolutions (:func:`convolution_bound`), 1 for maps that never increase a
    distance. Each is taken of the effective weights that the forward pass uses, and rounded outwards.

    Args:
        model: A layer, or a ``Sequential`` of layers (nested ones too).
        input_shape: Shape of one input without the batch axis: ``(c, h, w)`` or ``(features,)``.

    Returns:
        The bound.

    Raises:
        ValueError: If the network holds a module of unknown Lipschitz constant.

    Example:
        >>> lipschitz_bound(models.build("AOL-MLP", input_shape=(1, 8, 8), classes=10), (1, 8, 8))
    """
    return math.prod(bound * (1 + EPS) for _, bound, _ in layer_bounds(model, input_shape))


def layer_bounds(model: nn.Module, input_shape: tuple[int, ...]) -> Iterator[tuple[nn.Module, float, tuple[int, ...]]]:
    """Walk through the layers in the order of the forward pass.

    Args:
        model: A layer, or a ``Sequential`` of layers (nested ones too).
        input_shape: Shape of one input without the batch axis.

    Yields:
        Each layer, its Lipschitz bound, and the sides of the images that reach it, ``()`` for features.
    """
    x = torch.zeros(1, *input_shape)
    for layer in _layers(model):
        sides = tuple(x.shape[2:])
        yield layer, _layer_bound(layer, sides), sides
        with torch.no_grad():
            x = layer(x.to(next(chain(layer.parameters(), layer.buffers()), x)))


def _layers(model: nn.Module) -> list[nn.Module]:
    if isinstance(model, nn.Sequential):
        return [layer for part in model for layer in _layers(part)]
    return [model]


def _layer_bound(layer: nn.Module, sides: tuple[int, ...]) -> float:
    if isinstance(layer, NONEXPANSIVE):
        return 1.0
    if isinstance(layer, AOLLinear | nn.Linear):
        return dense_bound(layer.weight)
    if isinstance(layer, AOLConv2d) or _is_plain(layer):
        return convolution_bound(layer.weight, sides)
    raise ValueError(f"no Lipschitz bound is known for a module of type {type(layer).__name__}")


def _is_plain(layer: nn.Module) -> TypeGuard[nn.Conv2d]:
    """Whether this is the convolution that ``convolution_bound`` is about."""
    return (
        isinstance(layer, nn.Conv2d)
        and layer.padding == "same"
        and layer.padding_mode == "zeros"
        and (layer.stride, layer.dilation, layer.groups) == ((1, 1), (1, 1), 1)
    )


def dense_bound(weight: Tensor) -> float:
    r"""Upper bound on the largest singular value of a matrix.

    LAPACK's singular values are those of a matrix within :math:`c \varepsilon \|W\|_2` of W, c a modest
    multiple of the side; 8 times the longer side is taken.

    Args:
        weight: Shape ``(out, in)``.

    Returns:
        The bound, at least the exact norm.

    Example:
        >>> dense_bound(torch.eye(3)) - 1 < 1e-14
        True
    """
    largest = float(torch.linalg.matrix_norm(weight.detach().cpu().double(), ord=2))
    return largest * (1 + 8 * max(weight.shape) * EPS)


def convolution_bound(weight: Tensor, sides: tuple[int, ...]) -> float:
    r"""Upper bound on the norm of a zero-padded convolution on images of given sides.

    On a grid of side at least :math:`s + k - 1` the circular convolution restricted to images that vanish
    outside an s x s window, and cut to such a window, is the zero-padded one: a compression, which has no larger
    norm. The circular convolution is block-diagonal in frequency, and its norm the largest singular value over
    all frequencies (Sedghi, Gupta and Long 2019).

    Args:
        weight: Kernel, shape ``(out, in, k, k)``.
        sides: Height and width of the images.

    Returns:
        The bound, at least the exact norm.

    Example:
        >>> convolution_bound(torch.ones(1, 1, 3, 3), (8, 8)) <= 9 + 1e-12
        True
    """
    kernel = weight.detach().cpu().double()
    grid = [side + size - 1 for side, size in zip(sides, kernel.shape[2:], strict=True)]
    spectrum = torch.fft.rfft2(kernel, s=grid)
    matrices = spectrum.permute(2, 3, 0, 1).flatten(0, 1)
    largest = float(torch.linalg.matrix_norm(matrices, ord=2).max())
    # Rounding in the transform: each coefficient errs by at most about log2(grid) eps times the sum of its taps,
    # and a matrix of such errors has a norm of at most their root sum of squares.
    taps = float(kernel.abs().sum(dim=(2, 3)).square().sum().sqrt())
    slack = 8 * EPS * (max(weight.shape[:2]) * largest + (2 + math.log2(math.prod(grid))) * taps)
    return largest + slack
