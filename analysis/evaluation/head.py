"""The last linear layer of a network, and what comes before it."""

from torch import Tensor, nn

from analysis.lipschitz import FirstChannels


def split(network: nn.Module) -> tuple[nn.Sequential, Tensor]:
    """Take a network that ends in a dense layer apart.

    Args:
        network: A folded network (:func:`analysis.lipschitz.fold`): a flat ``Sequential``. Layers that only keep the
            first scores may follow the dense one.

    Returns:
        All before the dense layer, and the rows of its matrix that make scores, shape ``(classes, features)``.

    Raises:
        ValueError: If it ends in something else; the message names the type.

    Example:
        >>> split(nn.Sequential(nn.ReLU(), nn.Linear(8, 4), FirstChannels(3)))[1].shape
        torch.Size([3, 8])
    """
    layers = list(network) if isinstance(network, nn.Sequential) else [network]
    widths: list[int] = []
    while layers and isinstance(last := layers[-1], FirstChannels):
        widths.append(last.width)
        layers.pop()
    last = layers.pop() if layers else network
    if not isinstance(last, nn.Linear):
        raise ValueError(f"pairwise radii need a network that ends in a Linear layer, not {type(last).__name__}")
    return nn.Sequential(*layers), last.weight.detach()[: min(widths, default=None)]
