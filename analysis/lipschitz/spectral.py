"""Convolutions that hold one matrix per frequency: layers that derive them, and what is proven of them."""

import math
from abc import abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from analysis.lipschitz.arithmetic import careful, unit_roundoff
from analysis.lipschitz.bounded import Bounded, Shape
from analysis.lipschitz.derived import Derived
from analysis.lipschitz.fourier import multiply, multiply_rounding, spectrum
from analysis.lipschitz.singular import dense_bound
from analysis.lipschitz.starts import refuse_even


class FourierLayer(Derived):
    r"""Convolution of stride 1 that applies, at each frequency, a matrix derived from that of a kernel.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel_size: Odd side of the kernel.
        bias: Whether a constant per output channel is learned. The thesis's networks have none.

    Raises:
        ValueError: If ``kernel_size`` is even or not positive.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int = 3, *, bias: bool = False) -> None:
        super().__init__()
        refuse_even(kernel_size)
        self.in_channels, self.out_channels, self.kernel_size = in_channels, out_channels, kernel_size
        self.bias = nn.Parameter(torch.zeros(out_channels)) if bias else None

    @property
    def frame(self) -> int:
        """Breadth of the frame of zeros that images are put into; 0 for circular convolution on their own grid."""
        return 0

    @property
    @abstractmethod
    def kernel(self) -> Tensor:
        """The kernel whose spectrum is made orthogonal."""

    @abstractmethod
    def orthogonal(self, matrices: Tensor) -> Tensor:
        """Derive the matrices that are applied.

        Args:
            matrices: Spectrum of the kernel, one matrix per frequency.

        Returns:
            One matrix of norm at most 1 per frequency.
        """

    def derive(self, shape: Shape) -> tuple[Tensor, ...]:
        """Return the spectrum on the grid of framed images, and the sides of that grid."""
        sides = [side + 2 * self.frame for side in shape[1:]]
        kernel = self.kernel
        matrices = self.orthogonal(spectrum(careful(kernel, training=self.training), sides))
        return matrices.to(kernel.dtype.to_complex()), torch.tensor(sides)

    def transform(self, x: Tensor, *derived: Tensor) -> Tensor:
        """Map shape ``(n, in, h, w)`` to ``(n, out, h, w)``."""
        return framed(x, self.frame, self.bias, derived[0])

    def freeze(self, *derived: Tensor) -> nn.Module:
        """Make a convolution that holds the spectrum."""
        matrices, sides = derived
        return FourierConvolution(matrices, self.bias, tuple(sides.tolist()), frame=self.frame)

    def extra_repr(self) -> str:
        """Show the sizes in ``repr``."""
        sizes = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}"
        return f"{sizes}, bias={self.bias is not None}"


def framed(x: Tensor, frame: int, bias: Tensor | None, matrices: Tensor) -> Tensor:
    """Convolve images inside a frame of zeros, cut the frame off and add a constant to each channel.

    Args:
        x: Shape ``(n, in, h, w)``.
        frame: Its breadth; 0 for circular convolution on the image's own grid.
        bias: Shape ``(out,)``, or None.
        matrices: Spectrum on the grid of the framed image.

    Returns:
        Shape ``(n, out, h, w)``.

    Example:
        >>> framed(torch.ones(2, 3, 6, 6), 1, None, spectrum(torch.ones(4, 3, 3, 3), (8, 8))).shape
        torch.Size([2, 4, 6, 6])
    """
    height, width = x.shape[-2:]
    y = multiply(F.pad(x, (frame,) * 4) if frame else x, matrices)
    y = y[..., frame : frame + height, frame : frame + width]
    return y if bias is None else y + bias[:, None, None]


class FourierConvolution(Bounded):
    r"""Circular convolution that holds its spectrum, for images of one size.

    Its norm is at most the largest singular value over the frequencies that are held: those of generic columns are
    applied as they are (and conjugated, for the other half), those of self-conjugate columns as the average of one
    matrix and the conjugate of another, of which none is larger. A frame of zeros is an isometry, to cut it off a
    projection.

    Args:
        matrices: Spectrum, shape ``(h * (w // 2 + 1), out, in)``, complex. It is held as real numbers, with a last
            axis of 2, because ``Module.double`` leaves complex parameters as they are.
        bias: Shape ``(out,)``, or None.
        sides: Height and width of the grid, the frame included.
        frame: Breadth of the frame of zeros.
    """

    def __init__(self, matrices: Tensor, bias: Tensor | None, sides: tuple[int, ...], *, frame: int = 0) -> None:
        super().__init__()
        self.matrices = hold(matrices)
        self.bias = None if bias is None else nn.Parameter(bias.detach().clone(), requires_grad=False)
        self.sides, self.frame = sides, frame

    def forward(self, x: Tensor) -> Tensor:
        """Map shape ``(n, in, h, w)`` to ``(n, out, h, w)``."""
        refuse_other_sides(x, tuple(side - 2 * self.frame for side in self.sides))
        return framed(x, self.frame, self.bias, torch.view_as_complex(self.matrices))

    def lipschitz(self, shape: Shape) -> float:
        """Largest singular value over the frequencies."""
        return dense_bound(torch.view_as_complex(self.matrices))

    def offset(self, shape: Shape) -> float:
        """Norm of the constant image."""
        if self.bias is None:
            return 0.0
        return float(self.bias.detach().double().norm()) * math.sqrt(math.prod(shape[1:]))

    def rounding(self, shape: Shape, norm: float) -> float:
        """That of the product, and one rounding where the bias is added."""
        matrices = torch.view_as_complex(self.matrices)
        error = multiply_rounding(matrices, self.sides) * norm
        if self.bias is None:
            return error
        return error + unit_roundoff(matrices) * (self.lipschitz(shape) * norm + error + self.offset(shape))


def hold(matrices: Tensor) -> nn.Parameter:
    """Wrap a complex tensor as a real parameter with a last axis of 2.

    Args:
        matrices: Complex, of any shape.

    Returns:
        The parameter, without gradient.

    Example:
        >>> hold(torch.zeros(3, 4, dtype=torch.complex64)).shape
        torch.Size([3, 4, 2])
    """
    return nn.Parameter(torch.view_as_real(matrices.detach().resolve_conj()).contiguous(), requires_grad=False)


def refuse_other_sides(x: Tensor, sides: tuple[int, ...]) -> None:
    """Refuse images of another size than a spectrum was derived for.

    Args:
        x: Shape ``(n, c, h, w)``.
        sides: The height and width that are allowed.

    Raises:
        ValueError: If the images have others.
    """
    if tuple(x.shape[-2:]) != sides:
        raise ValueError(f"derived for images of {sides[0]} x {sides[1]}, got {x.shape[-2]} x {x.shape[-1]}")
