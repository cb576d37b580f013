"""The orthogonal factor of a matrix, by products alone, from below."""

import math
from typing import Any

import torch
from torch import Tensor

STEPS = 8
LOWEST = 1 / 80  # relative to the bound of the norm: the least singular value that ends within 1e-7 of 1
LARGEST_SCALE = 1.6


def polar(matrix: Tensor) -> Tensor:
    r"""Orthogonal polar factor :math:`(V V^H)^{-1/2} V`, by scaled Newton-Schulz steps.

    V is divided by a bound of its norm, then :math:`X \leftarrow \tfrac{\rho}{2} X (3 I - \rho^2 X^H X)` eight times
    (Chen and Chow 2014). A step maps each singular value s to :math:`p(\rho s)`, :math:`p(t) = t (3 - t^2) / 2`. On
    [0, 2] p takes values in [-1, 1], and :math:`\rho < 2`: **the result has norm at most 1**, whatever the scales
    :math:`\rho` are. With :math:`\rho = 1` small values grow by 1.5 a step, with :math:`\rho = \sqrt 3` by 2.6;
    :func:`step_scales` chooses.

    Where V has a singular value below 1/80 of the bound, the corresponding one of the result is less than 1. The
    gradient is that of the steps, but for the bound, on which the polar factor does not depend.

    Args:
        matrix: V, shape ``(..., rows, columns)``, real or complex.

    Returns:
        Same shape.

    Example:
        >>> polar(torch.tensor([[3.0, 0.0], [0.0, -2.0]])).round(decimals=4)
        tensor([[ 1.,  0.],
                [ 0., -1.]])
    """
    rows, columns = matrix.shape[-2:]
    if rows < columns:
        return polar(matrix.mH).mH
    x = (matrix / _norm_bound(matrix.detach())).reshape(-1, rows, columns)
    for scale in SCALES:
        x = _Step.apply(x, scale)[0]  # type: ignore[no-untyped-call]
    return x.reshape(matrix.shape)


def _norm_bound(matrix: Tensor) -> Tensor:
    r"""Least of :math:`\|V^H V\|_F^{1/2}` and :math:`\|V^H V\|_\infty^{1/2}`, which bound the norm."""
    # The second is exact where the columns are orthogonal. Divided by the largest entry nothing over- or underflows:
    # the sums are at least 1, but for a matrix of zeros.
    largest = matrix.abs().amax(dim=(-2, -1), keepdim=True)
    largest = torch.where(largest > 0, largest, 1)
    unit = matrix / largest
    gram = (unit.mH @ unit).abs()
    squared = torch.minimum(gram.sum(dim=-1).amax(dim=-1), gram.square().sum(dim=(-2, -1)).sqrt())
    return largest * squared.clamp_min(1).sqrt()[..., None, None]


class _Step(torch.autograd.Function):
    r""":math:`Y = \tfrac{\rho}{2} X (3 I - \rho^2 G)` with :math:`G = X^H X`, with a backward pass of three products.

    With E the gradient of Y, that of X is
    :math:`\tfrac{\rho}{2} (3 E - \rho^2 E G) - \tfrac{\rho^3}{2} X (X^H E + E^H X)`; autograd takes four products.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, scale: float) -> tuple[Tensor, Tensor]:
        gram = x.mH @ x
        return torch.baddbmm(x, x, gram, beta=1.5 * scale, alpha=-(scale**3) / 2), gram

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, float], output: tuple[Tensor, Tensor]) -> None:
        (x, ctx.scale), (_, gram) = inputs, output
        ctx.mark_non_differentiable(gram)
        ctx.save_for_backward(x, gram)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        x, gram = ctx.saved_tensors
        (gradient, _), cubic = gradients, -(ctx.scale**3) / 2
        direct = torch.baddbmm(gradient, gradient, gram, beta=1.5 * ctx.scale, alpha=cubic)
        half = x.mH @ gradient
        return torch.baddbmm(direct, x, half + half.mH, alpha=cubic), None


def step_scales(lowest: float, steps: int, largest: float) -> tuple[float, ...]:
    r"""Scales that raise singular values in [lowest, 1] towards 1 together.

    The best :math:`\rho` for values in [l, 1] gives both ends the same image: :math:`\rho^2 = 3 / (1 + l + l^2)`
    (Chen and Chow 2014). While l is small it would send 1 close to 0, and rounding with it; ``largest`` = 1.6
    keeps it above 1/3, and costs little.

    Args:
        lowest: l.
        steps: How many.
        largest: Bound on the scales, below 2.

    Returns:
        The scales.

    Example:
        >>> step_scales(1.0, 1, 1.6)
        (1.0,)
    """
    scales = []
    for _ in range(steps):
        scale = min(largest, math.sqrt(3 / (1 + lowest + lowest**2)))
        lowest = min(scale * end * (3 - (scale * end) ** 2) / 2 for end in (lowest, 1.0))
        scales.append(scale)
    return tuple(scales)


SCALES = step_scales(LOWEST, STEPS, LARGEST_SCALE)
