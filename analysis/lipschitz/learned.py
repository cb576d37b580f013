"""1-Lipschitz activation functions with trained parameters, which exist from construction on."""

import math
from typing import Literal

import torch
from torch import Tensor, nn

from analysis.lipschitz.activations import refuse_odd
from analysis.lipschitz.arithmetic import accumulated, unit_roundoff
from analysis.lipschitz.bounded import Bounded, Shape

Start = Literal["alternating", "near", "zeros", "random"]
LOWEST = {"alternating": -100.0, "near": -1.0}  # lower threshold of every other channel


class N(Bounded):
    r"""N-activation (Prach and Lampert 2023, arXiv 2311.06103): slopes +1, -1 and +1, with learned places of change.

    Each channel has thresholds :math:`\theta_1 \le \theta_2` (the sorted pair that is learned), and

    .. math:: N(x) = x - 2 \min(\max(x, \theta_1), \theta_2),

    that is :math:`x - 2 \theta_1` below them, :math:`-x` between them and :math:`x - 2 \theta_2` above: continuous,
    with slopes of size 1, hence 1-Lipschitz. :math:`\theta = (0, 0)` is the identity, :math:`(-\infty, 0)` the
    absolute value. What two slopes cannot do and these can: :ref:`n-function`.

    Args:
        channels: Number of channels.
        start: ``"alternating"``: the absolute value (-100, 0) and the identity (0, 0) in turn, the paper's choice for
            images; ``"near"``: (-1, 0) and (0, 0) in turn, its choice in one dimension, with a factor of 1;
            ``"zeros"``: the identity; ``"random"``: :math:`\mp 10^u` with u uniform in [-5, 0].
        lr_factor: f. What is stored is :math:`\theta / \sqrt f`, so that the thresholds learn f times as fast.

    Raises:
        ValueError: If there are no channels, the start is unknown, or the factor is not positive and finite.

    Example:
        >>> N(2)(torch.tensor([[-3.0, -3.0]]))
        tensor([[ 3., -3.]], grad_fn=...)
    """

    def __init__(self, channels: int, *, start: Start = "alternating", lr_factor: float = 1e-2) -> None:
        super().__init__()
        if channels < 1:
            raise ValueError(f"channels must be at least 1, got {channels}")
        if not 0 < lr_factor < math.inf:
            raise ValueError(f"lr_factor must be positive and finite, got {lr_factor}")
        self.root = math.sqrt(lr_factor)
        self.stored = nn.Parameter(_thresholds(channels, start) / self.root)

    @property
    def thetas(self) -> Tensor:
        """The thresholds, shape ``(2, channels)``, the lower ones first.

        Sorted, and not by minimum and maximum: where both are equal these give both the same gradient, and they would
        never part.
        """
        return (self.root * self.stored).sort(dim=0, stable=True).values

    def forward(self, x: Tensor) -> Tensor:
        """Apply to the channel axis.

        Args:
            x: Shape ``(n, channels, ...)``.

        Returns:
            Same shape.

        Raises:
            ValueError: If the number of channels is another.
        """
        _refuse_other("N", x.shape[1], self.stored.shape[1])
        lower, upper = self.thetas.reshape(2, -1, *[1] * (x.ndim - 2))
        return x - 2 * x.clamp(lower, upper)

    def lipschitz(self, shape: Shape) -> float:
        """Return 1."""
        return 1.0

    def offset(self, shape: Shape) -> float:
        r"""Norm of :math:`2 \min(\max(0, \theta_1), \theta_2)`, once for each pixel."""
        lower, upper = self.thetas.detach().double()
        middle = torch.zeros_like(lower).clamp(lower, upper)
        return 2 * float(middle.norm()) * math.sqrt(math.prod(shape[1:])) * (1 + 1e-6)

    def rounding(self, shape: Shape, norm: float) -> float:
        """Bound the errors of a difference and of a threshold, which is at most the entry where it is active."""
        return accumulated(8, unit_roundoff(self.stored)) * (norm + self.offset(shape))

    def extra_repr(self) -> str:
        """Show the number of channels in ``repr``."""
        return f"{self.stored.shape[1]}, lr_factor={self.root**2:g}"


class Householder(Bounded):
    r"""Householder activation of order 1 (Singla, Singla and Feizi 2022, arXiv 2108.04062): pairs, reflected at a line.

    With :math:`v = (\sin \tfrac\theta2, -\cos \tfrac\theta2)` a pair z of neighbouring channels is kept where
    :math:`v^\top z > 0` and else reflected to :math:`(I - 2 v v^\top) z`; both are

    .. math:: z - 2 v \min(v^\top z, 0),

    continuous, and orthogonal on either side, hence 1-Lipschitz. The angle of each pair is learned:
    :math:`\theta = \pi / 2`, where it starts, is :class:`MaxMin`; :math:`\pi` takes the absolute value of the first
    channel.

    Args:
        channels: Number of channels.

    Raises:
        ValueError: If it is odd, or not positive.

    Example:
        >>> Householder(2)(torch.tensor([[1.0, 2.0]]))
        tensor([[2.0000, 1.0000]], grad_fn=...)
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        refuse_odd("Householder", channels)
        if channels < 1:
            raise ValueError(f"channels must be at least 2, got {channels}")
        self.angles = nn.Parameter(torch.full((channels // 2,), math.pi / 2))

    def forward(self, x: Tensor) -> Tensor:
        """Apply to the channel axis.

        Args:
            x: Shape ``(n, channels, ...)``.

        Returns:
            Same shape.

        Raises:
            ValueError: If the number of channels is another.
        """
        _refuse_other("Householder", x.shape[1], 2 * self.angles.shape[0])
        half = self.angles.reshape(-1, *[1] * (x.ndim - 2)) / 2
        sine, cosine = half.sin(), half.cos()
        first, second = x.unflatten(1, (-1, 2)).unbind(2)
        beyond = 2 * (sine * first - cosine * second).clamp_max(0)
        return torch.stack((first - sine * beyond, second + cosine * beyond), dim=2).flatten(1, 2)

    def lipschitz(self, shape: Shape) -> float:
        """Return 1."""
        return 1.0

    def offset(self, shape: Shape) -> float:
        """Return 0."""
        return 0.0

    def rounding(self, shape: Shape, norm: float) -> float:
        """Bound 40 roundings: v errs by at most 6 of them, its product with z by 9, the correction by 32."""
        return accumulated(40, unit_roundoff(self.angles)) * norm

    def extra_repr(self) -> str:
        """Show the number of channels in ``repr``."""
        return str(2 * self.angles.shape[0])


def _thresholds(channels: int, start: Start) -> Tensor:
    thetas = torch.zeros(2, channels)
    if start in LOWEST:
        thetas[0, ::2] = LOWEST[start]
    elif start == "random":
        thetas = 10 ** (-5 * torch.rand(2, channels)) * torch.tensor([[-1.0], [1.0]])
    elif start != "zeros":
        raise ValueError(f"start must be 'alternating', 'near', 'zeros' or 'random', got {start!r}")
    return thetas


def _refuse_other(name: str, found: int, channels: int) -> None:
    if found != channels:
        raise ValueError(f"{name} was made for {channels} channels, got {found}")
