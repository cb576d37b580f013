"""The margin loss of 1-Lipschitz networks, of one or of a cohort."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class OffsetCrossEntropy(nn.Module):
    r"""Cross-entropy on scores whose true class is handicapped.

    .. math:: \ell(s, y) = t \cdot \mathrm{CE}\big((s - u\, e_y) / t,\; y\big)

    The offset u is the margin that training asks for: a margin of :math:`\sqrt 2\, \varepsilon` certifies radius
    :math:`\varepsilon`. The temperature t says how sharply; multiplying by t keeps gradients of order one
    (Prach and Lampert 2022, arXiv 2208.03160, section 4.3). What it is smallest for: :ref:`offset-optimum`. The mean
    over the batch is returned.

    Args:
        offset: u, not negative, in units of the scores.
        temperature: t, positive, in units of the scores.

    Raises:
        ValueError: If the offset is negative or the temperature not positive.

    Example:
        >>> OffsetCrossEntropy(offset=2**0.5 / 2, temperature=0.25)(scores, labels)
    """

    def __init__(self, offset: float, temperature: float) -> None:
        super().__init__()
        if not offset >= 0:
            raise ValueError(f"offset must not be negative, got {offset}")
        if not temperature > 0:
            raise ValueError(f"temperature must be positive, got {temperature}")
        self.offset, self.temperature = offset, temperature

    def forward(self, scores: Tensor, labels: Tensor) -> Tensor:
        """Mean loss of scores ``(n, classes)`` for labels ``(n,)``: a scalar."""
        handicap = self.offset * F.one_hot(labels, scores.shape[1]).to(scores.dtype)
        loss: Tensor = self.temperature * F.cross_entropy((scores - handicap) / self.temperature, labels)
        return loss

    def extra_repr(self) -> str:
        """Show the two numbers in ``repr``."""
        return f"offset={self.offset}, temperature={self.temperature}"


class CohortCrossEntropy(nn.Module):
    """The loss :class:`OffsetCrossEntropy` of several networks at once, each with its own offset and temperature.

    Args:
        losses: Of each network.

    Example:
        >>> CohortCrossEntropy([OffsetCrossEntropy(0, 1), OffsetCrossEntropy(0.5, 0.25)])(scores, labels).sum()
    """

    offsets: Tensor
    temperatures: Tensor

    def __init__(self, losses: Sequence[OffsetCrossEntropy]) -> None:
        super().__init__()
        self.register_buffer("offsets", torch.tensor([loss.offset for loss in losses], dtype=torch.float64))
        self.register_buffer("temperatures", torch.tensor([loss.temperature for loss in losses], dtype=torch.float64))

    def forward(self, scores: Tensor, labels: Tensor) -> Tensor:
        """Mean losses, shape ``(networks,)``, of scores ``(networks, n, classes)`` for labels ``(networks, n)``."""
        offsets = self.offsets.to(scores.dtype).view(-1, 1, 1).expand(-1, 1, scores.shape[1])
        temperatures = self.temperatures.to(scores.dtype)
        columns = scores.mT.scatter_add(1, labels[:, None], -offsets) / temperatures[:, None, None]
        losses = F.cross_entropy(columns, labels, reduction="none")  # three times as fast as over rows of a few classes
        return temperatures * losses.mean(dim=1)

    def keep(self, chosen: Tensor) -> None:
        """Go on with some of the networks.

        Args:
            chosen: Their indices, int64.
        """
        self.offsets, self.temperatures = self.offsets[chosen], self.temperatures[chosen]
