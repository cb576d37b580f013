"""What a module of this package says of itself, so that networks of such modules can be certified."""

from abc import ABC, abstractmethod

from torch import nn

Shape = tuple[int, ...]


class Bounded(nn.Module, ABC):
    r"""A map f that knows a proven bound of its Lipschitz constant, and of what rounding does to it.

    Certificates are made of these numbers: :func:`analysis.lipschitz.lipschitz_bound` multiplies the first,
    :func:`analysis.lipschitz.rounding_bound` adds the third up. Each is a proven upper bound, computed in float64 from
    the tensors that the forward pass uses, and rounded outwards.
    """

    @abstractmethod
    def lipschitz(self, shape: Shape) -> float:
        r"""Bound on :math:`\|f(x) - f(y)\| / \|x - y\|` in exact arithmetic.

        Args:
            shape: Of one input, without the batch axis.

        Returns:
            The bound.
        """

    @abstractmethod
    def offset(self, shape: Shape) -> float:
        r"""Bound on :math:`\|f(0)\|`.

        Args:
            shape: Of one input, without the batch axis.

        Returns:
            The bound.
        """

    @abstractmethod
    def rounding(self, shape: Shape, norm: float) -> float:
        """Bound on the l2 distance between the computed output and the exact one.

        Args:
            shape: Of one input, without the batch axis.
            norm: Largest l2 norm of an input.

        Returns:
            The bound, for the precision of the module's tensors.
        """


class Nonexpansive(Bounded):
    """A map that never increases a distance, maps zero to zero, and does not round: it moves, compares or negates."""

    def lipschitz(self, shape: Shape) -> float:
        """Return 1."""
        return 1.0

    def offset(self, shape: Shape) -> float:
        """Return 0."""
        return 0.0

    def rounding(self, shape: Shape, norm: float) -> float:
        """Return 0."""
        return 0.0
