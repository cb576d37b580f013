"""What a network whose first layer is dense notices of an image: a few coordinates, in which noise stays what it is."""

import torch
from torch import Tensor, nn

from analysis.lipschitz import SubtractMean, held


def noticed(model: nn.Module, images: Tensor) -> tuple[nn.Module, Tensor]:
    r"""Write a network as one of the coordinates in which its first layer, if that is dense, sees images.

    With :math:`W^\top = Q R`, Q of orthonormal columns, :math:`W x = R^\top Q^\top x`: the network f depends on
    :math:`u = Q^\top x` alone, :math:`f(x) = g(u)`. Of standard normal :math:`\xi` in all pixels
    :math:`Q^\top \xi` is standard normal as well, so that predictions of :math:`f(x + \sigma \xi)` are distributed
    as those of :math:`g(u + \sigma \xi')`, with :math:`\xi'` in as many dimensions as W has rows.

    Args:
        model: Network, at rest. It is taken apart where it begins as those of :func:`analysis.models.build` do: with
            ``SubtractMean``, ``nn.Flatten`` and an ``nn.Linear`` with fewer outputs than inputs.
        images: Floats, shape ``(n, ...)``, as the network takes them.

    Returns:
        g, of parameters of its own in the first layer, and u, shape ``(n, rows)``; the model and the images themselves
        where the network begins with anything else.

    Example:
        >>> network, coordinates = noticed(models.build("MLP", input_shape=(3, 64, 64), classes=10, width=64), images)
        >>> coordinates.shape
        torch.Size([100, 64])
    """
    layers = list(model) if isinstance(model, nn.Sequential) else []
    first = layers[2] if len(layers) > 2 else None
    usual = [type(layer) for layer in layers[:2]] == [SubtractMean, nn.Flatten]
    if not usual or not isinstance(first, nn.Linear) or first.out_features >= first.in_features:
        return model, images
    basis, factor = torch.linalg.qr(first.weight.detach().double().mT)
    coordinates = nn.Sequential(*layers[:2])(images).double() @ basis
    layer = held.linear(factor.mT.to(first.weight.dtype), first.bias)
    return nn.Sequential(layer, *layers[3:]), coordinates.to(images.dtype)
