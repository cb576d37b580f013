"""The standard model of floating-point arithmetic, as far as certificates need it (Higham 2002, chapters 2, 3)."""

import math

import torch
from torch import Tensor


def unit_roundoff(tensor: Tensor) -> float:
    """Largest relative error of one operation in the tensor's precision.

    Args:
        tensor: Real or complex.

    Returns:
        Half of the machine epsilon.

    Example:
        >>> unit_roundoff(torch.zeros(1)) == 2.0**-24
        True
    """
    return torch.finfo(tensor.dtype).eps / 2


def accumulated(operations: int, unit: float) -> float:
    r"""Relative error of a chain of roundings, :math:`\gamma_m = m u / (1 - m u)` (Higham 2002, Lemma 3.1).

    A sum of m products errs by at most :math:`\gamma_m` times the sum of their absolute values, in whatever order
    it is taken.

    Args:
        operations: m.
        unit: u, as of :func:`unit_roundoff`.

    Returns:
        The bound.

    Raises:
        ValueError: If m u is not below 1: nothing can be said then.

    Example:
        >>> accumulated(10, 2.0**-53) < 1.2e-15
        True
    """
    if not operations * unit < 1:
        raise ValueError(f"no bound on {operations} roundings of {unit:g} each")
    return operations * unit / (1 - operations * unit)


def absolute_norm(weight: Tensor) -> float:
    r"""Bound on the norm of the map whose weights are absolute values: :math:`\sqrt{\|W\|_1 \|W\|_\infty}`.

    Args:
        weight: Matrix ``(out, in)`` or kernel ``(out, in, ...)``.

    Returns:
        The bound, in float64.

    Example:
        >>> absolute_norm(torch.tensor([[3.0, -4.0]]))
        5.2915...
    """
    absolute = weight.detach().double().abs()
    rows = float(absolute.flatten(1).sum(dim=1).max())
    columns = float(absolute.transpose(0, 1).flatten(1).sum(dim=1).max())
    return math.sqrt(rows * columns)


def careful(parameter: Tensor, *, training: bool) -> Tensor:
    r"""Widen a parameter to float64 where weights are derived for good.

    In float32 an orthogonal matrix of side n comes out with a norm of 1 + some multiples of :math:`10^{-6}`; derived in
    float64 and then rounded it is right to :math:`u \sqrt n` at most, :math:`10^{-6}` for n = 256.

    Args:
        parameter: What is derived from.
        training: Whether weights are derived for one step only.

    Returns:
        The parameter, in float64 unless training.
    """
    return parameter if training else parameter.double()
