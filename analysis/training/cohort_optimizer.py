"""Nesterov momentum for several networks at once, each at its own learning rate."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from analysis.training.schedule import one_cycle


class CohortOptimizer:
    r"""What :class:`analysis.training.Descent` does for one network, for parameters with a leading axis.

    With gradient g, momentum :math:`\mu` and the rate :math:`\eta` of network and step,

    .. math:: v \leftarrow \mu v + g, \qquad w \leftarrow w - \eta (g + \mu v).

    Args:
        learning_rates: Peak of each network's schedule.
        steps: Length of each network's schedule.
        momentum: In (0, 1), constant.

    Example:
        >>> optimizer = CohortOptimizer([0.1, 1.0], [500, 1_000], momentum=0.9)
        >>> optimizer.step(parameters, gradients)
    """

    def __init__(self, learning_rates: Sequence[float], steps: Sequence[int], *, momentum: float) -> None:
        self.rates = torch.zeros(len(steps), max(steps), dtype=torch.float64)
        for row, peak, count in zip(self.rates, learning_rates, steps, strict=True):
            row[:count] = torch.tensor(one_cycle(peak, count), dtype=torch.float64)
        self.momentum, self.taken = momentum, 0
        self.velocities: list[Tensor] = []

    @torch.no_grad()
    def step(self, parameters: Sequence[Tensor], gradients: Sequence[Tensor]) -> None:
        """Move parameters in place.

        Args:
            parameters: Shapes ``(networks, ...)``.
            gradients: Of the same shapes; overwritten.
        """
        if not self.velocities:
            self.velocities = [torch.zeros_like(gradient) for gradient in gradients]
        self.rates = self.rates.to(parameters[0].device)  # once: a copy at each step would make an accelerator wait
        rates = self.rates[:, self.taken].to(parameters[0])
        for parameter, velocity, gradient in zip(parameters, self.velocities, gradients, strict=True):
            torch.add(gradient, velocity, alpha=self.momentum, out=velocity)
            direction = gradient.add_(velocity, alpha=self.momentum)
            parameter.addcmul_(direction, rates.view(-1, *[1] * (parameter.ndim - 1)), value=-1)
        self.taken += 1

    def keep(self, chosen: Tensor) -> None:
        """Go on with some of the networks.

        Args:
            chosen: Their indices along the leading axis, int64.
        """
        self.rates = self.rates[chosen.to(self.rates.device)]
        self.velocities = [velocity[chosen] for velocity in self.velocities]

    def state(self) -> dict[str, list[Tensor]]:
        """What a checkpoint has to keep beside the number of steps."""
        return {"velocities": self.velocities, "rates": [self.rates]}

    def load(self, state: Mapping[str, list[Tensor]], *, taken: int) -> None:
        """Go on from :meth:`state`.

        Args:
            state: Its values.
            taken: Steps that were taken until then.
        """
        self.velocities, (self.rates,), self.taken = state["velocities"], state["rates"], taken
