"""CPL, SLL and SOC as their textbooks write them."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.plain_products import DenseFormula, KernelFormula

TERMS = 5  # of SOC's series, in the published training


class PlainCPLLinear(DenseFormula):
    r""":math:`x - \tfrac{2}{\sigma^2} W^\top \operatorname{relu}(W x + b)`, one step of power iteration."""

    u: Tensor

    def __init__(self, features: int) -> None:
        super().__init__(features)
        self.register_buffer("u", torch.randn(1, features))

    def forward(self, x: Tensor) -> Tensor:
        """Map shape ``(n, features)`` to itself."""
        weight = self.parameter
        with torch.no_grad():
            v = _unit(self.u @ weight.mT)
            self.u = _unit(v @ weight)
        norm = (v * (self.u @ weight.mT)).sum()
        return x - 2 / norm**2 * F.relu(F.linear(x, weight, self.bias)) @ weight


class PlainCPLConv2d(KernelFormula):
    """The same as a convolution; the vector of the power iteration is an image."""

    u: Tensor

    def __init__(self, channels: int, side: int) -> None:
        super().__init__(channels, side)
        self.register_buffer("u", torch.randn(1, channels, side, side))

    def forward(self, x: Tensor) -> Tensor:
        """Map shape ``(n, channels, side, side)`` to itself."""
        kernel = self.parameter
        with torch.no_grad():
            v = _unit(F.conv2d(self.u, kernel, padding=1))
            self.u = _unit(F.conv_transpose2d(v, kernel, padding=1))
        norm = (v * F.conv2d(self.u, kernel, padding=1)).sum()
        hidden = F.relu(F.conv2d(x, kernel, self.bias, padding=1))
        return x - 2 / norm**2 * F.conv_transpose2d(hidden, kernel, padding=1)


class PlainSLLLinear(DenseFormula):
    r""":math:`x - W^\top T \operatorname{relu}(W x + b)`, :math:`T_i = 2 / \sum_j |W W^\top|_{ij} q_j / q_i`."""

    def __init__(self, features: int) -> None:
        super().__init__(features)
        self.q = nn.Parameter(torch.ones(features))

    def forward(self, x: Tensor) -> Tensor:
        """Map shape ``(n, features)`` to itself."""
        q = self.q.abs() + 1e-6
        sums = ((self.parameter @ self.parameter.mT).abs() * q).sum(dim=1) / q
        steps = 2 / (sums + 1e-6)
        return x - (steps * F.relu(F.linear(x, self.parameter, self.bias))) @ self.parameter


class PlainSLLConv2d(KernelFormula):
    """The same as a convolution."""

    def __init__(self, channels: int, side: int) -> None:
        super().__init__(channels, side)
        self.q = nn.Parameter(torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Map shape ``(n, channels, side, side)`` to itself."""
        kernel, q = self.parameter, self.q.abs() + 1e-6
        correlations = F.conv2d(kernel, kernel, padding=kernel.shape[-1] - 1).abs().sum(dim=(2, 3))
        steps = 2 / ((correlations * q).sum(dim=1) / q + 1e-6)
        hidden = F.relu(F.conv2d(x, kernel, self.bias, padding=1))
        return x - F.conv_transpose2d(steps[:, None, None] * hidden, kernel, padding=1)


class PlainSOCLinear(DenseFormula):
    """Exponential of a skew-symmetric matrix, five terms, of estimated norm 1."""

    v: Tensor

    def __init__(self, features: int) -> None:
        super().__init__(features)
        self.parameter = nn.Parameter(torch.randn(features, features) / features**0.5)
        self.register_buffer("v", torch.randn(features))

    def forward(self, x: Tensor) -> Tensor:
        """Map shape ``(n, features)`` to itself."""
        skew = (self.parameter - self.parameter.mT) / 2
        norm, self.v = _norm_after_a_step(skew, self.v)
        skew = skew / norm
        result = term = x
        for power in range(1, TERMS + 1):
            term = F.linear(term, skew) / power
            result = result + term
        return result + self.bias


class PlainSOCConv2d(KernelFormula):
    """The same as a convolution: 0.7 times the kernel over the least norm of its four unfoldings."""

    CORRECTION = 0.7

    def __init__(self, channels: int, side: int) -> None:
        super().__init__(channels, side)
        self.parameter = nn.Parameter(torch.randn_like(self.parameter) / channels**0.5)
        for index, matrix in enumerate(_unfoldings(self.parameter.detach())):
            self.register_buffer(f"v{index}", torch.randn(matrix.shape[1]))

    def skew(self) -> Tensor:
        """The kernel that is exponentiated."""
        skew = (self.parameter - self.parameter.transpose(0, 1).flip(2, 3)) / 2
        norms = []
        for index, matrix in enumerate(_unfoldings(skew)):
            norm, vector = _norm_after_a_step(matrix, getattr(self, f"v{index}"))
            setattr(self, f"v{index}", vector)
            norms.append(norm)
        return self.CORRECTION * skew / torch.stack(norms).min()

    def forward(self, x: Tensor) -> Tensor:
        """Map shape ``(n, channels, side, side)`` to itself."""
        skew = self.skew()
        result = term = x
        for power in range(1, TERMS + 1):
            term = F.conv2d(term, skew, padding=1) / power
            result = result + term
        return result + self.bias[:, None, None]


def _unit(x: Tensor) -> Tensor:
    return x / (x.norm() + 1e-12)


def _unfoldings(kernel: Tensor) -> list[Tensor]:
    """The four matrices of Singla and Feizi's bound: rows are out, in, out and height, out and width."""
    return [
        kernel.flatten(1),
        kernel.transpose(0, 1).flatten(1),
        kernel.permute(0, 2, 1, 3).flatten(2).flatten(0, 1),
        kernel.permute(0, 3, 1, 2).flatten(2).flatten(0, 1),
    ]


def _norm_after_a_step(matrix: Tensor, vector: Tensor) -> tuple[Tensor, Tensor]:
    """Estimate of the norm with a gradient, and the vector to go on from."""
    with torch.no_grad():
        left = _unit(matrix @ vector)
        vector = _unit(matrix.mT @ left)
    return left @ (matrix @ vector), vector
