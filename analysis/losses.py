"""The margin loss of 1-Lipschitz networks."""

from torch import Tensor, nn
from torch.nn import functional as F


class OffsetCrossEntropy(nn.Module):
    r"""Cross-entropy on scores whose true class is handicapped.

    .. math:: \ell(s, y) = t \cdot \mathrm{CE}\big((s - u\, e_y) / t,\; y\big)

    The offset u is the margin that training asks for: a margin of :math:`\sqrt 2\, \varepsilon` certifies radius
    :math:`\varepsilon`. The temperature t says how sharply; multiplying by t keeps gradients of order one
    (Prach and Lampert 2022, arXiv 2208.03160, section 4.3). The mean over the batch is returned.

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
