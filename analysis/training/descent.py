"""The optimiser of the thesis, for one network."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.optim.sgd import sgd

from analysis.training.schedule import one_cycle


class Descent:
    """SGD with Nesterov momentum, each step at the next rate of a one-cycle schedule.

    Momentum stays as given: torch's schedule would cycle it between 0.85 and 0.95 and override the value asked for,
    which the thesis's code did unknowingly.

    Numbers are those of torch's ``SGD`` under ``OneCycleLR``, to the bit. Neither is made: the first optimiser of a
    process loads torch's compiler, which takes five seconds of a processor, more than many a training.

    Args:
        parameters: What to train.
        learning_rate: Peak of the schedule.
        momentum: In (0, 1).
        steps: Number of batches.

    Attributes:
        rates: Of each step.
        taken: Steps so far.

    Example:
        >>> optimizer = Descent(network.parameters(), learning_rate=0.1, momentum=0.9, steps=500)
        >>> loss(network(images), labels).backward()
        >>> optimizer.step()
    """

    def __init__(
        self, parameters: Iterable[nn.Parameter], *, learning_rate: float, momentum: float, steps: int
    ) -> None:
        self._parameters = list(parameters)
        self._velocities: list[Tensor | None] = [None] * len(self._parameters)
        self.rates, self.momentum, self.taken = one_cycle(learning_rate, steps), momentum, 0

    @torch.no_grad()
    def step(self) -> None:
        """Move the parameters that have a gradient.

        Raises:
            IndexError: After the last step of the schedule.
        """
        gradients = {place: each.grad for place, each in enumerate(self._parameters) if each.grad is not None}
        velocities = [self._velocities[place] for place in gradients]
        sgd(
            [self._parameters[place] for place in gradients],
            list(gradients.values()),
            velocities,
            lr=self.rates[self.taken],
            momentum=self.momentum,
            nesterov=True,
            dampening=0.0,
            weight_decay=0.0,
            maximize=False,
        )
        for place, velocity in zip(gradients, velocities, strict=True):
            self._velocities[place] = velocity
        self.taken += 1
