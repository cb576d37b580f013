"""Networks with their derived weights written out: what a trained layer applies, as an ordinary layer."""

import copy

import torch
from torch import Tensor, nn

from analysis.lipschitz.aol import AOLConv2d, AOLLinear


def fold(model: nn.Module) -> nn.Module:
    """Replace every layer that derives its weight by an ordinary one that holds it.

    The copy computes the same function from bit-identical weights, costs what an ordinary network costs, and can be
    moved to float64 without its weights being derived anew.

    Args:
        model: A layer, or a ``Sequential`` of layers (nested ones too).

    Returns:
        A new network in evaluation mode; the original is left as it is.

    Example:
        >>> fold(AOLLinear(4, 4))
        Linear(in_features=4, out_features=4, bias=False)
    """
    if isinstance(model, nn.Sequential):
        return nn.Sequential(*(fold(part) for part in model)).eval()
    with torch.no_grad():
        return _plain(model).eval()


def _plain(layer: nn.Module) -> nn.Module:
    if isinstance(layer, AOLLinear):
        return _holding(nn.Linear, layer.weight, layer.bias)
    if isinstance(layer, AOLConv2d):
        return _holding(nn.Conv2d, layer.weight, layer.bias, kernel_size=layer.weight.shape[2:], padding="same")
    return copy.deepcopy(layer)


def _holding(kind: type[nn.Module], weight: Tensor, bias: Tensor | None, **options: object) -> nn.Module:
    plain = kind(weight.shape[1], weight.shape[0], bias=bias is not None, device="meta", **options)
    plain.weight = nn.Parameter(weight.detach().clone(), requires_grad=False)
    if bias is not None:
        plain.bias = nn.Parameter(bias.detach().clone(), requires_grad=False)
    return plain
