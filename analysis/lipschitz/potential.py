"""Steps down a convex potential: what the layers CPL and SLL apply, and the proof that it is 1-Lipschitz."""

import math
from abc import abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from analysis.lipschitz.arithmetic import absolute_norm, accumulated, unit_roundoff
from analysis.lipschitz.bounded import Bounded, Shape
from analysis.lipschitz.derived import Derived
from analysis.lipschitz.layout import channels_innermost, resize
from analysis.lipschitz.power import adjoint, proven_norm
from analysis.lipschitz.singular import EPS


class PotentialLayer(Derived):
    r"""Layer :math:`y = x - M^\top \operatorname{relu}(M x + b)` with a derived M, :math:`\|M\|^2 \le 2`.

    Inputs are widened by zeros, or outputs cut to the first ones, where their numbers differ. A bias that is scaled
    together with W, as published, gives the same functions; here b is in units of M x, so that only the direction of W
    counts.

    Args:
        start: W as it starts, shape ``(hidden, width)`` or ``(hidden, width, k, k)``.
        inputs: Size of the input.
        outputs: Size of the output, at most the width, as that of the input.
        bias: Whether b is learned; it is in the published layers.
    """

    def __init__(self, start: Tensor, inputs: int, outputs: int, *, bias: bool) -> None:
        super().__init__()
        self.inputs, self.outputs = inputs, outputs
        self.parameter = nn.Parameter(start)
        self.bias = nn.Parameter(torch.zeros(len(start))) if bias else None

    @abstractmethod
    def contraction(self, shape: Shape, scale: float) -> Tensor:
        """Derive a map of norm at most 1, times a number.

        Args:
            shape: Of one input, without the batch axis.
            scale: The number; in the same pass over the weight where there is one.

        Returns:
            Shape of the parameter.
        """

    def derive(self, shape: Shape) -> tuple[Tensor, ...]:
        """Return M."""
        return (self.contraction(shape, self.root),)

    @property
    def root(self) -> float:
        r"""Nearly :math:`\sqrt 2`: sixteen eps keep the square of the norm of M from exceeding 2 by rounding."""
        return math.sqrt(2) * (1 - 16 * torch.finfo(self.parameter.dtype).eps)

    def transform(self, x: Tensor, *derived: Tensor) -> Tensor:
        """Map shape ``(n, in, ...)`` to ``(n, out, ...)``."""
        return descend(x, derived[0], self.bias, self.inputs, self.outputs)

    def freeze(self, *derived: Tensor) -> nn.Module:
        """Make a step down the potential."""
        return Potential(derived[0], self.bias, self.inputs, self.outputs)

    def extra_repr(self) -> str:
        """Show the sizes in ``repr``."""
        sides = "".join(f", kernel_size={size}" for size in self.parameter.shape[3:])
        return f"{self.inputs}, {self.outputs}{sides}, bias={self.bias is not None}"


