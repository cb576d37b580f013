"""Largest singular values of matrices and convolutions: upper bounds in float64, rounded outwards."""

import math

import torch
from torch import Tensor

EPS = 2.0**-52


def dense_bound(weight: Tensor) -> float:
    r"""Upper bound on the largest singular value of a matrix.

    LAPACK's singular values are those of a matrix within :math:`c \varepsilon \|W\|_2` of W, c a modest
    multiple of the side; 8 times the longer side is taken.

    Args:
        weight: Shape ``(out, in)``, or a batch of such matrices; real or complex.

    Returns:
        The bound, at least the exact norm; for a batch, of its largest.

    Example:
        >>> dense_bound(torch.eye(3)) - 1 < 1e-14
        True
    """
    matrices = weight.detach().cpu().to(torch.complex128 if weight.is_complex() else torch.float64)
    largest = float(torch.linalg.matrix_norm(matrices, ord=2).max())
    return largest * (1 + 8 * max(weight.shape[-2:]) * EPS)


def convolution_bound(weight: Tensor, sides: tuple[int, ...]) -> float:
    r"""Upper bound on the norm of a zero-padded convolution on images of given sides.

    On a grid of side at least :math:`s + k - 1` the circular convolution restricted to images that vanish
    outside an s x s window, and cut to such a window, is the zero-padded one: a compression, which has no larger
    norm. The circular convolution is block-diagonal in frequency, and its norm the largest singular value over
    all frequencies (Sedghi, Gupta and Long 2019).

    Args:
        weight: Kernel, shape ``(out, in, k, k)``.
        sides: Height and width of the images.

    Returns:
        The bound, at least the exact norm.

    Example:
        >>> convolution_bound(torch.ones(1, 1, 3, 3), (8, 8)) <= 9 + 1e-12
        True
    """
    grid = tuple(side + size - 1 for side, size in zip(sides, weight.shape[2:], strict=True))
    return circular_bound(weight, grid)


def circular_bound(weight: Tensor, sides: tuple[int, ...]) -> float:
    r"""Upper bound on the norm of a circularly padded convolution, whose output has the sides of its input.

    Its matrix is block-diagonal in frequency; the bound is its norm, rounded outwards. Where the kernel exceeds
    the image it is wrapped around. A larger grid would not do: it has other frequencies.

    Args:
        weight: Kernel, shape ``(out, in, k, k)``.
        sides: Height and width of the images.

    Returns:
        The bound, at least the exact norm.

    Example:
        >>> circular_bound(torch.ones(1, 1, 3, 3), (4, 4)) - 9 < 1e-12
        True
    """
    kernel = weight.detach().cpu().double()
    waves = [
        torch.exp(2j * torch.pi * torch.outer(torch.arange(side), torch.arange(size)).remainder(side).double() / side)
        for side, size in zip(sides, kernel.shape[2:], strict=True)
    ]
    half = waves[1][: sides[1] // 2 + 1]  # the others are conjugates of these
    matrices = torch.einsum("oixy,ax,by->aboi", kernel.to(torch.complex128), waves[0], half)
    largest = float(torch.linalg.matrix_norm(matrices, ord=2).max())
    # Rounding in the transform: a wave errs by at most 8 eps, a sum of m terms by m eps, each times the sum of the
    # taps; a matrix of such errors has a norm of at most their root sum of squares.
    taps = float(kernel.abs().sum(dim=(2, 3)).square().sum().sqrt())
    return largest + EPS * (8 * max(weight.shape[:2]) * largest + (16 + math.prod(kernel.shape[2:])) * taps)
