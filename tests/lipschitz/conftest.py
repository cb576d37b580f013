"""Training that tries to break a layer, and the norm of a convolution from first principles."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

Push = Callable[[nn.Module, Tensor], None]
FrequencyNorm = Callable[[Tensor, tuple[int, int]], float]


@pytest.fixture(autouse=True)
def seed() -> None:
    """The same initial weights and inputs on every run."""
    torch.manual_seed(0)


@pytest.fixture
def push() -> Push:
    """Take 30 SGD steps that make the outputs as large as the layer allows, the later ones twice as eagerly."""

    def pushed(layer: nn.Module, x: Tensor) -> None:
        optimizer = torch.optim.SGD(layer.parameters(), lr=0.1, momentum=0.9)
        for _ in range(30):
            optimizer.zero_grad()
            y = layer(x).flatten(1)
            (-(y.square() * torch.linspace(1, 2, y.shape[1])).mean()).backward()
            optimizer.step()

    return pushed


@pytest.fixture(scope="session")
def norm_over_frequencies() -> FrequencyNorm:
    r"""Largest singular value of :math:`\sum_p K_p e^{i \omega p}` over a grid of frequencies.

    From below, the norm of the convolution on the infinite grid.
    """

    def norm(kernel: Tensor, grid: tuple[int, int]) -> float:
        waves = [
            torch.exp(2j * torch.pi * torch.outer(torch.arange(side) / side, torch.arange(size)).double())
            for side, size in zip(grid, kernel.shape[2:], strict=True)
        ]
        matrices = torch.einsum("oixy,ax,by->aboi", kernel.to(torch.complex128), *waves)
        return float(torch.linalg.matrix_norm(matrices, ord=2).max())

    return norm
