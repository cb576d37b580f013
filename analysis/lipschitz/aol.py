"""Almost-orthogonal layers (AOL): Prach and Lampert, ECCV 2022, arXiv 2208.03160."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class _ColumnBound(torch.autograd.Function):
    r"""Row sums :math:`r_j = \sum_i |W^\top W|_{ij}`, with a backward pass of one product.

    With :math:`g = \partial L / \partial r`, both arguments of the absolute value contribute
    :math:`W ((g_i + g_j) \operatorname{sign} G_{ij})`, so that one product replaces autograd's two. Where
    :math:`|G_{ij}|` is rounding noise the sign is taken as 0, a valid subgradient: after an orthogonal start
    every off-diagonal entry is such noise, and would otherwise steer the first steps.
    """

    @staticmethod
    def forward(ctx: Any, weight: Tensor) -> Tensor:
        gram = weight.mT @ weight
        ctx.save_for_backward(weight, gram)
        return gram.abs().sum(dim=-1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        weight, gram = ctx.saved_tensors
        (gradient,) = gradients
        norms = gram.diagonal(dim1=-2, dim2=-1).sqrt()
        noise = 8 * torch.finfo(gram.dtype).eps * norms[..., :, None] * norms[..., None, :]
        signs = torch.where(gram.abs() <= noise, 0, gram.sign())
        product: Tensor = weight @ (signs * (gradient[..., :, None] + gradient[..., None, :]))
        return product


def rescale_columns(weight: Tensor) -> Tensor:
    r"""Scale the columns of a matrix so that its operator norm is at most one.

    With :math:`d_j = (\sum_i |W^\top W|_{ij})^{-1/2}` the matrix :math:`W \operatorname{diag}(d)` has
    operator norm at most 1 (Theorem 1 of arXiv 2208.03160).

    Args:
        weight: Matrix :math:`W`, shape ``(..., out, in)``.

    Returns:
        Same shape; columns of zeros stay zero.

    Raises:
        ValueError: If ``weight`` is not a matrix.

    Example:
        >>> rescale_columns(torch.tensor([[2.0, 0.0], [0.0, 0.5]]))
        tensor([[1., 0.],
                [0., 1.]])
    """
    if weight.ndim < 2:
        raise ValueError(f"expected a matrix, got shape {tuple(weight.shape)}")
    bound: Tensor = _ColumnBound.apply(weight)  # type: ignore[no-untyped-call]
    return weight * _rsqrt(bound)[..., None, :]


def rescale_channels(kernel: Tensor) -> Tensor:
    r"""Scale the input channels of a kernel so that its convolution has operator norm at most one.

    With :math:`v_{c,a} = \sum_o K_{o,c} \star K_{o,a}` the correlation of two input channels at every offset,
    channel c is divided by :math:`(\sum_a \sum_{\text{offsets}} |v_{c,a}|)^{1/2}` (Theorem 2 of
    arXiv 2208.03160). The bound holds for zero padding at every image size: the padded
    convolution is a compression of the one on the infinite grid.

    Args:
        kernel: Shape ``(out, in, k, k)``.

    Returns:
        Same shape; channels of zeros stay zero.

    Raises:
        ValueError: If ``kernel`` has not four axes.

    Example:
        >>> rescale_channels(torch.ones(1, 1, 1, 2))
        tensor([[[[0.5000, 0.5000]]]])
    """
    if kernel.ndim != 4:
        raise ValueError(f"expected a kernel of shape (out, in, k, k), got {tuple(kernel.shape)}")
    by_input = kernel.transpose(0, 1)
    padding = (kernel.shape[2] - 1, kernel.shape[3] - 1)
    bound = F.conv2d(by_input, by_input, padding=padding).abs().sum(dim=(1, 2, 3))
    return kernel * _rsqrt(bound)[None, :, None, None]


def _rsqrt(bound: Tensor) -> Tensor:
    tiny = torch.finfo(bound.dtype).tiny  # keeps 0/0 out and loosens nothing
    return bound.clamp_min(tiny).rsqrt()


class AOLLinear(nn.Module):
    r"""Dense AOL layer :math:`y = W \operatorname{diag}(d)\, x + b`.

    Args:
        in_features: Size of the input.
        out_features: Size of the output.
        bias: Whether b is learned. The thesis's networks have none.

    Example:
        >>> AOLLinear(784, 784)(torch.zeros(2, 784)).shape
        torch.Size([2, 784])
    """

    def __init__(self, in_features: int, out_features: int, *, bias: bool = False) -> None:
        super().__init__()
        self.parameter = nn.Parameter(orthogonal_start(out_features, in_features))
        self.bias = nn.Parameter(torch.zeros(out_features)) if bias else None

    @property
    def weight(self) -> Tensor:
        """The matrix that the layer applies, shape ``(out, in)``."""
        return rescale_columns(self.parameter)

    def forward(self, x: Tensor) -> Tensor:
        """Map shape ``(n, in)`` to ``(n, out)``."""
        return F.linear(x, self.weight, self.bias)


class AOLConv2d(nn.Module):
    """AOL convolution with zero "same" padding and stride 1.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel_size: Odd side of the kernel.
        bias: Whether a constant per output channel is learned. The thesis's networks have none.

    Raises:
        ValueError: If ``kernel_size`` is even or not positive.

    Example:
        >>> AOLConv2d(16, 16, 3)(torch.zeros(2, 16, 8, 8)).shape
        torch.Size([2, 16, 8, 8])
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int = 3, *, bias: bool = False) -> None:
        super().__init__()
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(f"kernel_size must be odd and positive, got {kernel_size}")
        kernel = torch.zeros(out_channels, in_channels, kernel_size, kernel_size)
        kernel[:, :, kernel_size // 2, kernel_size // 2] = orthogonal_start(out_channels, in_channels)
        self.parameter = nn.Parameter(kernel)
        self.bias = nn.Parameter(torch.zeros(out_channels)) if bias else None

    @property
    def weight(self) -> Tensor:
        """The kernel that the layer applies, shape ``(out, in, k, k)``."""
        return rescale_channels(self.parameter)

    def forward(self, x: Tensor) -> Tensor:
        """Map shape ``(n, in, h, w)`` to ``(n, out, h, w)``."""
        return F.conv2d(x, self.weight, self.bias, padding="same")


def orthogonal_start(rows: int, columns: int) -> Tensor:
    r"""Initial matrix on which the AOL bound is tight: the rescaling leaves it as it is.

    The identity where it is square, as in the paper; with more rows than columns, orthonormal columns; with fewer,
    every column is one of the coordinate vectors, divided by the square root of the number of columns that share it
    ("repeated orthogonal").

    Args:
        rows: Output size.
        columns: Input size.

    Returns:
        Shape ``(rows, columns)``, operator norm 1.

    Example:
        >>> orthogonal_start(1, 4)
        tensor([[0.5000, 0.5000, 0.5000, 0.5000]])
    """
    if rows == columns:
        return torch.eye(rows)
    if rows > columns:
        return torch.nn.init.orthogonal_(torch.empty(rows, columns))
    shared = torch.eye(rows)[:, torch.randperm(columns) % rows]
    return shared / shared.sum(dim=1, keepdim=True).sqrt()
