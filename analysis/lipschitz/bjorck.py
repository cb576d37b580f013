r"""Björck layers: orthogonal matrices by iteration (Björck and Bowie 1971; Anil, Lucas and Grosse 2019, 1811.05381)."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from analysis.lipschitz.arithmetic import careful
from analysis.lipschitz.products import KernelLayer, MatrixLayer
from analysis.lipschitz.starts import orthogonal_start

ITERATIONS = 15  # in training and evaluation alike; singular values from 0.01 on arrive at 1
LARGEST_SQUARE = 2.0  # of the norm that the iteration is started from: below 3, and where it still moves towards 1


class _Gram(torch.autograd.Function):
    r""":math:`W^\top W`, with a backward pass of one product, :math:`W (g + g^\top)`, where autograd takes two."""

    generate_vmap_rule = True

    @staticmethod
    def forward(weight: Tensor) -> Tensor:
        return weight.mT @ weight

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (weight,) = ctx.saved_tensors
        product: Tensor = weight @ (gradients[0] + gradients[0].mT)
        return product


def orthogonalise(weight: Tensor, iterations: int = ITERATIONS) -> Tensor:
    r"""Move all singular values of a matrix towards 1, none of them above.

    .. math:: W_{t+1} = W_t (\tfrac32 I - \tfrac12 W_t^\top W_t)

    applies :math:`f(s) = \tfrac32 s - \tfrac12 s^3` to every singular value. f maps :math:`[0, \sqrt3]` to
    :math:`[0, 1]`, so that from a norm of at most :math:`\sqrt3` on every iterate has norm at most 1, converged or
    not. The start is W where :math:`\|W^\top W\|_\infty \le 2`, and else W divided by a multiple that makes this an
    equality: :math:`\|W\|^2 \le \|W^\top W\|_\infty`, and no power iteration is needed.

    The iteration runs on the Gram matrix of the shorter side. Where the matrix is at least twice as long as wide, it
    forms :math:`(W^\top W)^{-1/2}` from that alone (the coupled Newton-Schulz iteration, the same in exact
    arithmetic), and only its last step takes the matrix itself, which removes what rounding has added up.

    Args:
        weight: Matrix W, shape ``(..., rows, columns)``.
        iterations: How often f is applied.

    Returns:
        Same shape; norm at most 1, up to rounding: see :func:`shrunk`.

    Raises:
        ValueError: If ``weight`` is not a matrix, or there is no iteration.

    Example:
        >>> orthogonalise(torch.tensor([[2.0, 0.0], [0.0, 0.5]]))
        tensor([[1.0000, 0.0000],
                [0.0000, 1.0000]])
    """
    if weight.ndim < 2:
        raise ValueError(f"expected a matrix, got shape {tuple(weight.shape)}")
    if iterations < 1:
        raise ValueError(f"iterations must be at least 1, got {iterations}")
    if weight.shape[-2] < weight.shape[-1]:
        return orthogonalise(weight.mT, iterations).mT
    weight = _of_moderate_size(weight)
    gram = _gram(weight)
    scale = LARGEST_SQUARE / gram.abs().sum(dim=-1).amax(dim=-1).clamp_min(LARGEST_SQUARE)[..., None, None]
    weight, gram = weight * scale.sqrt(), gram * scale
    on_the_side = iterations - 1 if weight.shape[-2] >= 2 * weight.shape[-1] else 0
    if on_the_side:
        weight = weight @ _inverse_root(gram, on_the_side)
        gram = _gram(weight)
    for step in range(iterations - on_the_side):
        weight = weight @ _three_halves_minus_half(gram if step == 0 else _gram(weight))
    return weight


def shrunk(weight: Tensor, terms: int) -> Tensor:
    r"""Multiply by :math:`1 - (8 + \sqrt m) u`, against rounding that raises a norm above 1.

    Args:
        weight: Any tensor.
        terms: m, terms of the longest sums that it was made of. They were seen to raise the norm of
            :func:`orthogonalise` by up to two thirds of what is taken off.

    Returns:
        Same shape; u is the unit roundoff of its precision.

    Example:
        >>> 1 - shrunk(torch.ones(1), 64).item() < 1e-6
        True
    """
    return weight * (1 - (8 + math.sqrt(terms)) * torch.finfo(weight.dtype).eps / 2)


def _gram(weight: Tensor) -> Tensor:
    gram: Tensor = _Gram.apply(weight)  # type: ignore[no-untyped-call]
    return gram


def _of_moderate_size(weight: Tensor) -> Tensor:
    """Divide matrices with entries of at least 4 by their largest: they would be divided by more than that anyway."""
    largest = weight.detach().abs().amax(dim=(-2, -1), keepdim=True)
    return weight / torch.where(largest >= 4, largest / 2, 1)


def _inverse_root(gram: Tensor, iterations: int) -> Tensor:
    r"""Polynomial p of the Gram matrix G for which :math:`W p(G)` is the iterate."""
    root = _three_halves_minus_half(gram)
    gram_times_root = gram @ root
    for step in range(1, iterations):
        factor = _three_halves_minus_half(root @ gram_times_root)
        root = factor @ root
        if step < iterations - 1:
            gram_times_root = gram_times_root @ factor
    return root


def _three_halves_minus_half(gram: Tensor) -> Tensor:
    identity = torch.eye(gram.shape[-1], dtype=gram.dtype, device=gram.device)
    return torch.sub(1.5 * identity, gram, alpha=0.5)


class BjorckLinear(MatrixLayer):
    r"""Dense layer whose matrix is :func:`orthogonalise` of its parameter: orthonormal rows or columns, of any sizes.

    Example:
        >>> BjorckLinear(784, 784)(torch.zeros(2, 784)).shape
        torch.Size([2, 784])
    """

    def __init__(self, in_features: int, out_features: int, *, bias: bool = False) -> None:
        super().__init__(in_features, out_features, bias=bias)
        self.parameter = nn.Parameter(orthogonal_start(out_features, in_features))

    @property
    def weight(self) -> Tensor:
        """The matrix that the layer applies, shape ``(out, in)``."""
        matrix = orthogonalise(careful(self.parameter, training=self.training))
        return shrunk(matrix.to(self.parameter.dtype), max(matrix.shape))


class BjorckConv2d(KernelLayer):
    r"""Convolution whose kernel, as a matrix R of shape ``(out, in * k * k)``, is :func:`orthogonalise` over k.

    R acts on the patch around each pixel. Every pixel is in at most :math:`k^2` patches, and those that the zero frame
    fills up hold no more, so

    .. math:: \|R * x\|^2 = \sum_p \|R\, x_p\|^2 \le \|R\|^2 \sum_p \|x_p\|^2 \le k^2 \|R\|^2 \|x\|^2.

    The convolution by R / k is 1-Lipschitz at every image size, but not orthogonal: with orthonormal rows, white noise
    is damped by k. The norm 1 is attained only by filters that are alike at all taps, at frequency 0 of a large image,
    and so the layer starts: outputs are means over the window. From a start
    at the central tap, whose norm is 1 / k at every frequency, a network of ten layers passes nothing on.

    Example:
        >>> BjorckConv2d(16, 16, 3)(torch.zeros(2, 16, 8, 8)).shape
        torch.Size([2, 16, 8, 8])
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int = 3, *, bias: bool = False) -> None:
        super().__init__(in_channels, out_channels, kernel_size, bias=bias)
        self.parameter = nn.Parameter(_mean_start(out_channels, in_channels, kernel_size))

    @property
    def weight(self) -> Tensor:
        """The kernel that the layer applies, shape ``(out, in, k, k)``."""
        matrix = orthogonalise(careful(self.parameter.flatten(1), training=self.training))
        return shrunk(matrix.to(self.parameter.dtype), max(matrix.shape)).view_as(self.parameter) / self.kernel_size


def _mean_start(outputs: int, inputs: int, kernel_size: int) -> Tensor:
    """Orthonormal filters: combinations of channels, alike at all taps; outputs beyond those sum to 0 over the taps."""
    mean = orthogonal_start(outputs, inputs)
    kernel = (mean / kernel_size)[:, :, None, None].repeat(1, 1, kernel_size, kernel_size)
    if outputs > inputs and kernel_size > 1:
        rest = torch.randn_like(kernel)
        rest = (rest - rest.mean(dim=(2, 3), keepdim=True)).flatten(1)
        kernel += orthogonalise(rest - mean @ (mean.mT @ rest)).view_as(kernel)
    return kernel
