"""Cayley, LOT and Sandwich as their textbooks write them: one matrix, or one per frequency."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.plain_products import KERNEL_SIZE, DenseFormula, KernelFormula

NEWTON_STEPS = 10


def cayley(matrix: Tensor) -> Tensor:
    r"""Columns :math:`(I + A)^{-1} (I - A)` above :math:`-2 V (I + A)^{-1}`, :math:`A = U - U^H + V^H V`."""
    columns = matrix.shape[-1]
    top, rest = matrix[..., :columns, :], matrix[..., columns:, :]
    identity = torch.eye(columns, dtype=matrix.dtype, device=matrix.device)
    skew = top - top.mH + rest.mH @ rest
    inverse = torch.linalg.inv(identity + skew)
    return torch.cat((inverse @ (identity - skew), -2 * rest @ inverse), dim=-2)


def polar(matrix: Tensor) -> Tensor:
    r""":math:`(W W^H + 10^{-4} I)^{-1/2} W` by ten coupled Newton-Schulz steps."""
    identity = torch.eye(matrix.shape[-1], dtype=matrix.dtype, device=matrix.device)
    square = matrix @ matrix.mH + 1e-4 * identity
    norm = torch.linalg.matrix_norm(square, keepdim=True)
    y, z = square / norm, identity.expand_as(square)
    for _ in range(NEWTON_STEPS):
        step = (3 * identity - z @ y) / 2
        y, z = y @ step, step @ z
    return z @ matrix / norm.sqrt()


class PlainCayleyLinear(DenseFormula):
    """Cayley, dense."""

    def __init__(self, features: int) -> None:
        super().__init__(features)
        self.parameter = nn.Parameter(_random(features, features))
        self.scale = nn.Parameter(self.parameter.detach().norm())

    def weight(self) -> Tensor:
        """Transform the parameter, of learned Frobenius norm."""
        return cayley(self.parameter * (self.scale / self.parameter.norm()))


class PlainLOTLinear(DenseFormula):
    """LOT, dense."""

    def weight(self) -> Tensor:
        """Take the polar factor."""
        return polar(self.parameter)


class PlainSandwichLinear(nn.Module):
    r""":math:`\sqrt 2 A^\top \Psi \operatorname{relu}(\sqrt 2 \Psi^{-1} B x + b)`, :math:`(A B)^\top` from Cayley."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.parameter = nn.Parameter(_random(2 * features, features))
        self.scale = nn.Parameter(self.parameter.detach().norm())
        self.log_psi = nn.Parameter(torch.zeros(features))
        self.bias = nn.Parameter(torch.zeros(features))

    def forward(self, x: Tensor) -> Tensor:
        """Map shape ``(n, features)`` to itself."""
        above, below = cayley(self.parameter * (self.scale / self.parameter.norm())).chunk(2)
        hidden = math.sqrt(2) * x @ below * (-self.log_psi).exp() + self.bias
        return math.sqrt(2) * (F.relu(hidden) * self.log_psi.exp()) @ above.mT


class HalfSpectrum(KernelFormula):
    """Circular convolutions on the images' own grid, through the half of the frequencies that ``rfft2`` keeps."""

    phase: Tensor

    def __init__(self, channels: int, side: int) -> None:
        super().__init__(channels, side)
        self.register_buffer("phase", _phase(side)[:, : side // 2 + 1])

    def matrices(self, kernel: Tensor) -> Tensor:
        """Spectrum of a kernel about its centre, one matrix per frequency."""
        spectrum = torch.fft.rfft2(kernel, s=(self.side, self.side)).conj() * self.phase
        return spectrum.flatten(2).permute(2, 0, 1)

    def multiply(self, x: Tensor, matrices: Tensor) -> Tensor:
        """Apply one matrix to the coefficients at each frequency."""
        coefficients = torch.fft.rfft2(x)
        product = matrices @ coefficients.flatten(2).permute(2, 1, 0)
        images = product.permute(2, 1, 0).unflatten(2, coefficients.shape[2:])
        return torch.fft.irfft2(images, s=(self.side, self.side))


class PlainCayleyConv2d(HalfSpectrum):
    """Cayley, as a convolution with circular padding."""

    def __init__(self, channels: int, side: int) -> None:
        super().__init__(channels, side)
        self.parameter = nn.Parameter(_random(channels, channels, KERNEL_SIZE, KERNEL_SIZE))
        self.scale = nn.Parameter(self.matrices(self.parameter.detach()).norm())

    def forward(self, x: Tensor) -> Tensor:
        """Map shape ``(n, channels, side, side)`` to itself."""
        matrices = self.matrices(self.parameter)
        orthogonal = cayley(matrices * (self.scale / matrices.norm()))
        return self.multiply(x, orthogonal) + self.bias[:, None, None]


class PlainSandwichConv2d(HalfSpectrum):
    """Sandwich, as a convolution with circular padding; relu acts in space."""

    def __init__(self, channels: int, side: int) -> None:
        super().__init__(channels, side)
        self.parameter = nn.Parameter(_random(2 * channels, channels, KERNEL_SIZE, KERNEL_SIZE))
        self.scale = nn.Parameter(self.matrices(self.parameter.detach()).norm())
        self.log_psi = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Map shape ``(n, channels, side, side)`` to itself."""
        matrices = self.matrices(self.parameter)
        above, below = cayley(matrices * (self.scale / matrices.norm())).chunk(2, dim=1)
        psi = self.log_psi.exp()[:, None, None]
        hidden = math.sqrt(2) * self.multiply(x, below.mH) / psi + self.bias[:, None, None]
        return math.sqrt(2) * self.multiply(F.relu(hidden) * psi, above)


class PlainLOTConv2d(KernelFormula):
    """LOT, as a convolution: a frame of zeros, all complex frequencies of the larger grid, and a cut."""

    phase: Tensor

    def __init__(self, channels: int, side: int) -> None:
        super().__init__(channels, side)
        self.register_buffer("phase", _phase(side + KERNEL_SIZE - 1))

    def forward(self, x: Tensor) -> Tensor:
        """Map shape ``(n, channels, side, side)`` to itself."""
        frame = KERNEL_SIZE // 2
        spectrum = torch.fft.fft2(self.parameter, s=self.phase.shape).conj() * self.phase
        matrices = polar(spectrum.flatten(2).permute(2, 0, 1))
        coefficients = torch.fft.fft2(F.pad(x, (frame,) * 4))
        product = matrices @ coefficients.flatten(2).permute(2, 1, 0)
        images = torch.fft.ifft2(product.permute(2, 1, 0).unflatten(2, self.phase.shape)).real
        return images[..., frame:-frame, frame:-frame] + self.bias[:, None, None]


def _phase(side: int) -> Tensor:
    """What puts the origin of a kernel from its corner to its centre."""
    turns = torch.arange(side) * (KERNEL_SIZE // 2) / side
    return torch.exp(-2j * math.pi * (turns[:, None] + turns))


def _random(*shape: int) -> Tensor:
    return nn.init.kaiming_uniform_(torch.empty(*shape), a=math.sqrt(5))
