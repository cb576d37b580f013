"""Norms of many matrices at once: a Cholesky factorisation that succeeds proves that a norm is no larger."""

import math
from collections.abc import Iterable

import torch
from torch import Tensor

UNIT = 2.0**-53
LEAST = 2.0**-100  # where the search starts: below it nothing is told apart


def largest_bound(chunks: Iterable[Tensor]) -> float:
    r"""Upper bound on the largest singular value of matrices, found by few eigenvalues and proven of all.

    A guess t is proven by factorising :math:`t I - A^* A` for every A. Those that fail have a larger norm; t rises to
    the largest eigenvalue of every 16th of them, and only they are tried again. A factorisation costs a small part of
    an eigenvalue decomposition: measured on one core, the search takes half of the time of ``svdvals`` for 256 or 512
    channels, and two thirds for 64.

    *Proof.* Let n, m be the shorter and the longer side, u the unit roundoff. A Cholesky factorisation of B that runs
    to its end is the exact one of a matrix within :math:`\gamma \operatorname{tr} B` of B, :math:`\gamma = 4 (n + 2) u`
    in complex arithmetic (Higham 2002, theorem 10.3 and section 3.6; Rump 2006), so that
    :math:`B \succeq -\gamma \operatorname{tr} B`. With :math:`\operatorname{tr} B \le n t` the computed Gram matrix is
    at most :math:`t (1 + 4 n (n + 3) u)`, and it errs by at most
    :math:`4 (m + 2) u \|A\|_F^2 \le 4 n (m + 2) u \|A\|_2^2`. How the eigenvalues were found does not enter.

    Args:
        chunks: Real or complex float64 matrices of one shape, ``(count, rows, columns)``; finite, with entries of
            order one.

    Returns:
        The bound.

    Example:
        >>> largest_bound([torch.eye(3).double()[None]]) - 1 < 1e-13
        True
    """
    square, slack = LEAST, 0.0
    for matrices in chunks:
        square = _proven(square, _grams(matrices))
        slack = 8 * min(matrices.shape[1:]) * (sum(matrices.shape[1:]) + 5) * UNIT
    return math.sqrt(square * (1 + slack))


def _grams(matrices: Tensor) -> Tensor:
    return matrices.mH @ matrices if matrices.shape[1] >= matrices.shape[2] else matrices @ matrices.mH


def _proven(square: float, grams: Tensor) -> float:
    """Raise ``square`` until it exceeds every eigenvalue by enough for the factorisation to succeed."""
    margin = 1 + 16 * grams.shape[-1] * UNIT
    while len(grams := grams[_exceeding(grams, square)]):
        square = max(square, float(torch.linalg.eigvalsh(grams[::16]).max())) * margin
    return square


def _exceeding(grams: Tensor, square: float) -> Tensor:
    shifted = -grams
    shifted.diagonal(dim1=1, dim2=2).add_(square)
    failed: Tensor = torch.linalg.cholesky_ex(shifted).info != 0
    return failed
