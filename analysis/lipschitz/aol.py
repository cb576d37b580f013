"""Almost-orthogonal layers (AOL): Prach and Lampert, ECCV 2022, arXiv 2208.03160."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from analysis.lipschitz.absolute_sums import KernelSums, MatrixSums
from analysis.lipschitz.products import KernelLayer, MatrixLayer
from analysis.lipschitz.starts import central_start, orthogonal_start

SMALLEST = 2.0**-60  # beside the largest entry; columns of less are left as they are. Its square is normal in float32


def rescale_columns(weight: Tensor) -> Tensor:
    r"""Scale the columns of a matrix so that its operator norm is at most one.

    With :math:`d_j = (\sum_i |W^\top W|_{ij})^{-1/2}` the matrix :math:`W \operatorname{diag}(d)` has
    operator norm at most 1 (:ref:`aol-norm`). It depends on the direction of W alone,
    so that W is divided by its largest entry first: every finite W has finite products and a finite gradient.

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
    direction = _of_size_1(weight, dim=(-2, -1))
    sums: Tensor = _products(MatrixSums)(direction)[0]
    return direction / _roots(sums)[..., None, :]


def rescale_rows(weight: Tensor) -> Tensor:
    r"""Scale the rows of a matrix so that its operator norm is at most one.

    A matrix has the norm of its transpose, so that the rule for columns holds for rows as well (:ref:`aol-norm`). Its
    products are those of rows, ``out x out``: of 12,288 inputs and 64 outputs 1/37,000 of those of columns. It is also
    the tighter one there: 64 rows can be nearly orthogonal in 12,288 dimensions, 12,288 columns in 64 cannot.

    Args:
        weight: Matrix, shape ``(..., out, in)``.

    Returns:
        Same shape; rows of zeros stay zero.

    Raises:
        ValueError: If ``weight`` is not a matrix.

    Example:
        >>> rescale_rows(torch.tensor([[1.0, 1.0, 1.0, 1.0]]))
        tensor([[0.5000, 0.5000, 0.5000, 0.5000]])
    """
    if weight.ndim < 2:
        raise ValueError(f"expected a matrix, got shape {tuple(weight.shape)}")
    return rescale_columns(weight.mT).mT


def rescale_channels(kernel: Tensor) -> Tensor:
    r"""Scale the input channels of a kernel so that its convolution has operator norm at most one.

    With :math:`v_{c,a} = \sum_o K_{o,c} \star K_{o,a}` the correlation of two input channels at every offset,
    channel c is divided by :math:`(\sum_a \sum_{\text{offsets}} |v_{c,a}|)^{1/2}` (:ref:`aol-convolution`). The bound
    holds for zero padding at every image size: the padded convolution is a compression of the one on the infinite grid.
    Scales are treated as in :func:`rescale_columns`.

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
    direction = _of_size_1(kernel, dim=(0, 1, 2, 3))
    sums: Tensor = _products(KernelSums)(direction)[0]
    return direction / _roots(sums)[:, None, None]


def _products(sums: type[MatrixSums | KernelSums]) -> Callable[[Tensor], tuple[Tensor, ...]]:
    """Without gradients the formula itself: what autograd adds takes longer than the products of a small layer."""
    return sums.apply if torch.is_grad_enabled() else sums.forward


def _of_size_1(weight: Tensor, dim: tuple[int, ...]) -> Tensor:
    """Divide by the largest absolute entry, a constant as far as gradients are concerned."""
    fixed = weight.detach()
    largest = torch.maximum(fixed.amax(dim, keepdim=True), -fixed.amin(dim, keepdim=True))
    return weight / torch.where(largest > 0, largest, 1)


def _roots(sums: Tensor) -> Tensor:
    """Square roots, but 1 for columns of zeros, which then stay zero and have the gradient of the others' size."""
    return torch.where(sums > SMALLEST**2, sums, 1).sqrt()


class AOLLinear(MatrixLayer):
    r"""Dense AOL layer :math:`y = W \operatorname{diag}(d)\, x + b`, of any sizes.

    Args:
        in_features: Size of the input.
        out_features: Size of the output.
        bias: Whether b is learned. The thesis's networks have none.
        by_rows: Whether to rescale rows, :math:`y = \operatorname{diag}(d)\, W x + b`, in place of columns
            (:func:`rescale_rows`): for many more inputs than outputs. The paper rescales columns. The start is that of
            the transpose, so with fewer outputs than inputs random orthonormal rows: a network of width 64 certifies
            more of CIFAR-10 from there than from rows that share the inputs out.

    Example:
        >>> AOLLinear(784, 784)(torch.zeros(2, 784)).shape
        torch.Size([2, 784])
    """

    def __init__(self, in_features: int, out_features: int, *, bias: bool = False, by_rows: bool = False) -> None:
        super().__init__(in_features, out_features, bias=bias)
        self.by_rows = by_rows
        if by_rows:
            start = orthogonal_start(in_features, out_features).T.contiguous()
        else:
            start = orthogonal_start(out_features, in_features)
        self.parameter = nn.Parameter(start)

    @property
    def weight(self) -> Tensor:
        """The matrix that the layer applies, shape ``(out, in)``."""
        return rescale_rows(self.parameter) if self.by_rows else rescale_columns(self.parameter)

    def extra_repr(self) -> str:
        """Show the sizes, and what is rescaled, in ``repr``."""
        return super().extra_repr() + (", by_rows=True" if self.by_rows else "")


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
