"""Block convolution orthogonal parametrisation (BCOP): Li, Haque et al., NeurIPS 2019, arXiv 1911.00937."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from analysis.lipschitz.arithmetic import careful
from analysis.lipschitz.bjorck import BjorckLinear, orthogonalise, shrunk
from analysis.lipschitz.bounded import Shape
from analysis.lipschitz.products import KernelLayer


def compose(channel: Tensor, bases: Tensor) -> Tensor:
    r"""Multiply projectors out to the kernel of an orthogonal convolution.

    For a projector :math:`P = Q Q^\top` the filter of two taps :math:`P z + (I - P)` is unitary at every frequency
    :math:`|z| = 1`: it shifts the range of P by one pixel and leaves the rest. A 2 x 2 kernel is the product of one
    such filter in each direction, a k x k kernel the matrix convolution of k - 1 of those, and

    .. math:: K(z, w) = H \prod_{t=1}^{k-1} F_{2t-1}(z)\, F_{2t}(w)

    is orthogonal where H is. Where Q has not quite orthonormal columns, :math:`0 \preceq P \preceq I` and
    :math:`\|P z + (I - P)\| \le 1` still, so that norms never exceed that of H. In every second filter of either
    direction P and I - P change places, so that equal projectors give H on the central tap.

    Args:
        channel: H, shape ``(out, in)``.
        bases: Q of each filter, shape ``(2 (k - 1), c, rank)``, norms at most 1; c is the larger of out and in.

    Returns:
        Shape ``(out, in, k, k)``.

    Example:
        >>> compose(torch.ones(1, 1), torch.ones(4, 1, 1))[0, 0]
        tensor([[0., 0., 0.],
                [0., 1., 0.],
                [0., 0., 0.]])
    """
    outputs, inputs = channel.shape
    kernel = (channel if outputs <= inputs else channel.mT)[None, None]
    for index, basis in enumerate(bases):
        direction, swapped = index % 2, index // 2 % 2
        shifted = (kernel @ basis) @ basis.mT
        left = kernel - shifted
        first, second = (shifted, left) if swapped else (left, shifted)
        kernel = _pad(first, direction, before=0) + _pad(second, direction, before=1)
    kernel = kernel.permute(2, 3, 0, 1)
    return kernel if outputs <= inputs else kernel.transpose(0, 1)


def _pad(taps: Tensor, direction: int, *, before: int) -> Tensor:
    """Add a tap of zeros before or after the others; taps are the first two axes."""
    return F.pad(taps, [0, 0, 0, 0, *([0, 0] if direction == 0 else []), before, 1 - before])


class BCOPLinear(BjorckLinear):
    """Dense layer of networks of :class:`BCOPConv2d`: a Björck layer, as at the head of the published networks.

    Example:
        >>> BCOPLinear(784, 784)(torch.zeros(2, 784)).shape
        torch.Size([2, 784])
    """


class BCOPConv2d(KernelLayer):
    r"""Orthogonal convolution with circular "same" padding: its Jacobian's singular values are all 1, or 1 and 0.

    Its parameter holds 2 k - 1 square matrices of the larger number of channels c, all made orthogonal by
    :func:`analysis.lipschitz.bjorck.orthogonalise`: H, cut to ``(out, in)``, and the bases of the projectors of
    :func:`compose`, cut to c // 2 columns, as published. Zero padding would make it a compression of the orthogonal
    map, of norm 1 still, but not orthogonal; on a circle it is orthogonal at every image side of at least k // 2.

    Where channels are kept, the layer starts as the identity: H is that, and all bases are the same random ones. (On
    digits that trained better than bases along the channels, and than bases drawn apart, which start as a blur.)

    Example:
        >>> BCOPConv2d(16, 16, 3)(torch.zeros(2, 16, 8, 8)).shape
        torch.Size([2, 16, 8, 8])
    """

    padding_mode = "circular"

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int = 3, *, bias: bool = False) -> None:
        super().__init__(in_channels, out_channels, kernel_size, bias=bias)
        channels = max(in_channels, out_channels)
        matrices = nn.init.orthogonal_(torch.empty(channels, channels)).repeat(2 * kernel_size - 1, 1, 1)
        if in_channels == out_channels:
            nn.init.eye_(matrices[0])
        self.parameter = nn.Parameter(matrices)

    @property
    def weight(self) -> Tensor:
        """The kernel that the layer applies, shape ``(out, in, k, k)``."""
        matrices = orthogonalise(careful(self.parameter, training=self.training))
        rank = matrices.shape[-1] // 2
        kernel = compose(matrices[0, : self.out_channels, : self.in_channels], matrices[1:, :, :rank])
        return shrunk(kernel.to(self.parameter.dtype), matrices.shape[-1] * self.kernel_size**2)

    def derive(self, shape: Shape) -> tuple[Tensor, ...]:
        """Return the kernel.

        Args:
            shape: ``(in, h, w)``.

        Returns:
            The kernel alone.

        Raises:
            ValueError: If a side is shorter than the padding, which would have to go round the circle twice.
        """
        if min(shape[1:]) < self.kernel_size // 2:
            raise ValueError(
                f"circular padding of a kernel of side {self.kernel_size} needs images of side "
                f"{self.kernel_size // 2} at least, got {shape[1:]}"
            )
        return super().derive(shape)
