"""Almost-orthogonal layers (AOL): Prach and Lampert, ECCV 2022, arXiv 2208.03160."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from analysis.lipschitz.products import KernelLayer, MatrixLayer
from analysis.lipschitz.starts import central_start, orthogonal_start


class _ColumnBound(torch.autograd.Function):
    r"""Row sums :math:`r_j = \sum_i |W^\top W|_{ij}`, with a backward pass of one product.

    With :math:`g = \partial L / \partial r`, both arguments of the absolute value contribute
    :math:`W ((g_i + g_j) \operatorname{sign} G_{ij})`, so that one product replaces autograd's two. Where
    :math:`|G_{ij}|` is rounding noise the sign is taken as 0, a valid subgradient: after an orthogonal start
    every off-diagonal entry is such noise, and would otherwise steer the first steps.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(weight: Tensor) -> tuple[Tensor, Tensor]:
        gram = weight.mT @ weight
        return gram.abs().sum(dim=-1), gram

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: tuple[Tensor, Tensor]) -> None:
        (weight,), (_, gram) = inputs, output
        ctx.mark_non_differentiable(gram)
        ctx.save_for_backward(weight, gram)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        weight, gram = ctx.saved_tensors
        gradient = gradients[0]
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
    bound: Tensor = _ColumnBound.apply(weight)[0]  # type: ignore[no-untyped-call]
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


class AOLLinear(MatrixLayer):
    r"""Dense AOL layer :math:`y = W \operatorname{diag}(d)\, x + b`, of any sizes.

    Example:
        >>> AOLLinear(784, 784)(torch.zeros(2, 784)).shape
        torch.Size([2, 784])
    """

    def __init__(self, in_features: int, out_features: int, *, bias: bool = False) -> None:
        super().__init__(in_features, out_features, bias=bias)
        self.parameter = nn.Parameter(orthogonal_start(out_features, in_features))

    @property
    def weight(self) -> Tensor:
        """The matrix that the layer applies, shape ``(out, in)``."""
        return rescale_columns(self.parameter)


class AOLConv2d(KernelLayer):
    """AOL convolution with zero "same" padding and stride 1, of any numbers of channels.

    Example:
        >>> AOLConv2d(16, 16, 3)(torch.zeros(2, 16, 8, 8)).shape
        torch.Size([2, 16, 8, 8])
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int = 3, *, bias: bool = False) -> None:
        super().__init__(in_channels, out_channels, kernel_size, bias=bias)
        self.parameter = nn.Parameter(central_start(out_channels, in_channels, kernel_size))

    @property
    def weight(self) -> Tensor:
        """The kernel that the layer applies, shape ``(out, in, k, k)``."""
        return rescale_channels(self.parameter)
