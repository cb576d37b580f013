r"""Sums of absolute inner products of the columns of a matrix, or of the channels of a kernel, with fast gradients.

They are what the almost-orthogonal layers divide by (:mod:`analysis.lipschitz.aol`), and nearly all that these cost.
Every product that is another's transpose is left out, and temporaries are made block by block, so that they stay in
the cache: the elementwise passes of a 3,072 x 3,072 Gram matrix take a fifth of what they take all at once.
"""

from typing import Any

import torch
from torch import Tensor

BLOCK = 512  # columns


class MatrixSums(torch.autograd.Function):
    r"""Row sums :math:`r_j = \sum_i |G_{ij}|` of :math:`G = W^\top W`, from the upper triangle of its blocks.

    With :math:`g = \partial L / \partial r`, both arguments of the absolute value contribute
    :math:`W ((g_i + g_j) \operatorname{sign} G_{ij})`: one product replaces autograd's two. Where :math:`|G_{ij}|` is
    rounding noise the sign is taken as 0, a valid subgradient: after an orthogonal start every off-diagonal entry is
    such noise, and would otherwise steer the first steps.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(weight: Tensor) -> tuple[Tensor, ...]:
        r"""Sum up.

        Args:
            weight: W, shape ``(..., out, in)``.

        Returns:
            r, shape ``(..., in)``, and for the backward pass the blocks of rows of G, each from its diagonal block on.
        """
        total, blocks = torch.zeros_like(weight[..., 0, :]), []
        for first, last in _ranges(weight.shape[-1]):
            block = weight[..., first:last].mT @ weight[..., first:]
            absolute = block.abs()
            total[..., first:last] += absolute.sum(dim=-1)
            total[..., last:] += absolute[..., last - first :].sum(dim=-2)
            blocks.append(block)
        return total, *blocks

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: tuple[Tensor, ...]) -> None:
        """Keep the products."""
        _keep(ctx, inputs, output)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> Tensor | None:
        """Propagate the gradient of r; the products have none."""
        weight, *blocks = ctx.saved_tensors
        if (gradient := gradients[0]) is None:
            return None
        norms = _joined([block.diagonal(dim1=-2, dim2=-1) for block in blocks]).sqrt()
        ranges = _ranges(weight.shape[-1])
        slopes = [
            _slopes(block, norms[..., first:last], norms[..., first:], gradient[..., first:last], gradient[..., first:])
            for block, (first, last) in zip(blocks, ranges, strict=True)
        ]
        columns = []
        for index, (first, last) in enumerate(ranges):
            before = [
                slopes[row][..., first - start : last - start].mT for row, (start, _) in enumerate(ranges[:index])
            ]
            columns.append(weight @ _joined([*before, slopes[index]]).mT)
        return _joined(columns)


class KernelSums(torch.autograd.Function):
    r"""Sums :math:`r_c = \sum_d \sum_a |V_d|_{ca}` of the correlations :math:`V_d = \sum_p K_p^\top K_{p+d}`.

    All offsets d between two taps count. :math:`V_{-d} = V_d^\top`, so half of the offsets suffice, each summed over
    the taps p for which p + d is a tap: 45 products of two taps of a 3 x 3 kernel, where the correlation of the padded
    kernel with itself has 225. Gradients as of :class:`MatrixSums`.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(kernel: Tensor) -> tuple[Tensor, ...]:
        r"""Sum up.

        Args:
            kernel: K, shape ``(out, in, k, k)``.

        Returns:
            r, shape ``(in,)``, and for the backward pass the correlations, that at offset 0 first.
        """
        taps = _taps(kernel)
        parts, correlations = [], []
        for offset in _half_of_offsets(*kernel.shape[-2:]):
            here, there = _windows(offset)
            correlation = _rows(taps[here]).mT @ _rows(taps[there])
            absolute = correlation.abs()
            parts.append(absolute.sum(dim=1))
            if offset != (0, 0):
                parts.append(absolute.sum(dim=0))
            correlations.append(correlation)
        return torch.stack(parts).sum(dim=0), *correlations

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: tuple[Tensor, ...]) -> None:
        """Keep the products."""
        _keep(ctx, inputs, output)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> Tensor | None:
        """Propagate the gradient of r; the products have none."""
        kernel, *correlations = ctx.saved_tensors
        if (gradient := gradients[0]) is None:
            return None
        taps, norms = _taps(kernel), correlations[0].diagonal().sqrt()
        slopes = [_slopes(correlation, norms, norms, gradient, gradient) for correlation in correlations]
        result = taps @ slopes[0]
        offsets = _half_of_offsets(*kernel.shape[-2:])
        for offset, slope in zip(offsets[1:], slopes[1:], strict=True):
            here, there = _windows(offset)
            result[there] += (_rows(taps[here]) @ slope).view_as(taps[there])
            result[here] += (_rows(taps[there]) @ slope.mT).view_as(taps[here])
        return result.permute(2, 3, 0, 1)


def _keep(ctx: Any, inputs: tuple[Tensor], output: tuple[Tensor, ...]) -> None:
    ctx.set_materialize_grads(False)
    ctx.mark_non_differentiable(*output[1:])
    ctx.save_for_backward(*inputs, *output[1:])


def _slopes(products: Tensor, norms_i: Tensor, norms_j: Tensor, gradient_i: Tensor, gradient_j: Tensor) -> Tensor:
    r"""Compute :math:`(g_i + g_j) \operatorname{sign} G_{ij}`, 0 where :math:`|G_{ij}|` is noise beside the norms."""
    noise = (8 * torch.finfo(products.dtype).eps * norms_i)[..., :, None] * norms_j[..., None, :]
    signs = products.sign().mul_(products.abs() > noise)
    return (gradient_i[..., :, None] + gradient_j[..., None, :]).mul_(signs)


def _joined(parts: list[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim=-1)


def _ranges(columns: int) -> list[tuple[int, int]]:
    return [(first, min(first + BLOCK, columns)) for first in range(0, columns, BLOCK)]


def _half_of_offsets(height: int, width: int) -> list[tuple[int, int]]:
    """List one of each pair of opposite offsets between taps, (0, 0) first."""
    ahead = [(0, right) for right in range(width)]
    return ahead + [(down, right) for down in range(1, height) for right in range(1 - width, width)]


def _windows(offset: tuple[int, int]) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Slices of the taps p for which p + offset is a tap, and of the taps p + offset."""
    here = tuple(slice(max(0, -step), -step if step > 0 else None) for step in offset)
    there = tuple(slice(max(0, step), step if step < 0 else None) for step in offset)
    return (here[0], here[1]), (there[0], there[1])


def _taps(kernel: Tensor) -> Tensor:
    return kernel.permute(2, 3, 0, 1).contiguous()


def _rows(taps: Tensor) -> Tensor:
    return taps.reshape(-1, taps.shape[-1])