class Potential(Bounded):
    r"""The map :math:`y = x - M^\top \operatorname{relu}(M x + b)`, for a matrix or a zero-padded convolution M.

    It is a gradient step of length one on the convex potential :math:`\tfrac12 \|\operatorname{relu}(M x + b)\|^2`.

    *Proof of its bound.* For any two inputs :math:`f(x) - f(y) = (I - M^\top D M)(x - y)`, D diagonal with entries in
    [0, 1]: the slopes of the rectifier between the two. As :math:`0 \preceq M^\top D M \preceq \|M\|^2 I`, the
    eigenvalues of that symmetric matrix lie between :math:`1 - \|M\|^2` and 1, and its norm is at most
    :math:`\max(1, \|M\|^2 - 1)`. Appending zeros and keeping first channels increase no distance.

    Args:
        weight: M, shape ``(hidden, width)`` or ``(hidden, width, k, k)`` with odd k.
        bias: b, shape ``(hidden,)``, or None.
        inputs: Size of the input, at most the width.
        outputs: Size of the output, at most the width.
    """

    weight: Tensor
    bias: Tensor | None

    def __init__(self, weight: Tensor, bias: Tensor | None, inputs: int, outputs: int) -> None:
        super().__init__()
        self.inputs, self.outputs = inputs, outputs
        self.register_buffer("weight", weight.detach())
        self.register_buffer("bias", None if bias is None else bias.detach().clone())

    def forward(self, x: Tensor) -> Tensor:
        """Map shape ``(n, in, ...)`` to ``(n, out, ...)``."""
        return descend(x, self.weight, self.bias, self.inputs, self.outputs)

    def lipschitz(self, shape: Shape) -> float:
        r"""Return :math:`\max(1, \|M\|^2 - 1)`, with a proven bound on the norm."""
        return max(1.0, proven_norm(self.weight, shape) ** 2 * (1 + 4 * EPS) - 1)

    def offset(self, shape: Shape) -> float:
        r"""Return :math:`\|M\| \|b\|`, at least :math:`\|M^\top \operatorname{relu}(b)\|`."""
        return proven_norm(self.weight, shape) * self._bias_norm(shape)

    def rounding(self, shape: Shape, norm: float) -> float:
        r"""Add up three stages: M x + b, the product with the transpose, and the difference.

        A product with m terms errs by at most :math:`\gamma_m |M| |x|`. The first stage's error passes through the
        rectifier, which does not round and increases no distance, and through the second stage; the difference rounds
        once.

        Args:
            shape: Of one input, without the batch axis.
            norm: Largest l2 norm of an input.

        Returns:
            The bound, for the precision of M.
        """
        unit = unit_roundoff(self.weight)
        largest, absolute = proven_norm(self.weight, shape), absolute_norm(self.weight)
        terms, terms_back = (self.weight.numel() // size for size in self.weight.shape[:2])
        bias = self._bias_norm(shape)
        hidden_error = accumulated(terms + 1, unit) * (absolute * norm + bias)
        hidden = largest * norm + bias + hidden_error
        step_error = largest * hidden_error + accumulated(terms_back, unit) * absolute * hidden
        return step_error + unit * (norm + largest * hidden + step_error)

    def _bias_norm(self, shape: Shape) -> float:
        if self.bias is None:
            return 0.0
        return float(self.bias.double().norm()) * math.sqrt(math.prod(shape[1:]))


def descend(x: Tensor, weight: Tensor, bias: Tensor | None, inputs: int, outputs: int) -> Tensor:
    r"""Compute :math:`x - M^\top \operatorname{relu}(M x + b)`.

    Args:
        x: Shape ``(n, inputs, ...)``.
        weight: M, shape ``(hidden, width)`` or ``(hidden, width, k, k)``.
        bias: b, shape ``(hidden,)``, or None.
        inputs: Size of the input, at most the width.
        outputs: Size of the output, at most the width.

    Returns:
        Shape ``(n, outputs, ...)``.

    Example:
        >>> descend(torch.tensor([[1.0, -2.0]]), 2**0.5 * torch.eye(2), None, 2, 2)
        tensor([[-1., -2.]])
    """
    forth, back = weight[:, :inputs], weight[:, :outputs]
    if weight.ndim == 2:
        return torch.addmm(resize(x, outputs), F.linear(x, forth, bias).relu_(), back, alpha=-1)
    x = channels_innermost(x)
    hidden = F.conv2d(x, forth, bias, padding="same").relu_()
    return resize(x, outputs) + F.conv2d(hidden, -adjoint(back), padding="same")  # no pass over the gradient's sign


def orthogonal_taps(width: int, kernel_size: int | None = None) -> Tensor:
    r"""Random orthogonal matrix W, on every pixel alone: the start of CPL and SLL, for which none was published.

    As :math:`M^\top M = 2 I`, every input keeps its norm: :math:`y = x - 2 W^\top \operatorname{relu}(W x) =
    -W^\top |W x|`. A random normal W shrinks most inputs to 0.8 of theirs in each layer of CPL.

    Args:
        width: Rows and columns.
        kernel_size: Odd side of a kernel; None for a matrix.

    Returns:
        Shape ``(width, width)`` or ``(width, width, kernel_size, kernel_size)``.

    Example:
        >>> orthogonal_taps(4, 3).count_nonzero()
        tensor(16)
    """
    matrix = nn.init.orthogonal_(torch.empty(width, width))
    return matrix if kernel_size is None else F.pad(matrix[:, :, None, None], (kernel_size // 2,) * 4)
