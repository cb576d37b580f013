r"""Truncated exponentials of skew-symmetric maps, :math:`S_n(A) = \sum_{t \le n} A^t / t!`, and their bounds."""

import math
from collections.abc import Callable
from fractions import Fraction

import torch
from torch import Tensor
from torch.nn import functional as F

from analysis.lipschitz.arithmetic import absolute_norm, accumulated, unit_roundoff
from analysis.lipschitz.bounded import Bounded, Shape
from analysis.lipschitz.layout import channels_innermost, resize
from analysis.lipschitz.power import adjoint
from analysis.lipschitz.singular import EPS, convolution_bound

PIECES = 256


def series(x: Tensor, product: Callable[[Tensor], Tensor], terms: int) -> Tensor:
    r"""Compute :math:`S_n(A)\, x = x + A (x + \tfrac12 A (x + \tfrac13 A (x + \dots)))`.

    Args:
        x: Any shape that the product takes.
        product: Applies A.
        terms: n.

    Returns:
        Shape of x.

    Example:
        >>> series(torch.ones(1), lambda x: x, 4)  # 1 + 1 + 1/2 + 1/6 + 1/24
        tensor([2.7083])
    """
    result = x
    for term in range(terms, 0, -1):
        result = torch.add(x, product(result), alpha=1 / term)
    return result


def series_bound(norm: float, terms: int) -> float:
    r"""Upper bound on :math:`\|S_n(A)\|` for every skew-symmetric A with :math:`\|A\| \le \alpha`.

    A is normal with eigenvalues :math:`i \theta`, :math:`|\theta| \le \alpha`, so the norm is at most the largest
    :math:`|S_n(i \theta)|`. The square of that is a polynomial in :math:`s = \theta^2`,
    :math:`1 + \sum_m c_m s^m` with
    :math:`c_m = \sum_{a + b = 2 m} (-1)^{(a - b) / 2} / (a!\, b!)`, :math:`a, b \le n`. On each of 256 pieces [l, h] of
    :math:`[0, \alpha^2]` it is bounded with :math:`s^m \le h^m` where :math:`c_m > 0` and :math:`s^m \ge l^m` where
    :math:`c_m < 0`, after the common power of s is taken out; all in exact fractions.

    Where n leaves the remainder 0 or 3 by 4, the first coefficient is negative, and the bound is 1 up to some
    :math:`\alpha` (for n = 4 up to nearly :math:`2 \sqrt 2`): the series shrinks, and is no approximation but a
    1-Lipschitz map itself.

    Args:
        norm: :math:`\alpha`.
        terms: n, at least 1.

    Returns:
        The bound, 1 or more.

    Example:
        >>> series_bound(1.0, 4), round(series_bound(1.0, 5), 5)
        (1.0, 1.00081)
    """
    coefficients = _excess(terms)
    first = min(coefficients)
    step = Fraction(norm) ** 2 / PIECES
    excess = max(
        (step * (piece + 1)) ** first * _upper(coefficients, first, step * piece, step * (piece + 1))
        for piece in range(PIECES)
    )
    return 1.0 if excess <= 0 else math.sqrt(1 + float(excess)) * (1 + 4 * EPS)


def _excess(terms: int) -> dict[int, Fraction]:
    r"""Coefficients of :math:`|S_n(i \theta)|^2 - 1` that are not zero, by power of :math:`\theta^2`."""
    inverse = [Fraction(1, math.factorial(power)) for power in range(terms + 1)]
    sums = {
        half: sum(
            inverse[power] * inverse[2 * half - power] * (-1) ** abs(half - power)
            for power in range(max(0, 2 * half - terms), min(terms, 2 * half) + 1)
        )
        for half in range(1, terms + 1)
    }
    return {half: Fraction(value) for half, value in sums.items() if value}


def _upper(coefficients: dict[int, Fraction], first: int, low: Fraction, high: Fraction) -> Fraction:
    """Bound the polynomial, divided by its lowest power, between two numbers that are not negative; at least 0."""
    value = sum(c * (high if c > 0 else low) ** (power - first) for power, c in coefficients.items())
    return max(Fraction(value), Fraction(0))


