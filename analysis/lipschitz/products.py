"""Layers that are one matrix or one kernel, however it is derived."""

from abc import abstractmethod
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from analysis.lipschitz import held
from analysis.lipschitz.bounded import Shape
from analysis.lipschitz.derived import Derived
from analysis.lipschitz.starts import refuse_even


class MatrixLayer(Derived):
    r"""Dense layer :math:`y = W x + b` with a derived W.

    Args:
        in_features: Size of the input.
        out_features: Size of the output.
        bias: Whether b is learned. The thesis's networks have none.
    """

    def __init__(self, in_features: int, out_features: int, *, bias: bool = False) -> None:
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self.bias = nn.Parameter(torch.zeros(out_features)) if bias else None

    @property
    @abstractmethod
    def weight(self) -> Tensor:
        """The matrix that the layer applies, shape ``(out, in)``."""

    def derive(self, shape: Shape) -> tuple[Tensor, ...]:
        """Return the matrix."""
        return (self.weight,)

    def transform(self, x: Tensor, *derived: Tensor) -> Tensor:
        """Map shape ``(n, in)`` to ``(n, out)``."""
        return F.linear(x, derived[0], self.bias)

    def freeze(self, *derived: Tensor) -> nn.Module:
        """Make a dense layer."""
        return held.linear(derived[0], self.bias)

    def extra_repr(self) -> str:
        """Show the sizes in ``repr``."""
        return f"{self.in_features}, {self.out_features}, bias={self.bias is not None}"


class KernelLayer(Derived):
    """Convolution of stride 1 with a derived kernel, and "same" padding.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel_size: Odd side of the kernel.
        bias: Whether a constant per output channel is learned. The thesis's networks have none.

    Raises:
        ValueError: If ``kernel_size`` is even or not positive.
    """

    padding_mode: Literal["zeros", "circular"] = "zeros"

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int = 3, *, bias: bool = False) -> None:
        super().__init__()
        refuse_even(kernel_size)
        self.in_channels, self.out_channels, self.kernel_size = in_channels, out_channels, kernel_size
        self.bias = nn.Parameter(torch.zeros(out_channels)) if bias else None

    @property
    @abstractmethod
    def weight(self) -> Tensor:
        """The kernel that the layer applies, shape ``(out, in, k, k)``."""

    def derive(self, shape: Shape) -> tuple[Tensor, ...]:
        """Return the kernel."""
        return (self.weight,)

    def transform(self, x: Tensor, *derived: Tensor) -> Tensor:
        """Map shape ``(n, in, h, w)`` to ``(n, out, h, w)``."""
        if self.padding_mode == "zeros":
            return F.conv2d(x, derived[0], self.bias, padding="same")
        frame = F.pad(x, (self.kernel_size // 2,) * 4, mode=self.padding_mode)
        return F.conv2d(frame, derived[0], self.bias)

    def freeze(self, *derived: Tensor) -> nn.Module:
        """Make a convolution."""
        return held.convolution(derived[0], self.bias, padding_mode=self.padding_mode)

    def extra_repr(self) -> str:
        """Show the sizes in ``repr``."""
        sizes = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}"
        return f"{sizes}, bias={self.bias is not None}, padding_mode={self.padding_mode!r}"
