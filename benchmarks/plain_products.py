"""Layers that are one matrix or one kernel, as their textbooks write them: AOL, BCOP and Björck."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

KERNEL_SIZE = 3
POWER_STEPS = 10


class DenseFormula(nn.Module):
    """Square dense layer with bias; it starts as the identity.

    Args:
        features: Size of the input and of the output.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.parameter = nn.Parameter(torch.eye(features))
        self.bias = nn.Parameter(torch.zeros(features))

    def weight(self) -> Tensor:
        """The matrix that is applied."""
        return self.parameter

    def forward(self, x: Tensor) -> Tensor:
        """Map shape ``(n, features)`` to itself."""
        return F.linear(x, self.weight(), self.bias)


class KernelFormula(nn.Module):
    """Zero-padded 3 x 3 convolution with bias, of equally many channels in and out; it starts as the identity.

    Args:
        channels: Of the input and of the output.
        side: Of the square images; for the formulas that depend on it.
    """

    def __init__(self, channels: int, side: int) -> None:
        super().__init__()
        self.channels, self.side = channels, side
        self.parameter = nn.Parameter(nn.init.dirac_(torch.empty(channels, channels, KERNEL_SIZE, KERNEL_SIZE)))
        self.bias = nn.Parameter(torch.zeros(channels))

    def weight(self) -> Tensor:
        """The kernel that is applied."""
        return self.parameter

    def forward(self, x: Tensor) -> Tensor:
        """Map shape ``(n, channels, side, side)`` to itself."""
        return F.conv2d(x, self.weight(), self.bias, padding="same")


def aol_columns(weight: Tensor) -> Tensor:
    r""":math:`W \operatorname{diag}(\sum_i |W^\top W|_{ij} + 10^{-6})^{-1/2}`."""
    sums = (weight.mT @ weight).abs().sum(dim=0)
    return weight * (sums + 1e-6).rsqrt()


def aol_channels(kernel: Tensor) -> Tensor:
    """The same for the convolution of a kernel with itself, over pairs of input channels."""
    by_input = kernel.transpose(0, 1)
    correlations = F.conv2d(by_input, by_input, padding=kernel.shape[-1] - 1)
    sums = correlations.abs().sum(dim=(1, 2, 3))
    return kernel * (sums + 1e-6).rsqrt()[:, None, None]


def bjorck(weight: Tensor, iterations: int) -> Tensor:
    r"""Divide by an estimated norm, then :math:`W \leftarrow \tfrac32 W - \tfrac12 W W^\top W`."""
    weight = weight / estimated_norm(weight)
    for _ in range(iterations):
        weight = 1.5 * weight - 0.5 * (weight @ weight.mT) @ weight
    return weight


@torch.no_grad()
def estimated_norm(weight: Tensor) -> Tensor:
    """Ten steps of power iteration from a random start, for each matrix of a batch."""
    right = torch.randn(*weight.shape[:-2], weight.shape[-1], 1, dtype=weight.dtype, device=weight.device)
    for _ in range(POWER_STEPS):
        left = F.normalize(weight @ right, dim=-2)
        right = F.normalize(weight.mT @ left, dim=-2)
    return (weight @ right).norm(dim=-2, keepdim=True)


class PlainAOLLinear(DenseFormula):
    """AOL, dense."""

    def weight(self) -> Tensor:
        """Rescale the columns."""
        return aol_columns(self.parameter)


class PlainAOLConv2d(KernelFormula):
    """AOL, as a convolution."""

    def weight(self) -> Tensor:
        """Rescale the input channels."""
        return aol_channels(self.parameter)


class PlainBjorckLinear(DenseFormula):
    """Björck and Bowie's iteration, dense.

    Args:
        features: Size of the input and of the output.
        iterations: 3 in the published training, 15 in its evaluation; BCOP's dense layers take 20 in both.
    """

    def __init__(self, features: int, iterations: int = 3) -> None:
        super().__init__(features)
        self.iterations = iterations

    def weight(self) -> Tensor:
        """Iterate."""
        return bjorck(self.parameter, self.iterations)


class PlainBjorckConv2d(KernelFormula):
    """The same of the kernel as one matrix, divided by the side of the kernel.

    Args:
        channels: Of the input and of the output.
        side: Of the square images.
        iterations: As for :class:`PlainBjorckLinear`.
    """

    def __init__(self, channels: int, side: int, iterations: int = 3) -> None:
        super().__init__(channels, side)
        self.iterations = iterations

    def weight(self) -> Tensor:
        """Iterate on shape ``(out, in * k * k)``."""
        return bjorck(self.parameter.flatten(1), self.iterations).view_as(self.parameter) / KERNEL_SIZE


class PlainBCOPConv2d(nn.Module):
    """Block convolution orthogonal parametrisation: 2k - 1 orthogonal matrices, 20 iterations, circular padding.

    Args:
        channels: Of the input and of the output.
        side: Of the square images.
        iterations: Of Björck and Bowie.
    """

    def __init__(self, channels: int, side: int, iterations: int = 20) -> None:
        super().__init__()
        self.iterations = iterations
        self.parameter = nn.Parameter(torch.eye(channels).repeat(2 * KERNEL_SIZE - 1, 1, 1))
        self.bias = nn.Parameter(torch.zeros(channels))

    def weight(self) -> Tensor:
        """Compose k - 1 blocks of 2 x 2, and one matrix."""
        first, *rest = bjorck(self.parameter, self.iterations)
        halves = [matrix[:, : len(matrix) // 2] for matrix in rest]
        projectors = [half @ half.mT for half in halves]
        taps = _block(*projectors[:2])
        for pair in range(2, len(projectors), 2):
            taps = _compose(taps, _block(*projectors[pair : pair + 2]))
        return torch.stack([torch.stack([first @ tap for tap in row]) for row in taps]).permute(2, 3, 0, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map shape ``(n, channels, side, side)`` to itself."""
        frame = F.pad(x, (KERNEL_SIZE // 2,) * 4, mode="circular")
        return F.conv2d(frame, self.weight(), self.bias)


def _block(p: Tensor, q: Tensor) -> list[list[Tensor]]:
    identity = torch.eye(len(p), dtype=p.dtype, device=p.device)
    return [[p @ q, p @ (identity - q)], [(identity - p) @ q, (identity - p) @ (identity - q)]]


def _compose(left: list[list[Tensor]], right: list[list[Tensor]]) -> list[list[Tensor]]:
    """Kernel of the composition of two convolutions, all by matrix products of taps."""
    side = len(left) + len(right) - 1
    taps: list[list[Tensor]] = [[torch.zeros_like(left[0][0])] * side for _ in range(side)]
    for row, tap_row in enumerate(left):
        for column, tap in enumerate(tap_row):
            for down, other_row in enumerate(right):
                for across, other in enumerate(other_row):
                    taps[row + down][column + across] = taps[row + down][column + across] + tap @ other
    return taps