class Exponential(Bounded):
    r"""The map :math:`y = S_n(A)\, x + b` for a zero-padded convolution A that is skew-symmetric.

    With fewer inputs than channels of A zeros are appended, and the first outputs are kept: neither increases a
    distance. A is skew-symmetric as a matrix if its kernel is minus its adjoint, whatever the size of the image, for
    the matrix of the adjoint kernel is the transpose.

    Args:
        weight: Kernel of A, shape ``(width, width, k, k)`` with odd k.
        bias: b, shape ``(outputs,)``, or None.
        inputs: Channels of the input, at most the width.
        outputs: Channels of the output, at most the width.
        terms: n.

    Raises:
        ValueError: If A is not skew-symmetric, bit for bit.
    """

    weight: Tensor
    bias: Tensor | None

    def __init__(self, weight: Tensor, bias: Tensor | None, inputs: int, outputs: int, terms: int) -> None:
        super().__init__()
        if not torch.equal(weight, -adjoint(weight)):
            raise ValueError("expected the kernel of a skew-symmetric convolution")
        self.inputs, self.outputs, self.terms = inputs, outputs, terms
        self.register_buffer("weight", weight.detach())
        self.register_buffer("bias", None if bias is None else bias.detach().clone())

    def forward(self, x: Tensor) -> Tensor:
        """Map shape ``(n, in, h, w)`` to ``(n, out, h, w)``."""
        return rotate(x, self.weight, self.bias, self.inputs, self.outputs, self.terms)

    def lipschitz(self, shape: Shape) -> float:
        """Return :func:`series_bound` at a proven bound on the norm of A."""
        return series_bound(convolution_bound(self.weight, shape[1:]), self.terms)

    def offset(self, shape: Shape) -> float:
        """Norm of b, repeated at every pixel."""
        return 0.0 if self.bias is None else float(self.bias.double().norm()) * math.sqrt(math.prod(shape[1:]))

    def rounding(self, shape: Shape, norm: float) -> float:
        r"""Follow the recursion :math:`h_{t-1} = x + A h_t / t`, its exact norms and its errors.

        A product with m terms errs by at most :math:`\gamma_m |A| |h|`; three more roundings are those of 1 / t, of the
        multiplication with it and of the sum, one more that of the bias.

        Args:
            shape: Of one input, without the batch axis.
            norm: Largest l2 norm of an input.

        Returns:
            The bound, for the precision of the kernel.
        """
        largest, absolute = convolution_bound(self.weight, shape[1:]), absolute_norm(self.weight)
        relative = accumulated(self.weight[0].numel() + 4, unit_roundoff(self.weight))
        error, size = 0.0, norm
        for term in range(self.terms, 0, -1):
            error = largest / term * error + relative * (norm + absolute / term * (size + error))
            size = norm + largest / term * size
        return error + unit_roundoff(self.weight) * (size + error + self.offset(shape))


def rotate(x: Tensor, weight: Tensor, bias: Tensor | None, inputs: int, outputs: int, terms: int) -> Tensor:
    r"""Compute :math:`S_n(A)\, x + b` with a matrix or zero-padded convolution A, on as many channels as it has.

    Args:
        x: Shape ``(n, inputs, ...)``.
        weight: Of A, shape ``(width, width)`` or ``(width, width, k, k)``.
        bias: b, shape ``(outputs,)``, or None.
        inputs: Size of the input, at most the width.
        outputs: Size of the output, at most the width.
        terms: n.

    Returns:
        Shape ``(n, outputs, ...)``.

    Raises:
        ValueError: If the input has another number of channels.

    Example:
        >>> quarter = torch.tensor([[0.0, -1.0], [1.0, 0.0]])
        >>> rotate(torch.tensor([[1.0, 0.0]]), quarter, None, 2, 2, 4)
        tensor([[0.5417, 0.8333]])
    """
    if x.shape[1] != inputs:
        raise ValueError(f"expected {inputs} channels, got {x.shape[1]}")
    if weight.ndim == 2:
        result = series(resize(x, len(weight)), lambda h: F.linear(h, weight), terms)[:, :outputs]
        return result if bias is None else result + bias
    x = channels_innermost(resize(x, len(weight)))
    result = series(x, lambda h: F.conv2d(h, weight, padding="same"), terms)[:, :outputs]
    return result if bias is None else result + bias[:, None, None]
