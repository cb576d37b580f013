"""How far a forward pass in floating point can be from the exact one."""

import math

import torch
from torch import Tensor, nn

from analysis.lipschitz.channels import SubtractMean
from analysis.lipschitz.norms import layer_bounds


def rounding_bound(model: nn.Module, input_shape: tuple[int, ...], input_norm: float) -> float:
    r"""A-priori bound on the l2 distance between computed and exact scores.

    A product with m terms errs by at most :math:`\gamma_m |W| |x|`, :math:`\gamma_m = m u / (1 - m u)`, in
    whatever order it is summed (Higham 2002, section 3.1); its l2 norm is at most
    :math:`\gamma_m \sqrt{\|W\|_1 \|W\|_\infty}\, \|x\|`. Errors of earlier layers grow by at most the Lipschitz
    bounds of later ones. Reordering, padding and cutting channels do not round.

    Args:
        model: A folded network (:func:`analysis.lipschitz.fold`), in the precision of the pass.
        input_shape: Shape of one input without the batch axis.
        input_norm: Largest l2 norm of an input.

    Returns:
        The bound, in units of the scores.

    Example:
        >>> rounding_bound(fold(model).double(), (1, 28, 28), 28.0) < 1e-8
        True
    """
    error, norm = 0.0, input_norm
    for layer, bound, sides in layer_bounds(model, input_shape):
        unit = _unit_roundoff(layer)
        if isinstance(layer, SubtractMean):
            offset = float(layer.mean.double().norm()) * math.sqrt(math.prod(sides))
            norm += offset
            error += unit * norm
        elif isinstance(layer, nn.Linear | nn.Conv2d):
            terms = math.prod(layer.weight.shape[1:]) + 1
            offset = (
                0.0 if layer.bias is None else float(layer.bias.detach().double().norm()) * math.sqrt(math.prod(sides))
            )
            gamma = terms * unit / (1 - terms * unit)
            error = bound * error + gamma * (_absolute_norm(layer.weight) * (norm + error) + offset)
            norm = bound * norm + offset
    return error * (1 + 1e-6)  # the bound itself is computed in floating point


def _unit_roundoff(layer: nn.Module) -> float:
    tensors = [*layer.parameters(), *layer.buffers()]
    return torch.finfo(tensors[0].dtype).eps / 2 if tensors else 0.0


def _absolute_norm(weight: Tensor) -> float:
    """Bound on the norm of the map with the absolute values of the weights."""
    absolute = weight.detach().double().abs()
    rows = float(absolute.flatten(1).sum(dim=1).max())
    columns = float(absolute.transpose(0, 1).flatten(1).sum(dim=1).max())
    return math.sqrt(rows * columns)
