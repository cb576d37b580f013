r"""Sandwich layers: Wang and Manchester, ICML 2023, arXiv 2301.11526.

:math:`y = \sqrt 2 A^\top \Psi \operatorname{relu}(\sqrt 2 \Psi^{-1} B x + b)` with orthonormal rows of
:math:`(A\; B)` and a positive diagonal :math:`\Psi`. Because relu is positively homogeneous,
:math:`\Psi` may be moved inside, where only the bias meets it:

.. math:: y = S^\top \operatorname{relu}(T x + \Psi b), \qquad (S\; T) = \sqrt 2\, (A\; B).

That is what is computed here, so nothing depends on :math:`\Psi \Psi^{-1}` being rounded to 1. Without a bias there
is no :math:`\Psi`.

Why this is 1-Lipschitz is shown in :mod:`analysis.lipschitz.sandwiched`.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from analysis.lipschitz.arithmetic import careful
from analysis.lipschitz.bounded import Shape
from analysis.lipschitz.cayley import cayley
from analysis.lipschitz.derived import Derived
from analysis.lipschitz.fourier import spectrum
from analysis.lipschitz.sandwiched import HeldCircularSandwich, HeldSandwich, circular, dense
from analysis.lipschitz.starts import refuse_even

TURN = 0.1  # times about 2: the norm of the argument of the start's Cayley transform


class _Sandwich(Derived):
    """What both kinds derive from: the argument of the Cayley transform, and the shift inside.

    Args:
        inputs: Channels of the input.
        outputs: Channels of the output, and of what relu is applied to.
        sides: Of the kernel; none for a matrix.
        bias: Whether b and Psi are learned.
    """

    def __init__(self, inputs: int, outputs: int, sides: tuple[int, ...], *, bias: bool) -> None:
        super().__init__()
        self.inputs, self.outputs = inputs, outputs
        self.parameter = nn.Parameter(_central(sandwich_start(inputs, outputs), sides))
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None
        self.log_scale = nn.Parameter(torch.zeros(outputs)) if bias else None

    def shift(self) -> Tensor:
        """Psi b, or zeros, shape ``(out,)``."""
        if self.bias is None or self.log_scale is None:
            return self.parameter.new_zeros(self.outputs)
        return self.log_scale.exp() * self.bias

    def extra_repr(self) -> str:
        """Show the sizes in ``repr``."""
        return f"{self.inputs}, {self.outputs}, bias={self.bias is not None}"


def sandwich_start(inputs: int, outputs: int) -> Tensor:
    r"""Argument of the Cayley transform for which the layer is :math:`\operatorname{relu}(R x)`, R nearly the identity.

    With U = 0 and :math:`V = -(\sqrt 2 - 1) R^\top`, R orthogonal, T is R, and S the identity (where there are more
    outputs than inputs, on the range of R). R is the Cayley transform of a random matrix of norm near 0.2: after the
    first layer nearly all coordinates are positive and pass, and no unit sees zeros alone. The paper starts at
    random; then each layer halves the squared norm of the gradient, and many layers stop it.

    Args:
        inputs: Channels of the input.
        outputs: Channels of the output.

    Returns:
        Shape ``(outputs + inputs, outputs)``.

    Example:
        >>> sandwich_start(1, 1)
        tensor([[ 0.0000],
                [-0.4142]])
    """
    rotation = cayley(TURN * torch.randn(inputs, outputs) / math.sqrt(max(inputs, outputs)))
    return torch.cat((torch.zeros(outputs, outputs), -(math.sqrt(2) - 1) * rotation))


def _central(matrix: Tensor, sides: tuple[int, ...]) -> Tensor:
    """Put a matrix into the middle of a kernel of zeros; the matrix itself, if there are no sides."""
    for side in sides:
        matrix = F.pad(matrix[..., None], (side // 2, side // 2))
    return matrix


class SandwichLinear(_Sandwich):
    r"""Dense Sandwich layer :math:`y = S^\top \operatorname{relu}(T x + \Psi b)`, of any sizes.

    It begins as relu, cut or filled up to the output's size.

    Args:
        in_features: Size of the input.
        out_features: Size of the output.
        bias: Whether b and :math:`\Psi` are learned.

    Example:
        >>> SandwichLinear(784, 784)(torch.zeros(2, 784)).shape
        torch.Size([2, 784])
    """

    def __init__(self, in_features: int, out_features: int, *, bias: bool = False) -> None:
        super().__init__(in_features, out_features, (), bias=bias)

    def derive(self, shape: Shape) -> tuple[Tensor, ...]:
        """Return S above the transpose of T, and the shift."""
        tall = math.sqrt(2) * cayley(careful(self.parameter, training=self.training))
        return tall.to(self.parameter.dtype), self.shift()

    def transform(self, x: Tensor, *derived: Tensor) -> Tensor:
        """Map shape ``(n, in)`` to ``(n, out)``."""
        return dense(x, *derived)

    def freeze(self, *derived: Tensor) -> nn.Module:
        """Make a layer that holds S, T and the shift."""
        return HeldSandwich(*derived)


class SandwichConv2d(_Sandwich):
    r"""Sandwich convolution with circular padding and stride 1, of any numbers of channels.

    S and T are matrices per frequency of the image's own grid; relu acts in space. It begins as relu, cut or filled up
    to the output's channels.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel_size: Odd side of the kernel.
        bias: Whether b and :math:`\Psi` are learned.

    Raises:
        ValueError: If ``kernel_size`` is even or not positive.

    Example:
        >>> SandwichConv2d(16, 16, 3)(torch.zeros(2, 16, 8, 8)).shape
        torch.Size([2, 16, 8, 8])
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int = 3, *, bias: bool = False) -> None:
        refuse_even(kernel_size)
        super().__init__(in_channels, out_channels, (kernel_size, kernel_size), bias=bias)

    def derive(self, shape: Shape) -> tuple[Tensor, ...]:
        """Return S above the adjoint of T at each frequency, the shift, and the sides of the image."""
        kernel = careful(self.parameter, training=self.training)
        tall = math.sqrt(2) * cayley(spectrum(kernel, shape[1:]))
        return tall.to(self.parameter.dtype.to_complex()), self.shift(), torch.tensor(shape[1:])

    def transform(self, x: Tensor, *derived: Tensor) -> Tensor:
        """Map shape ``(n, in, h, w)`` to ``(n, out, h, w)``."""
        return circular(x, *derived[:2])

    def freeze(self, *derived: Tensor) -> nn.Module:
        """Make a layer that holds S, T and the shift."""
        tall, shift, sides = derived
        return HeldCircularSandwich(tall, shift, tuple(sides.tolist()))
