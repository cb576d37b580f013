"""Classifiers whose distances to the decision boundary are known exactly."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def linear(pixels: int = 784, scale: float = 1.0, dtype: torch.dtype = torch.float64) -> nn.Linear:
    """Ten random scores."""
    generator = torch.Generator().manual_seed(0)
    layer = nn.Linear(pixels, 10).to(dtype)
    layer.weight.data = scale * torch.randn(10, pixels, generator=generator).to(dtype)
    layer.bias.data = scale * torch.randn(10, generator=generator).to(dtype)
    return layer


def rotated(pixels: int = 784) -> nn.Sequential:
    """The same after two rotations, between which nothing happens to what a ReLU leaves alone."""
    generator = torch.Generator().manual_seed(1)
    rotations = [nn.Linear(pixels, pixels, bias=False).double() for _ in range(2)]
    for rotation in rotations:
        rotation.weight.data = torch.linalg.qr(torch.randn(pixels, pixels, generator=generator).double())[0]
    return nn.Sequential(*rotations, linear(pixels))


def exact_distances(layer: nn.Linear, images: Tensor, labels: Tensor) -> Tensor:
    r"""The smallest :math:`(s_y - s_t) / \|w_y - w_t\|` over all classes t."""
    weight, bias = layer.weight.detach().double(), layer.bias.detach().double()
    scores = images.double() @ weight.T + bias
    slopes = (weight[labels][:, None] - weight).norm(dim=2)
    distances = (scores.gather(1, labels[:, None]) - scores) / slopes
    return distances.scatter(1, labels[:, None], math.inf).amin(dim=1)


class Ring(nn.Module):
    """Two classes, inside and outside of a sphere: the distance to it is that of the norm to its radius."""

    def __init__(self, radius: float) -> None:
        super().__init__()
        self.radius = radius

    def forward(self, x: Tensor) -> Tensor:
        inside = self.radius**2 - x.flatten(1).square().sum(dim=1)
        return torch.stack((inside, -inside), dim=1)


class Dead(nn.Module):
    """Scores without any slope near the images: the first class, unless the sum of pixels leaves [-limit, limit]."""

    def __init__(self, limit: float) -> None:
        super().__init__()
        self.limit = limit

    def forward(self, x: Tensor) -> Tensor:
        outside = F.relu(x.flatten(1).sum(dim=1).abs() - self.limit)
        return torch.stack((torch.ones_like(outside), 2 * outside), dim=1)


class Constant(nn.Module):
    """Scores that do not depend on the images at all."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.tensor([1.0, 0.0, 0.0]).to(x).expand(len(x), 3)
