"""Jacobians of a network and of its layers: how near they are to isometries, and how steep it is where one looks."""

import torch
from torch import Tensor, nn

from analysis.lipschitz import fold
from analysis.lipschitz.derived import Derived
from analysis.lipschitz.norms import layers

BATCH = 500  # images whose Jacobians are held together


def layer_jacobians(model: nn.Module, image: Tensor) -> list[Tensor]:
    """Jacobians of the layers whose weights are derived, at one image, each at what reaches it of that image.

    Of a layer that is affine it is the matrix that it applies, whatever the image: of a convolution that of all pixels.

    Args:
        model: A layer, or a ``Sequential`` of layers; left as it is.
        image: Floats, shape ``(c, h, w)`` or ``(features,)``, as the network takes it.

    Returns:
        Matrices of all output by all input values, float64, in the order of the forward pass, of the effective weights.

    Example:
        >>> [jacobian.shape for jacobian in layer_jacobians(AOLLinear(4, 2), torch.zeros(4))]
        [torch.Size([2, 4])]
    """
    network, shape = nn.Sequential(model), tuple(image.shape)
    x, found = image.detach().double()[None], []
    for (layer, _), plain in zip(layers(network, shape), fold(network, shape).double().children(), strict=True):
        if isinstance(layer, Derived):
            found.append(_jacobian(plain, x[0]))
        with torch.no_grad():
            x = plain(x)
    return found


def slopes(model: nn.Module, images: Tensor) -> Tensor:
    """Largest singular value of the network's Jacobian at each image: the largest is a lower bound of its constant.

    Args:
        model: A layer, or a ``Sequential`` of layers; left as it is.
        images: Floats, shape ``(n, c, h, w)`` or ``(n, features)``, as the network takes them.

    Returns:
        Shape ``(n,)``, float64. Where the network has a kink the slope of one of its sides.

    Example:
        >>> float(slopes(nn.Linear(3, 2), images).max())  # up to rounding the norm of its matrix
    """
    plain = fold(nn.Sequential(model), tuple(images.shape[1:])).double()
    return torch.cat([_slopes(plain, chunk.detach().double()) for chunk in images.split(BATCH)])


def _jacobian(layer: nn.Module, x: Tensor) -> Tensor:
    if isinstance(layer, nn.Linear):
        return layer.weight.detach()
    jacobian: Tensor = torch.autograd.functional.jacobian(lambda single: layer(single[None])[0], x)
    return jacobian.reshape(-1, x.numel())


def _slopes(network: nn.Module, images: Tensor) -> Tensor:
    with torch.enable_grad():
        seen = images.requires_grad_()
        outputs = network(seen).flatten(1).unbind(dim=1)
        rows = [torch.autograd.grad(each.sum(), seen, retain_graph=True)[0].flatten(1) for each in outputs]
    jacobians = torch.stack(rows, dim=1)
    short = jacobians if jacobians.shape[1] <= jacobians.shape[2] else jacobians.mT
    squares: Tensor = torch.linalg.eigvalsh(short @ short.mT)
    return squares[:, -1].clamp_min(0).sqrt()
