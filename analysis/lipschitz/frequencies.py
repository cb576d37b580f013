"""Convolutions on a grid that closes in on itself are matrices, one for each frequency."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from analysis.lipschitz.semidefinite import UNIT, largest_bound

Pair = tuple[int, int]
ENTRIES = 2**21  # complex numbers held at once, 32 MiB


def grid_bound(kernel: Tensor, grid: Pair, *, stride: Pair, dilation: Pair, groups: int) -> float:
    r"""Upper bound on the norm of a convolution on a periodic grid.

    At frequency :math:`\omega` an image is multiplied by :math:`\hat K(\omega) = \sum_p K_p e^{i \langle\omega, p
    \rangle}` (Sedghi, Gupta and Long 2019). Keeping every r-th pixel of the output adds up the frequencies that r-th
    pixels cannot tell apart: the blocks are then :math:`r^{-1/2} [\hat K(\omega_1), \dots, \hat K(\omega_r)]`, along
    each axis. Groups are blocks of their own. The kernel is real, so half of the frequencies suffice.

    *Rounding.* A phase is at most :math:`4 \pi` and errs by at most 50 u, so a wave errs by at most 80 u, and a sum of
    m taps by :math:`(80 + 2 m) u` times the sum of their absolute values; a matrix of such errors has a norm of at
    most their root sum of squares.

    Args:
        kernel: Shape ``(out, in / groups, h, w)``.
        grid: Sides of the grid, multiples of the stride.
        stride: Distance of the pixels of the output that are kept.
        dilation: Distance of the taps.
        groups: Number of groups of channels.

    Returns:
        The bound, at least the exact norm.

    Raises:
        RuntimeError: If the kernel has non-finite entries.

    Example:
        >>> grid_bound(torch.ones(1, 1, 3, 3), (4, 4), stride=(1, 1), dilation=(1, 1), groups=1) - 9 < 1e-12
        True
    """
    kernel = kernel.detach().cpu().double()
    if not kernel.isfinite().all():
        raise RuntimeError("no bound for a kernel with non-finite entries")
    largest = float(kernel.abs().max())
    if largest == 0:
        return 0.0
    scale = 2.0 ** math.frexp(largest)[1]  # exact, and keeps squares from overflow
    kernel = kernel / scale
    norm = largest_bound(_matrices(kernel, grid, stride, dilation, groups))
    taps = float(kernel.abs().sum(dim=(2, 3)).norm())
    return scale * (norm + (80 + 2 * math.prod(kernel.shape[2:])) * UNIT * taps) * (1 + 8 * UNIT)


def _matrices(kernel: Tensor, grid: Pair, stride: Pair, dilation: Pair, groups: int) -> Iterator[Tensor]:
    """Yield the blocks, a few frequencies at a time: shape ``(count, out / groups, stride² · in / groups)``."""
    down, right = (_phases(*axis) for axis in zip(grid, stride, dilation, kernel.shape[2:], strict=True))
    right = right[: len(right) // 2 + 1]  # the others are conjugates of these
    taps = kernel.flatten(2).permute(2, 0, 1).flatten(1)
    outputs, inputs, merged = kernel.shape[0] // groups, kernel.shape[1], math.prod(stride)
    count = max(1, ENTRIES // (taps.shape[1] * merged))
    for chosen in torch.cartesian_prod(torch.arange(len(down)), torch.arange(len(right))).split(count):
        first, second = down[chosen[:, 0]], right[chosen[:, 1]]
        phases = 2 * torch.pi * (first[:, :, None, :, None] + second[:, None, :, None, :]).flatten(3).flatten(1, 2)
        values = torch.complex(phases.cos() @ taps, phases.sin() @ taps) / math.sqrt(merged)
        blocks = values.unflatten(2, (groups, outputs, inputs)).permute(0, 2, 3, 1, 4)
        yield blocks.reshape(-1, outputs, merged * inputs)


def _phases(side: int, stride: int, dilation: int, size: int) -> Tensor:
    """Turns of each tap, shape ``(side / stride, stride, size)``; frequencies along axis 1 look alike to the output."""
    turns = torch.outer(torch.arange(side), dilation * torch.arange(size)).remainder(side)
    return (turns.double() / side).reshape(stride, side // stride, size).transpose(0, 1)
