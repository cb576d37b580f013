r"""Two products with relu between them, and the proof that the Sandwich layer is 1-Lipschitz.

The proof (after the paper's Theorem 3.2). With s the square of the norm of :math:`(S\; T)`, D the diagonal of relu's
slopes, :math:`0 \le D \le 1`, and :math:`P = S^\top D S`, the Jacobian :math:`J = S^\top D T` has

.. math:: J J^\top = S^\top D T T^\top D S \preceq S^\top D (s - S S^\top) D S
          = s S^\top D^2 S - P^2 \preceq s P - P^2 \preceq s^2 / 4,

so its norm is at most s / 2: 1 for orthonormal rows. Slopes of a difference quotient lie between 0 and 1 too, hence
the bound holds for all pairs of inputs.
"""

import math
from abc import abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from analysis.lipschitz.arithmetic import absolute_norm, accumulated, unit_roundoff
from analysis.lipschitz.bounded import Bounded, Shape
from analysis.lipschitz.fourier import multiply, multiply_rounding
from analysis.lipschitz.singular import EPS, dense_bound
from analysis.lipschitz.spectral import hold, refuse_other_sides


def dense(x: Tensor, tall: Tensor, shift: Tensor) -> Tensor:
    r"""Apply :math:`y = S^\top \operatorname{relu}(T x + c)`.

    Args:
        x: Shape ``(n, in)``.
        tall: S above the transpose of T, shape ``(out + in, out)``.
        shift: c, shape ``(out,)``.

    Returns:
        Shape ``(n, out)``.
    """
    outputs = tall.shape[1]
    return F.linear(F.linear(x, tall[outputs:].mT, shift).relu(), tall[:outputs])


def circular(x: Tensor, tall: Tensor, shift: Tensor) -> Tensor:
    r"""Apply :math:`y = S^\top \operatorname{relu}(T x + c)` with circular convolutions S and T.

    Args:
        x: Shape ``(n, in, h, w)``.
        tall: S above the adjoint of T at each frequency, shape ``(h * (w // 2 + 1), out + in, out)``, complex.
        shift: c, shape ``(out,)``.

    Returns:
        Shape ``(n, out, h, w)``.
    """
    outputs = tall.shape[2]
    hidden = multiply(x, tall[:, outputs:].mH) + shift[:, None, None]
    return multiply(hidden.relu(), tall[:, :outputs])


class _Held(Bounded):
    """Two products with relu between them."""

    shift: Tensor

    @abstractmethod
    def norm(self) -> float:
        r"""Bound on the norm of :math:`(S\; T)`."""

    @abstractmethod
    def product_errors(self) -> tuple[float, float]:
        """Relative rounding errors of the products with T and with S, in units of the norms of their inputs."""

    def lipschitz(self, shape: Shape) -> float:
        """S / 2, as proven above."""
        return self.norm() ** 2 / 2 * (1 + 4 * EPS)

    def offset(self, shape: Shape) -> float:
        """What S makes of the shift."""
        return self.norm() * self._shift_norm(shape)

    def rounding(self, shape: Shape, norm: float) -> float:
        """The error of the first product and sum, grown by at most the norm of S, and that of the second product."""
        largest, shift = self.norm(), self._shift_norm(shape)
        first, second = self.product_errors()
        unit = unit_roundoff(self.shift)
        error = first * norm * (1 + unit) + unit * (largest * norm + shift)
        return largest * error + second * (largest * norm + shift + error)

    def _shift_norm(self, shape: Shape) -> float:
        return float(self.shift.detach().double().norm()) * math.sqrt(math.prod(shape[1:]))


class HeldSandwich(_Held):
    r"""Dense Sandwich layer that holds its matrices.

    Args:
        tall: S above the transpose of T, shape ``(out + in, out)``.
        shift: Shape ``(out,)``.
    """

    def __init__(self, tall: Tensor, shift: Tensor) -> None:
        super().__init__()
        self.tall = nn.Parameter(tall.detach(), requires_grad=False)
        self.shift = nn.Parameter(shift.detach(), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map shape ``(n, in)`` to ``(n, out)``."""
        return dense(x, self.tall, self.shift)

    def norm(self) -> float:
        """Largest singular value."""
        return dense_bound(self.tall)

    def product_errors(self) -> tuple[float, float]:
        """Those of sums of products, as of any dense layer; the shift is one more term of the first."""
        above, below = self.tall[: len(self.shift)], self.tall[len(self.shift) :]
        unit = unit_roundoff(self.tall)
        return (
            accumulated(len(below) + 1, unit) * absolute_norm(below),
            accumulated(len(above), unit) * absolute_norm(above),
        )


class HeldCircularSandwich(_Held):
    r"""Circular Sandwich convolution that holds its matrices, for images of one size.

    Args:
        tall: S above the adjoint of T at each frequency, shape ``(h * (w // 2 + 1), out + in, out)``, complex.
        shift: Shape ``(out,)``.
        sides: Height and width of the images.
    """

    def __init__(self, tall: Tensor, shift: Tensor, sides: tuple[int, ...]) -> None:
        super().__init__()
        self.tall = hold(tall)
        self.shift = nn.Parameter(shift.detach(), requires_grad=False)
        self.sides = sides

    def forward(self, x: Tensor) -> Tensor:
        """Map shape ``(n, in, h, w)`` to ``(n, out, h, w)``."""
        refuse_other_sides(x, self.sides)
        return circular(x, torch.view_as_complex(self.tall), self.shift)

    def norm(self) -> float:
        """Largest singular value over the frequencies, as of a :class:`FourierConvolution`."""
        return dense_bound(torch.view_as_complex(self.tall))

    def product_errors(self) -> tuple[float, float]:
        """Those of circular convolutions."""
        tall = torch.view_as_complex(self.tall)
        outputs = len(self.shift)
        return multiply_rounding(tall[:, outputs:].mH, self.sides), multiply_rounding(tall[:, :outputs], self.sides)
