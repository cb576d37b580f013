"""Circular convolutions as one matrix per frequency: spectra of kernels, and products with images."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from analysis.lipschitz.arithmetic import accumulated, unit_roundoff


def spectrum(kernel: Tensor, sides: Sequence[int]) -> Tensor:
    r"""Matrices that a circular convolution applies, one per frequency.

    :math:`V_f = \sum_p K_p\, e^{2 \pi i f \cdot (p - c) / s}` with c the centre of the kernel, so that
    cross-correlation with K, as torch takes it, multiplies the Fourier coefficients of the image by :math:`V_f`.
    A kernel larger than the image is wrapped around it. Only the half of the frequencies that ``rfft2`` keeps is
    computed: the others are conjugates.

    Args:
        kernel: Shape ``(out, in, k, k)``, real.
        sides: Height h and width w of the images.

    Returns:
        Shape ``(h * (w // 2 + 1), out, in)``, complex.

    Example:
        >>> spectrum(torch.ones(5, 4, 3, 3), (8, 6)).shape
        torch.Size([32, 5, 4])
    """
    rows = _waves(kernel, kernel.shape[2], sides[0], sides[0])
    columns = _waves(kernel, kernel.shape[3], sides[1], sides[1] // 2 + 1)
    waves = (rows[:, None, :, None] * columns[None, :, None, :]).flatten(2).flatten(0, 1)
    taps = kernel.flatten(2).permute(2, 0, 1).flatten(1).to(waves.dtype)
    matrices: Tensor = (waves @ taps).unflatten(1, kernel.shape[:2])
    return matrices


def _waves(kernel: Tensor, size: int, side: int, frequencies: int) -> Tensor:
    """Values of the first waves of a grid at the taps of a kernel, shape ``(frequencies, size)``."""
    offsets = torch.arange(size, device=kernel.device) - size // 2
    turns = torch.outer(torch.arange(frequencies, device=kernel.device), offsets) % side
    angles = turns.to(kernel.dtype) * (2 * math.pi / side)
    return torch.complex(angles.cos(), angles.sin())


class _Multiply(torch.autograd.Function):
    r"""Circular convolution with a spectrum Q, with a backward pass of one transform each way.

    The adjoint multiplies by :math:`Q_f^H`. With :math:`G` the coefficients of the gradient and :math:`m_f` the
    number of frequencies that f stands for, :math:`\partial L / \partial Q_f = m_f / (h w)\, G_f X_f^H`.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, matrices: Tensor) -> tuple[Tensor, Tensor]:
        coefficients = _coefficients(x)
        return _images(coefficients @ matrices.mT, x.shape[-2:]), coefficients

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: tuple[Tensor, Tensor]) -> None:
        (x, matrices), (_, coefficients) = inputs, output
        ctx.mark_non_differentiable(coefficients)
        ctx.save_for_backward(matrices, coefficients)
        ctx.sides = x.shape[-2:]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None]:
        matrices, coefficients = ctx.saved_tensors
        gradient = _coefficients(gradients[0])
        for_x = for_matrices = None
        if ctx.needs_input_grad[0]:
            for_x = _images(gradient @ matrices.conj(), ctx.sides)
        if ctx.needs_input_grad[1]:
            weights = _multiplicities(ctx.sides, matrices) / math.prod(ctx.sides)
            for_matrices = (gradient.mT @ coefficients.conj()).mul_(weights[:, None, None])
        return for_x, for_matrices


def _coefficients(x: Tensor) -> Tensor:
    """Fourier coefficients of images ``(n, c, h, w)``, shape ``(h * (w // 2 + 1), n, c)``."""
    coefficients: Tensor = torch.fft.rfft2(x).permute(2, 3, 0, 1).flatten(0, 1)
    return coefficients


def _images(coefficients: Tensor, sides: Sequence[int]) -> Tensor:
    """Undo :func:`_coefficients`. Column by column first: so the order is defined where the symmetry is not exact."""
    columns = coefficients.unflatten(0, (sides[0], -1)).permute(2, 3, 0, 1)
    images: Tensor = torch.fft.irfft(torch.fft.ifft(columns, dim=-2), n=sides[1])
    return images


def _multiplicities(sides: Sequence[int], like: Tensor) -> Tensor:
    """How many frequencies each of ``rfft2``'s stands for: itself, and its conjugate where that is not kept."""
    weights = like.real.new_full((sides[1] // 2 + 1,), 2.0)
    weights[0] = 1
    if sides[1] % 2 == 0:
        weights[-1] = 1
    return weights.repeat(sides[0])


def multiply(x: Tensor, matrices: Tensor) -> Tensor:
    r"""Convolve images circularly, given the spectrum of the kernel.

    :math:`y = \mathcal F^{-1} (Q_f \mathcal F(x)_f)`. In the columns of frequencies that are their own conjugates the
    inverse transform ignores imaginary parts, that is, it applies :math:`(Q_f + \bar Q_{-f}) / 2`.

    Args:
        x: Shape ``(n, in, h, w)``, real.
        matrices: Shape ``(h * (w // 2 + 1), out, in)``, complex, of the same precision.

    Returns:
        Shape ``(n, out, h, w)``.

    Example:
        >>> multiply(torch.ones(2, 3, 8, 8), spectrum(torch.ones(4, 3, 1, 1), (8, 8)))[0, 0, 0, 0]
        tensor(3.)
    """
    product: Tensor = _Multiply.apply(x.to(matrices.real.dtype), matrices)[0]  # type: ignore[no-untyped-call]
    return product


def multiply_rounding(matrices: Tensor, sides: Sequence[int]) -> float:
    r"""Bound on the relative error of :func:`multiply`.

    A transform errs by at most :math:`\delta` times the norm of its result, :math:`\delta \approx 7 u \log_2 hw` for
    powers of two (Higham 2002, Theorem 24.2, with 4 roundings per butterfly). For other lengths libraries use larger
    butterflies, or three transforms of up to four times the length; :math:`\delta = 32 u (4 + \log_2 hw)` covers them,
    and the doubling of errors in the half of the coefficients that is not kept.

    In the product, real and imaginary parts are sums of 2 c products, and err by at most
    :math:`\gamma_{2c} |Q_f| |X_f|` each, both together by :math:`\gamma_{3c}` times that. With bounds L of
    :math:`\|Q_f\|` and a of :math:`\| |Q_f| \|` all is at most
    :math:`((1 + \delta)^2 (L + \gamma_{3c}\, a) - L) \|x\|`.

    Args:
        matrices: Spectrum, complex.
        sides: Of the grid.

    Returns:
        The bound, in units of the norm of x.
    """
    unit = unit_roundoff(matrices)
    transform = 32 * unit * (4 + math.log2(math.prod(sides)))
    product = accumulated(3 * matrices.shape[-1], unit)
    wide = matrices.detach().to(torch.complex128)
    absolute = _largest_row_sum(wide) * _largest_row_sum(wide.mT)
    norm = _largest_row_sum(wide.mH @ wide) * (1 + 1e-6)  # at least the square, rounding of the sums included
    return (1 + transform) ** 2 * (math.sqrt(norm) + product * math.sqrt(absolute)) - math.sqrt(norm)


def _largest_row_sum(matrices: Tensor) -> float:
    """Largest sum of absolute values in a row, which bounds the eigenvalues of a square matrix."""
    return float(matrices.abs().sum(dim=-1).max())
