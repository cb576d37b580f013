"""Layer-wise orthogonal training (LOT): Xu, Li and Li, NeurIPS 2022, arXiv 2210.11620."""

from torch import Tensor, nn

from analysis.lipschitz.arithmetic import careful
from analysis.lipschitz.polar import polar
from analysis.lipschitz.products import MatrixLayer
from analysis.lipschitz.spectral import FourierLayer
from analysis.lipschitz.starts import central_start, orthogonal_start


class LOTLinear(MatrixLayer):
    r"""Dense LOT layer :math:`y = (P P^\top)^{-1/2} P x + b`, of any sizes.

    The orthogonal polar factor of the parameter, from below: singular values may be less than 1 where P is nearly
    singular (:func:`analysis.lipschitz.polar.polar`).

    Example:
        >>> LOTLinear(784, 784)(torch.zeros(2, 784)).shape
        torch.Size([2, 784])
    """

    def __init__(self, in_features: int, out_features: int, *, bias: bool = False) -> None:
        super().__init__(in_features, out_features, bias=bias)
        self.parameter = nn.Parameter(orthogonal_start(out_features, in_features))

    @property
    def weight(self) -> Tensor:
        """The matrix that the layer applies, shape ``(out, in)``."""
        return polar(careful(self.parameter, training=self.training)).to(self.parameter.dtype)


class LOTConv2d(FourierLayer):
    r"""LOT convolution of stride 1, of any numbers of channels: from outside, zero "same" padding.

    The image is put into a frame of zeros of breadth ``kernel_size // 2``; on this grid, the matrix :math:`V_f` of
    the kernel at each frequency is replaced by its polar factor :math:`(V_f V_f^H)^{-1/2} V_f`; the frame is cut off.
    The first step is an isometry, the second orthogonal, the third a projection.

    Example:
        >>> LOTConv2d(16, 16, 3)(torch.zeros(2, 16, 8, 8)).shape
        torch.Size([2, 16, 8, 8])
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int = 3, *, bias: bool = False) -> None:
        super().__init__(in_channels, out_channels, kernel_size, bias=bias)
        self.parameter = nn.Parameter(central_start(out_channels, in_channels, kernel_size))

    @property
    def frame(self) -> int:
        """Half of the kernel, as a zero-padded convolution has it."""
        return self.kernel_size // 2

    @property
    def kernel(self) -> Tensor:
        """The kernel whose spectrum is made orthogonal."""
        return self.parameter

    def orthogonal(self, matrices: Tensor) -> Tensor:
        """Take the polar factors."""
        return polar(matrices)
