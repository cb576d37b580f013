"""Proven upper bounds on Lipschitz constants, layer by layer, in float64, rounded outwards."""

import math
from collections.abc import Iterable, Iterator
from itertools import chain

import torch
from torch import nn

from analysis.lipschitz.bounded import Bounded, Shape
from analysis.lipschitz.plain import bounded
from analysis.lipschitz.singular import EPS


def lipschitz_bound(model: nn.Module, input_shape: Shape) -> float:
    """Upper bound on the l2 Lipschitz constant of a network, proven layer by layer.

    The product of the layers' bounds (:ref:`layer-by-layer`): exact singular values in float64 for dense layers, the
    largest singular value over a frequency grid for convolutions
    (:func:`analysis.lipschitz.singular.convolution_bound`), what is proven at each method for its layers, 1 for maps
    that never increase a distance. Each is taken of the effective weights that the forward pass uses in evaluation
    mode, and rounded outwards.

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
    return product_bound(layer.lipschitz(shape) for layer, shape in bounded_layers(model, input_shape))


def product_bound(bounds: Iterable[float]) -> float:
    """Bound on the Lipschitz constant of maps one after another.

    Args:
        bounds: Of each, not below its constant.

    Returns:
        Their product, rounded outwards.

    Example:
        >>> product_bound([2.0, 3.0]) >= 6
        True
    """
    return math.prod(bound * (1 + EPS) for bound in bounds)


def bounded_layers(model: nn.Module, input_shape: Shape) -> Iterator[tuple[Bounded, Shape]]:
    """Walk through the layers in the order of the forward pass.

    Args:
        model: A layer, or a ``Sequential`` of layers (nested ones too).
        input_shape: Shape of one input without the batch axis.

    Yields:
        What is proven of each layer, and the shape of one input to it.
    """
    dtype = precision(model)
    for layer, shape in layers(model, input_shape):
        yield bounded(layer, shape, dtype), shape


def offset_bound(model: nn.Module, input_shape: Shape) -> float:
    r"""Upper bound on the norm of a network's output at zero.

    Args:
        model: A layer, or a ``Sequential`` of layers (nested ones too).
        input_shape: Shape of one input without the batch axis.

    Returns:
        The bound: with :func:`lipschitz_bound` L, outputs at x are at most :math:`L \|x\|` plus it.

    Example:
        >>> offset_bound(nn.ReLU(), (4,))
        0.0
    """
    norm = 0.0
    for layer, shape in bounded_layers(model, input_shape):
        norm = (layer.lipschitz(shape) * norm + layer.offset(shape)) * (1 + 4 * EPS)
    return norm


def layers(model: nn.Module, input_shape: Shape) -> Iterator[tuple[nn.Module, Shape]]:
    """Walk through the layers in the order of the forward pass.

    Args:
        model: A layer, or a ``Sequential`` of layers (nested ones too).
        input_shape: Shape of one input without the batch axis.

    Yields:
        Each layer, and the shape of one input to it.
    """
    x = torch.zeros(1, *input_shape)
    for layer in _flat(model):
        shape = tuple(x.shape[1:])
        yield layer, shape
        x = _output(layer, x)


def precision(model: nn.Module) -> torch.dtype:
    """Precision of a network's forward pass.

    Args:
        model: Any network.

    Returns:
        The coarsest of its tensors'; float32 if it has none, which is sound for float64 too.

    Example:
        >>> precision(nn.Linear(2, 2))
        torch.float32
    """
    held = [tensor.dtype for tensor in chain(model.parameters(), model.buffers()) if tensor.is_floating_point()]
    return max(held, key=lambda dtype: torch.finfo(dtype).eps, default=torch.float32)


def _flat(model: nn.Module) -> list[nn.Module]:
    if isinstance(model, nn.Sequential):
        return [layer for part in model for layer in _flat(part)]
    return [model]


def _output(layer: nn.Module, x: torch.Tensor) -> torch.Tensor:
    modes = {module: module.training for module in layer.modules()}
    try:
        with torch.no_grad():
            output: torch.Tensor = layer.eval()(x.to(next(chain(layer.parameters(), layer.buffers()), x)))
        return output
    finally:
        for module, mode in modes.items():
            module.training = mode
