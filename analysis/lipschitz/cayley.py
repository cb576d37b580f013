r"""Cayley layers: Trockman and Kolter, ICLR 2021, arXiv 2104.07167.

The Cayley transform of a skew matrix A, :math:`(I - A)(I + A)^{-1}`, is orthogonal: one inverse makes any matrix
orthogonal, exactly.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn

from analysis.lipschitz.arithmetic import careful
from analysis.lipschitz.products import MatrixLayer
from analysis.lipschitz.spectral import FourierLayer

# Side of the largest matrix that is left to LAPACK. The batched LU of torch 2.13 with MKL fails for sides from about
# 150 on, once torch.set_num_threads was called with more than one; and products by blocks are 1.3 to 2 times as fast.
LARGEST = 32


def cayley(matrix: Tensor) -> Tensor:
    r"""Make matrices orthogonal (unitary, where complex) by the Cayley transform.

    With U the top square of a tall matrix and V the rest, :math:`A = U - U^H + V^H V` and
    :math:`M = (I + A)^{-1}`, the columns of

    .. math:: Q = \begin{pmatrix} (I - A)(I + A)^{-1} \\ -2 V (I + A)^{-1} \end{pmatrix}
                = \begin{pmatrix} 2 M - I \\ -2 V M \end{pmatrix}

    are orthonormal: :math:`(I + A)^H (Q^H Q - I)(I + A) = 4 (I + V^H V) - 2 (I + A)^H - 2 (I + A) = 0`.
    :math:`I + A` is never singular: its Hermitian part is :math:`I + V^H V`. Wide matrices are transposed.

    Args:
        matrix: Shape ``(..., rows, columns)``, real or complex.

    Returns:
        Same shape; all singular values are 1.

    Example:
        >>> cayley(torch.zeros(2, 2))
        tensor([[1., 0.],
                [0., 1.]])
    """
    rows, columns = matrix.shape[-2:]
    if rows < columns:
        return cayley(matrix.mH).mH
    identity = torch.eye(columns, dtype=matrix.dtype, device=matrix.device)
    top, rest = matrix[..., :columns, :], matrix[..., columns:, :]
    skew = top - top.mH
    if rows == columns:
        return 2 * _inverse(identity + skew) - identity
    inverse = _inverse(identity + skew + rest.mH @ rest)
    return torch.cat((2 * inverse - identity, -2 * rest @ inverse), dim=-2)


class _Inverse(torch.autograd.Function):
    r"""Inverse M of matrices whose Hermitian part is at least I, with the backward pass :math:`-M^H G M^H`."""

    generate_vmap_rule = True

    @staticmethod
    def forward(matrix: Tensor) -> Tensor:
        return _by_blocks(matrix)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: Tensor) -> None:
        ctx.save_for_backward(output)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (inverse,) = ctx.saved_tensors
        adjoint = inverse.mH.resolve_conj()  # once for both products
        gradient: Tensor = -(adjoint @ (gradients[0] @ adjoint))
        return gradient


def _by_blocks(matrix: Tensor) -> Tensor:
    r"""Invert by blocks, :math:`S = D - C A^{-1} B`.

    .. math:: \begin{pmatrix} A & B \\ C & D \end{pmatrix}^{-1} = \begin{pmatrix}
              A^{-1} + A^{-1} B S^{-1} C A^{-1} & -A^{-1} B S^{-1} \\ -S^{-1} C A^{-1} & S^{-1} \end{pmatrix}

    Stable without pivots: the Hermitian part of A is at least I, and :math:`S^{-1}` is a block of the inverse, so that
    neither inverse has a norm above 1.

    Args:
        matrix: Shape ``(..., n, n)``, with such a Hermitian part.

    Returns:
        The inverse.
    """
    size = matrix.shape[-1]
    if size <= LARGEST:
        # Without the check of torch.linalg.inv, which would wait for the device at every step.
        inverse: Tensor = torch.linalg.inv_ex(matrix).inverse
        return inverse
    half = size // 2
    upper, lower = matrix[..., :half, :], matrix[..., half:, :]
    first = _by_blocks(upper[..., :half])
    left = lower[..., :half] @ first
    last = _by_blocks(lower[..., half:] - left @ upper[..., half:])
    corner = first @ upper[..., half:] @ last
    return torch.cat(
        (torch.cat((first + corner @ left, -corner), dim=-1), torch.cat((-last @ left, last), dim=-1)), dim=-2
    )


def _inverse(matrix: Tensor) -> Tensor:
    inverse: Tensor = _Inverse.apply(matrix)  # type: ignore[no-untyped-call]
    return inverse


class CayleyLinear(MatrixLayer):
    r"""Dense Cayley layer :math:`y = Q x + b`, Q the Cayley transform of :math:`\alpha P / \|P\|_F`.

    Of any sizes: Q has orthonormal rows or columns. :math:`\alpha` is learned; it begins as :math:`\|P\|_F`.

    Example:
        >>> CayleyLinear(784, 784)(torch.zeros(2, 784)).shape
        torch.Size([2, 784])
    """

    def __init__(self, in_features: int, out_features: int, *, bias: bool = False) -> None:
        super().__init__(in_features, out_features, bias=bias)
        self.parameter = nn.Parameter(_start(out_features, in_features))
        self.scale = nn.Parameter(self.parameter.detach().norm())

    @property
    def weight(self) -> Tensor:
        """The matrix that the layer applies, shape ``(out, in)``."""
        matrix = _scaled(careful(self.parameter, training=self.training), self.scale)
        return cayley(matrix).to(self.parameter.dtype)


class CayleyConv2d(FourierLayer):
    r"""Cayley convolution with circular padding and stride 1, of any numbers of channels.

    At each frequency of the image's own grid, the Cayley transform of the matrix of the kernel
    :math:`\alpha K / \|K\|_F`: an orthogonal map, if there are as many channels out as in. :math:`\alpha` is learned;
    it begins as :math:`\|K\|_F`, so it does not depend on the size of the images (the paper divides by the norm
    of the spectrum, which is that of the kernel times the square root of the number of pixels).

    Example:
        >>> CayleyConv2d(16, 16, 3)(torch.zeros(2, 16, 8, 8)).shape
        torch.Size([2, 16, 8, 8])
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int = 3, *, bias: bool = False) -> None:
        super().__init__(in_channels, out_channels, kernel_size, bias=bias)
        self.parameter = nn.Parameter(_start(out_channels, in_channels, kernel_size, kernel_size))
        self.scale = nn.Parameter(self.parameter.detach().norm())

    @property
    def kernel(self) -> Tensor:
        """The kernel whose spectrum is made orthogonal."""
        return _scaled(self.parameter, self.scale)

    def orthogonal(self, matrices: Tensor) -> Tensor:
        """Apply the Cayley transform."""
        return cayley(matrices)


def _start(outputs: int, inputs: int, *sides: int) -> Tensor:
    """As torch's own layers start; the paper's code has no other."""
    return nn.init.kaiming_uniform_(torch.empty(outputs, inputs, *sides), a=math.sqrt(5))


def _scaled(parameter: Tensor, scale: Tensor) -> Tensor:
    tiny = torch.finfo(parameter.dtype).tiny  # keeps 0/0 out
    scaled: Tensor = parameter * (scale / parameter.norm().clamp_min(tiny))
    return scaled
