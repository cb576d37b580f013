"""Largest singular values of matrices and convolutions: upper bounds in float64, rounded outwards."""

import math

import torch
from torch import Tensor

from analysis.lipschitz.frequencies import Pair, grid_bound
from analysis.lipschitz.semidefinite import largest_bound

EPS = 2.0**-52
LARGE = 1_024  # from this side on a factorised Gram matrix is faster than singular values: 4 times at 3,072


def dense_bound(weight: Tensor) -> float:
    r"""Upper bound on the largest singular value of a matrix.

    LAPACK's singular values are those of a matrix within :math:`c \varepsilon \|W\|_2` of W, c a modest
    multiple of the side; 8 times the longer side is taken. Large matrices are bounded by
    :func:`analysis.lipschitz.semidefinite.largest_bound`, which is about 1e-9 above.

    Args:
        weight: Shape ``(out, in)``, or a batch of such matrices; real or complex.

    Returns:
        The bound, at least the exact norm; for a batch, of its largest.

    Example:
        >>> dense_bound(torch.eye(3)) - 1 < 1e-14
        True
    """
    matrices = weight.detach().cpu().to(torch.complex128 if weight.is_complex() else torch.float64)
    if min(matrices.shape[-2:]) >= LARGE and matrices.isfinite().all():
        scale = 2.0 ** math.frexp(float(matrices.abs().max()))[1]
        return scale * largest_bound([(matrices / scale).reshape(-1, *matrices.shape[-2:])])
    largest = float(torch.linalg.matrix_norm(matrices, ord=2).max())
    return largest * (1 + 8 * max(weight.shape[-2:]) * EPS)


def convolution_bound(
    weight: Tensor,
    sides: tuple[int, ...],
    *,
    stride: Pair = (1, 1),
    dilation: Pair = (1, 1),
    groups: int = 1,
) -> float:
    r"""Upper bound on the norm of a zero-padded convolution on images of given sides, whatever the padding.

    Along an axis let the image have s pixels and the kernel reach over :math:`k = r (k' - 1) + 1`, r the dilation.
    Output t is :math:`\sum_j K_j x_{t + j}`, which is zero but for the :math:`s + k - 1` values
    :math:`-k < t < s`. On a periodic grid of at least that side they are different pixels, and there the periodic
    convolution of the image, continued by zeros, has exactly these values. Padding chooses which t are computed
    (p pixels on both sides: :math:`-p \le t \le s + p - k`); more than :math:`p = k - 1` adds zeros. So the
    padded convolution is a part of the periodic one, and its norm is no larger. A stride chooses again: its pixels lie
    in one coset of its multiples, if the side of the grid is rounded up to one, and shifting the coset changes no norm.

    So much for :ref:`frequency-grid`. The periodic norm is :func:`analysis.lipschitz.frequencies.grid_bound`.

    Args:
        weight: Kernel, shape ``(out, in / groups, h, w)``.
        sides: Height and width of the images.
        stride: Of the convolution; larger ones lower the bound. Where they equal the kernel's sides it is the norm.
        dilation: Distance of the kernel's taps.
        groups: Number of groups of channels.

    Returns:
        The bound, at least the exact norm.

    Example:
        >>> convolution_bound(torch.ones(1, 1, 3, 3), (8, 8)) <= 9 + 1e-12
        True
    """
    axes = zip(sides, weight.shape[2:], stride, dilation, strict=True)
    height, width = (-(-(side + reach * (size - 1)) // step) * step for side, size, step, reach in axes)
    return grid_bound(weight, (height, width), stride=stride, dilation=dilation, groups=groups)


def circular_bound(
    weight: Tensor,
    sides: tuple[int, ...],
    *,
    stride: Pair = (1, 1),
    dilation: Pair = (1, 1),
    groups: int = 1,
) -> float:
    r"""Upper bound on the norm of a circularly padded convolution that computes no output twice.

    It is periodic on the image's own grid, where a kernel that exceeds the image is wrapped around: with "same"
    padding the bound is its norm, rounded outwards. Other grids have other frequencies, and bound nothing. A stride
    lowers the bound where it divides the side; else it counts as 1.

    Args:
        weight: Kernel, shape ``(out, in / groups, h, w)``.
        sides: Height and width of the images.
        stride: Of the convolution.
        dilation: Distance of the kernel's taps.
        groups: Number of groups of channels.

    Returns:
        The bound, at least the exact norm.

    Example:
        >>> circular_bound(torch.ones(1, 1, 3, 3), (4, 4)) - 9 < 1e-12
        True
    """
    height, width = sides
    down, right = (1 if side % step else step for side, step in zip(sides, stride, strict=True))
    return grid_bound(weight, (height, width), stride=(down, right), dilation=dilation, groups=groups)
