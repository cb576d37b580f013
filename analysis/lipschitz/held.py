"""Ordinary layers that hold given weights."""

from typing import Literal

from torch import Tensor, nn


def linear(weight: Tensor, bias: Tensor | None) -> nn.Linear:
    """Make a dense layer that holds a weight.

    Args:
        weight: Shape ``(out, in)``.
        bias: Shape ``(out,)``, or None.

    Returns:
        The layer; its weight is the given one.

    Example:
        >>> linear(torch.eye(3), None)
        Linear(in_features=3, out_features=3, bias=False)
    """
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None, device="meta")
    _hold(layer, weight, bias)
    return layer


def convolution(
    weight: Tensor, bias: Tensor | None, *, padding_mode: Literal["zeros", "circular"] = "zeros"
) -> nn.Conv2d:
    """Make a convolution of stride 1 and "same" padding that holds a kernel.

    Args:
        weight: Shape ``(out, in, k, k)``.
        bias: Shape ``(out,)``, or None.
        padding_mode: As of ``nn.Conv2d``.

    Returns:
        The layer; its weight is the given one.

    Example:
        >>> convolution(torch.ones(4, 3, 1, 1), None)
        Conv2d(3, 4, kernel_size=(1, 1), stride=(1, 1), padding=same, bias=False)
    """
    outputs, inputs, height, width = weight.shape
    layer = nn.Conv2d(
        inputs,
        outputs,
        (height, width),
        bias=bias is not None,
        padding="same",
        padding_mode=padding_mode,
        device="meta",
    )
    _hold(layer, weight, bias)
    return layer


def _hold(layer: nn.Linear | nn.Conv2d, weight: Tensor, bias: Tensor | None) -> None:
    layer.weight = nn.Parameter(weight.detach(), requires_grad=False)
    if bias is not None:
        layer.bias = nn.Parameter(bias.detach().clone(), requires_grad=False)
