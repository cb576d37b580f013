"""Skew orthogonal convolutions (SOC): Singla and Feizi, ICML 2021, arXiv 2105.11417."""

import torch
from torch import Tensor, nn

from analysis.lipschitz import held
from analysis.lipschitz.bounded import Shape
from analysis.lipschitz.derived import Derived
from analysis.lipschitz.exponential import Exponential, rotate
from analysis.lipschitz.power import Norm, adjoint
from analysis.lipschitz.starts import refuse_even

TERMS = 4
ANGLE = 1.0  # largest norm of A: there the series shrinks nothing by more than 0.0062
START = 0.25  # norm of A as it starts, near the identity: there the series shrinks nothing by more than 2e-6


class _Rotation(Derived):
    r"""What both layers share: :math:`y = S_4(A)\, x + b`, A skew-symmetric and of norm at most 1.

    Args:
        shape: Of L, ``(width, width, ...)``.
        inputs: Size of the input, at most the width.
        outputs: Size of the output, at most the width.
        bias: Whether b is learned.
    """

    def __init__(self, shape: Shape, inputs: int, outputs: int, *, bias: bool) -> None:
        super().__init__()
        self.inputs, self.outputs = inputs, outputs
        start = nn.init.normal_(torch.empty(shape))
        self.norm = Norm(skew(start))
        length: Tensor = self.norm(skew(start), shape)
        self.parameter = nn.Parameter(start * (START / length.clamp_min(START)))
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None

    def derive(self, shape: Shape) -> tuple[Tensor, ...]:
        """Return A: the skew-symmetric part of L, divided by its norm where that exceeds one."""
        weight = skew(self.parameter)
        norm: Tensor = self.norm(weight, shape, keep=type(self.parameter) is nn.Parameter)
        return (weight * (ANGLE / norm.clamp_min(ANGLE)),)

    def transform(self, x: Tensor, *derived: Tensor) -> Tensor:
        """Map shape ``(n, in, ...)`` to ``(n, out, ...)``."""
        return rotate(x, derived[0], self.bias, self.inputs, self.outputs, TERMS)

    def extra_repr(self) -> str:
        """Show the sizes in ``repr``."""
        sides = "".join(f", kernel_size={size}" for size in self.parameter.shape[3:])
        return f"{self.inputs}, {self.outputs}{sides}, bias={self.bias is not None}"


def skew(weight: Tensor) -> Tensor:
    r"""Skew-symmetric part of a matrix or a zero-padded convolution: :math:`(L - L^\top) / 2`, exactly so when rounded.

    Args:
        weight: L, shape ``(width, width)`` or ``(width, width, k, k)`` with odd k.

    Returns:
        Same shape.

    Example:
        >>> skew(torch.tensor([[1.0, 2.0], [0.0, 1.0]]))
        tensor([[ 0.,  1.],
                [-1.,  0.]])
    """
    return (weight - adjoint(weight)) / 2


class SOCLinear(_Rotation):
    r"""Dense SOC layer :math:`y = S_4(A)\, x + b`, of any sizes.

    :math:`A = (L - L^\top) / 2`, divided by its norm where that exceeds 1, and :math:`S_4(A) = \sum_{t \le 4} A^t / t!`
    approximates the rotation :math:`e^A`. The published layer takes 5 terms in training, which makes it expand, and 12
    afterwards, which makes it another function. Here it is the same in both modes, and 1-Lipschitz without a remainder:
    A is normal, and :math:`|S_4(i \theta)| \le 1` for :math:`|\theta| \le 2 \sqrt 2`
    (:func:`analysis.lipschitz.exponential.series_bound`); up to :math:`|\theta| = 1` it is at least 0.9938. The norm is
    estimated in training, where it may be wrong by a factor of 2.8 without harm, and bounded in evaluation mode
    (:class:`analysis.lipschitz.power.Norm`); there the layer is one matrix.

    Args:
        in_features: Size of the input.
        out_features: Size of the output; L is square, of the larger of the two: zeros are appended to inputs, and the
            first outputs are kept.
        bias: Whether b is learned.

    Example:
        >>> SOCLinear(784, 784)(torch.zeros(2, 784)).shape
        torch.Size([2, 784])
    """

    def __init__(self, in_features: int, out_features: int, *, bias: bool = True) -> None:
        width = max(in_features, out_features)
        super().__init__((width, width), in_features, out_features, bias=bias)

    def freeze(self, *derived: Tensor) -> nn.Module:
        """Make a dense layer: the map is one matrix."""
        weight = derived[0].double()
        identity = torch.eye(len(weight), dtype=weight.dtype, device=weight.device)
        matrix = rotate(identity, weight, None, len(weight), len(weight), TERMS).mT
        return held.linear(matrix[: self.outputs, : self.inputs].to(derived[0]).contiguous(), self.bias)


class SOCConv2d(_Rotation):
    """SOC with zero "same" padding and stride 1, of any numbers of channels: see :class:`SOCLinear`.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output; L has as many of both as the larger of the two.
        kernel_size: Odd side of the kernel of L; the layer looks four times as far.
        bias: Whether b is learned, one constant per channel.

    Raises:
        ValueError: If ``kernel_size`` is even or not positive.

    Example:
        >>> SOCConv2d(16, 16, 3)(torch.zeros(2, 16, 8, 8)).shape
        torch.Size([2, 16, 8, 8])
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int = 3, *, bias: bool = True) -> None:
        refuse_even(kernel_size)
        width = max(in_channels, out_channels)
        super().__init__((width, width, kernel_size, kernel_size), in_channels, out_channels, bias=bias)

    def freeze(self, *derived: Tensor) -> nn.Module:
        """Make a truncated exponential."""
        return Exponential(derived[0], self.bias, self.inputs, self.outputs, TERMS)
