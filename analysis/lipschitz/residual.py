"""Skip connections."""

import torch
from torch import Tensor, nn

from analysis.lipschitz.bounded import Bounded, Shape
from analysis.lipschitz.norms import lipschitz_bound, offset_bound, precision
from analysis.lipschitz.rounding import rounding_bound


class Residual(Bounded):
    r"""Add a branch to its input: :math:`y = x + f(x)`, at most :math:`1 + L_f`-Lipschitz.

    The bound is that of the triangle inequality, which nothing improves for a branch of which no more is known. Layers
    that are 1-Lipschitz because of what their branch is (CPL, SLL) prove it themselves.

    Args:
        branch: A layer, or a ``Sequential``, that keeps the shape of its input.

    Example:
        >>> lipschitz_bound(Residual(nn.ReLU()), (4,))
        2.0...
    """

    def __init__(self, branch: nn.Module) -> None:
        super().__init__()
        self.branch = branch

    def forward(self, x: Tensor) -> Tensor:
        """Add the branch.

        Args:
            x: Shape ``(n, ...)``.

        Returns:
            Same shape.

        Raises:
            ValueError: If the branch changes the shape.
        """
        change: Tensor = self.branch(x)
        if change.shape != x.shape:
            raise ValueError(f"the branch of a Residual makes shape {tuple(change.shape)} of {tuple(x.shape)}")
        return x + change

    def lipschitz(self, shape: Shape) -> float:
        """Return 1 and the branch's bound."""
        return 1.0 + lipschitz_bound(self.branch, shape)

    def offset(self, shape: Shape) -> float:
        """Return the branch's bound."""
        return offset_bound(self.branch, shape)

    def rounding(self, shape: Shape, norm: float) -> float:
        """Bound the branch's error, and one rounding of each sum."""
        error = rounding_bound(self.branch, shape, norm)
        largest = self.lipschitz(shape) * norm + self.offset(shape) + error
        return error + torch.finfo(precision(self.branch)).eps / 2 * largest
