"""Networks with their derived weights written out: what a trained layer applies, as an ordinary layer."""

import copy

from torch import nn

from analysis.lipschitz.bounded import Shape
from analysis.lipschitz.derived import Derived
from analysis.lipschitz.norms import layers
from analysis.lipschitz.residual import Residual


def fold(model: nn.Module, input_shape: Shape) -> nn.Module:
    """Replace every layer that derives its weight by an ordinary one that holds it.

    The copy computes the same function from bit-identical weights, costs what an ordinary network costs, and can be
    moved to float64 without its weights being derived anew.

    Args:
        model: A layer, or a ``Sequential`` of layers (nested ones are flattened).
        input_shape: Shape of one input without the batch axis: some weights depend on it.

    Returns:
        A new network in evaluation mode; the original is left as it is.

    Example:
        >>> fold(AOLLinear(4, 4), (4,))
        Linear(in_features=4, out_features=4, bias=False)
    """
    plain = [_folded(layer, shape) for layer, shape in layers(model, input_shape)]
    return (nn.Sequential(*plain) if isinstance(model, nn.Sequential) else plain[0]).eval()


def _folded(layer: nn.Module, shape: Shape) -> nn.Module:
    if isinstance(layer, Residual):
        return Residual(fold(layer.branch, shape))
    return copy.deepcopy(layer.frozen(shape) if isinstance(layer, Derived) else layer)
