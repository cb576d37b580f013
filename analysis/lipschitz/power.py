"""Norms that a layer divides by: estimated while it trains, proven where it is used."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from analysis.lipschitz.bounded import Shape
from analysis.lipschitz.singular import convolution_bound, dense_bound

STEPS_AT_START = 10
STEPS_IN_TRAINING = 2  # of one, weights that move fast ran away from the vector: estimates 8 % low, of two 5 %
STEPS_IN_EVALUATION = 20  # for the gradient alone


class Norm(nn.Module):
    r"""Operator norm of a matrix, or of a zero-padded convolution.

    In training mode an estimate from below, :math:`\|W u\|` for the unit vector u that two steps of power iteration,
    :math:`u \leftarrow W^\top W u` normalised, make of the last one. Its gradient takes u as constant. In evaluation
    mode a proven upper bound for images of the sides at hand (:func:`analysis.lipschitz.singular.dense_bound`,
    :func:`analysis.lipschitz.singular.convolution_bound`); there u gives only the gradient.

    For a convolution u is an image on a circular grid of :math:`6 (k - 1)` pixels a side, so that it fits inputs of
    every size. The largest singular value over its frequencies is no larger than that over all, and little smaller:
    the square of each is a trigonometric polynomial of degree k - 1.

    The vector is a buffer that exists from construction. The forward pass only reads it; u takes its place in the
    backward pass, when the weight is about to move. So passes without one have no side effect, and pass after pass the
    same weight gives the same output.

    Args:
        weight: What it is the norm of, as it starts; shape ``(out, in)`` or ``(out, in, k, k)``.
    """

    vector: Tensor

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.taker: Callable[[Tensor], None] | None = None  # who keeps the vector of training passes under torch.func
        sides = [max(1, 6 * (size - 1)) for size in weight.shape[2:]]
        vector = torch.randn(1, weight.shape[1], *sides, dtype=weight.dtype, device=weight.device)
        self.register_buffer("vector", _iterate(weight, vector, STEPS_AT_START))

    def forward(self, weight: Tensor, shape: Shape, *, keep: bool = False) -> Tensor:
        """Estimate or bound the norm.

        Args:
            weight: Of the shape given at construction.
            shape: Of one input, without the batch axis.
            keep: Whether a backward pass keeps the vector. Not where ``torch.func`` puts other tensors in the place of
                parameters, as that must have no side effect.

        Returns:
            A scalar.
        """
        vector = _iterate(weight, self.vector, STEPS_IN_TRAINING if self.training else STEPS_IN_EVALUATION)
        estimate: Tensor = torch.linalg.vector_norm(_product(weight, vector))
        if not self.training:
            return estimate / estimate.detach().clamp_min(_tiny(weight)) * proven_norm(weight, shape)
        if keep and estimate.requires_grad:
            estimate.register_hook(lambda gradient: self._keep(vector))
        elif self.taker is not None:
            self.taker(vector)
        return estimate

    def _keep(self, vector: Tensor) -> None:
        self.vector.copy_(vector)


def proven_norm(weight: Tensor, shape: Shape) -> float:
    """Upper bound on the norm of a matrix, or of a zero-padded convolution of images.

    Args:
        weight: Shape ``(out, in)`` or ``(out, in, k, k)``.
        shape: Of one input, without the batch axis.

    Returns:
        The bound, at least the exact norm.

    Example:
        >>> proven_norm(2 * torch.eye(3), (3,)) - 2 < 1e-13
        True
    """
    return dense_bound(weight) if weight.ndim == 2 else convolution_bound(weight, shape[1:])


def adjoint(weight: Tensor) -> Tensor:
    r"""Weight of the transposed map: channels swapped, and taps mirrored.

    Args:
        weight: Shape ``(out, in)``, or ``(out, in, k, k)`` with odd k and "same" padding, zero or circular.

    Returns:
        Shape ``(in, out)`` or ``(in, out, k, k)``.

    Example:
        >>> adjoint(torch.tensor([[1.0, 2.0]]))
        tensor([[1.],
                [2.]])
    """
    return weight.mT if weight.ndim == 2 else weight.transpose(0, 1).flip((2, 3))  # a flip copies, even of no axis


@torch.no_grad()
def _iterate(weight: Tensor, vector: Tensor, steps: int) -> Tensor:
    back, tiny = adjoint(weight), _tiny(weight)
    for _ in range(steps):
        vector = _product(back, _product(weight, vector))
        vector = vector / torch.linalg.vector_norm(vector).clamp_min(tiny)
    return vector


def _product(weight: Tensor, vector: Tensor) -> Tensor:
    if weight.ndim == 2:
        return F.linear(vector, weight)
    frame = [size // 2 for size in reversed(weight.shape[2:]) for _ in range(2)]
    return F.conv2d(F.pad(vector, frame, mode="circular"), weight)


def _tiny(weight: Tensor) -> float:
    """A norm below which weights are zero: its square, and the square of its inverse, are finite."""
    return math.sqrt(torch.finfo(weight.dtype).tiny)
