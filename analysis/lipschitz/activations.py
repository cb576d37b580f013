"""1-Lipschitz activation functions."""

import torch
from torch import Tensor

from analysis.lipschitz.bounded import Nonexpansive


class MaxMin(Nonexpansive):
    r"""Sort each pair of neighbouring channels: :math:`(a, b) \mapsto (\max(a, b), \min(a, b))`.

    A permutation of the coordinates at every input, hence an isometry almost everywhere and 1-Lipschitz
    (Anil, Lucas, Grosse 2019: GroupSort with groups of two; "OPLU", Chernodub and Nowicki 2016).

    Args:
        channels: Not needed; every activation can be made of the number of its channels.

    Example:
        >>> MaxMin()(torch.tensor([[1.0, 2.0, 4.0, 3.0]]))
        tensor([[2., 1., 4., 3.]])
    """

    def __init__(self, channels: int | None = None) -> None:
        super().__init__()

    def forward(self, x: Tensor) -> Tensor:
        """Apply to the channel axis.

        Args:
            x: Shape ``(n, channels, ...)``.

        Returns:
            Same shape.

        Raises:
            ValueError: If the number of channels is odd.
        """
        if x.shape[1] % 2:
            raise ValueError(f"MaxMin needs an even number of channels, got {x.shape[1]}")
        first, second = x.unflatten(1, (-1, 2)).unbind(2)
        return torch.stack((torch.maximum(first, second), torch.minimum(first, second)), dim=2).flatten(1, 2)
