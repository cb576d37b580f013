"""What is proven of torch's pooling."""

import math
from typing import cast

import torch
from torch import Tensor, nn

from analysis.lipschitz.arithmetic import accumulated
from analysis.lipschitz.bounded import Bounded, Shape

AveragePool = nn.AvgPool2d | nn.AdaptiveAvgPool2d


class Maximum(Bounded):
    r"""Speaks for a maximum over windows, when every pixel lies in at most c of them: :math:`\sqrt c`-Lipschitz.

    A maximum moves by no more than the values that it is taken of, :math:`|\max_W x - \max_W y|^2 \le \sum_{i \in W}
    |x_i - y_i|^2`, and the sum over all windows counts no pixel more than c times. It does not round.

    Args:
        windows: c.
    """

    def __init__(self, windows: int) -> None:
        super().__init__()
        self.windows = windows

    def lipschitz(self, shape: Shape) -> float:
        """Return the root of the number of windows."""
        return math.sqrt(self.windows)

    def offset(self, shape: Shape) -> float:
        """Return 0."""
        return 0.0

    def rounding(self, shape: Shape, norm: float) -> float:
        """Return 0."""
        return 0.0


def max_pool(layer: nn.MaxPool2d) -> Maximum:
    r"""Count the windows of a pixel: along an axis :math:`\lceil k \gcd(r, d) / r \rceil`, r stride, d dilation.

    Pixel i is tap j of window o if :math:`r o + d j = i + p`: one window for each j in a residue class modulo
    :math:`r / \gcd(r, d)`. Padding adds values that are never the largest.

    Args:
        layer: The pooling.

    Returns:
        What is proven of it.

    Example:
        >>> max_pool(nn.MaxPool2d(3, stride=2)).lipschitz((1, 8, 8))
        2.0
    """
    axes = zip(_pair(layer.kernel_size), _pair(layer.stride), _pair(layer.dilation), strict=True)
    return Maximum(math.prod(-(-size * math.gcd(step, spread) // step) for size, step, spread in axes))


def adaptive_max_pool(layer: nn.AdaptiveMaxPool2d, shape: Shape) -> Maximum:
    r"""Count the windows of a pixel: window i of n is :math:`[\lfloor i s / n \rfloor, \lceil (i + 1) s / n \rceil)`.

    Args:
        layer: The pooling.
        shape: Of one input, ``(channels, h, w)``.

    Returns:
        What is proven of it.

    Example:
        >>> adaptive_max_pool(nn.AdaptiveMaxPool2d(1), (1, 8, 8)).lipschitz((1, 8, 8))
        1.0
    """
    return Maximum(math.prod(map(_most_windows, shape[1:], _pair(layer.output_size))))


def _most_windows(side: int, count: int | None) -> int:
    count = side if count is None else count
    windows = [range(i * side // count, -(-(i + 1) * side // count)) for i in range(count)]
    return max(sum(pixel in window for window in windows) for pixel in range(side))


class Average(Bounded):
    r"""Speaks for an average over windows: a matrix A of non-negative entries.

    By Schur's test :math:`\|A\|_2 \le \sqrt{\|A\|_\infty \|A\|_1}`, the largest sums of rows and columns. The
    layer itself tells them: rows are the averages of an image of ones, columns the gradient of the sum of all averages.
    Where windows of k x k pixels tile the image this is the norm, 1 / k.

    Args:
        layer: The pooling.
        shape: Of one input, ``(channels, h, w)``.
        unit: Unit roundoff of the forward pass.
    """

    def __init__(self, layer: AveragePool, shape: Shape, unit: float) -> None:
        super().__init__()
        self.relative = accumulated(math.prod(shape[1:]) + 2, unit)
        ones = torch.ones(1, 1, *shape[1:], dtype=torch.float64, requires_grad=True)
        with torch.enable_grad():
            averages: Tensor = layer(ones)
            columns = torch.autograd.grad(averages.sum(), ones)[0]
        sums = float(averages.detach().max() * columns.max())
        self.norm = math.sqrt(sums) * (1 + accumulated(math.prod(shape[1:]) + 2, 2.0**-53))

    def lipschitz(self, shape: Shape) -> float:
        """Return the bound of Schur's test."""
        return self.norm

    def offset(self, shape: Shape) -> float:
        """Return 0."""
        return 0.0

    def rounding(self, shape: Shape, norm: float) -> float:
        """Bound the error of sums of at most as many terms as a channel has pixels, and of a division."""
        return self.relative * self.norm * norm


def _pair(values: object) -> tuple[int, int]:
    pair = values if isinstance(values, tuple) else (values, values)
    return cast(tuple[int, int], pair)
