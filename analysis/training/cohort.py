"""The training loop of a cohort: networks of one architecture, trained as one."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from analysis.training.cohort_optimizer import CohortOptimizer
from analysis.training.loop import CHECK_EVERY


class Stack(Protocol):
    """Networks with a leading axis, such as ``models.stack`` makes."""

    @property
    def trained(self) -> list[Tensor]:
        """What is moved."""

    def __call__(self, images: Tensor) -> Tensor:
        """Scores ``(networks, n, classes)`` of images ``(networks, n, ...)``."""

    def follow(self) -> None:
        """Keep what networks keep at each step beside their parameters."""

    def keep(self, chosen: Tensor) -> None:
        """Go on with some of the networks."""

    def restore(self, index: int, network: nn.Module) -> None:
        """Write one network's values into a network of its own."""

    def state(self) -> dict[str, Tensor]:
        """All values."""

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Go on from other values."""


class Batches(Protocol):
    """A batch for every network at each step, such as ``datasets.cohort_batches.CohortBatches`` draws."""

    def draw(self) -> tuple[Tensor, Tensor]:
        """Images ``(networks, n, ...)`` and labels ``(networks, n)``."""

    def keep(self, chosen: Tensor) -> None:
        """Go on with some of the networks."""

    def state(self) -> dict[str, Any]:
        """What the next draws follow from."""

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from another state."""


class CohortLoss(Protocol):
    """A loss for every network, such as ``losses.CohortCrossEntropy``."""

    def __call__(self, scores: Tensor, labels: Tensor) -> Tensor:
        """Losses ``(networks,)``."""

    def keep(self, chosen: Tensor) -> None:
        """Go on with some of the networks."""


class Checkpoint(Protocol):
    """Keeps a cohort's state for the case that its training is cut off."""

    def recall(self) -> dict[str, Any] | None:
        """Return the state that was kept last, if any."""

    def offer(self, state: Callable[[], dict[str, Any]]) -> None:
        """Keep the state, if it is time to."""


@dataclass(frozen=True)
class Ending:
    """How the training of one network ended.

    Attributes:
        loss: On the last batch; None where it diverged.
        diverged: Step at which the loss was seen not to be finite; None where it was.
    """

    loss: float | None = None
    diverged: int | None = None


class Cohort:
    """Networks of one architecture in training, each for its own number of steps.

    A network that has taken its steps, or has diverged, leaves the cohort, so that neither costs the others time, and
    its running statistics stay as they are where it is trained alone.

    Args:
        networks: Where the values go once training ends; as they are at the start, they have been stacked.
        stack: The same networks as one.
        batches: Draws one batch for each.
        loss: Of each.
        optimizer: Moves ``stack.trained``.
        steps: Of each network.

    Example:
        >>> endings = Cohort(networks, stack(networks), batches, loss, optimizer, steps=[500, 1_000]).train()
    """

    def __init__(
        self,
        networks: Sequence[nn.Module],
        stack: Stack,
        batches: Batches,
        loss: CohortLoss,
        optimizer: CohortOptimizer,
        *,
        steps: Sequence[int],
    ) -> None:
        self.networks, self.steps = networks, steps
        self.stack, self.batches, self.loss, self.optimizer = stack, batches, loss, optimizer
        self.members = list(range(len(networks)))
        self.endings: dict[int, Ending] = {}

    def train(self, checkpoint: Checkpoint | None = None) -> list[Ending]:
        """Take all steps that are left. Prints nothing.

        Args:
            checkpoint: Offered the state every 50 steps, and asked for one at the start.

        Returns:
            One ending for each network. Losses are looked at every 50 steps, as by :func:`analysis.training.train`.
        """
        kept = checkpoint.recall() if checkpoint is not None else None
        if kept is not None:
            self.load(kept)
        ends = {count - 1 for count in self.steps}
        while self.members:
            step = self.optimizer.taken
            losses = self.take_step()
            if step % CHECK_EVERY == 0 or step in ends:
                self._dismiss(step, losses.tolist())
                if checkpoint is not None and self.members:
                    checkpoint.offer(self.state)
        return [self.endings[index] for index in range(len(self.networks))]

    def take_step(self) -> Tensor:
        """Take the next step of every network, and return their losses, shape ``(networks,)``."""
        images, labels = self.batches.draw()
        losses = self.loss(self.stack(images), labels)
        gradients = torch.autograd.grad(losses.sum(), self.stack.trained)  # each loss depends on its own network alone
        self.stack.follow()
        self.optimizer.step(self.stack.trained, gradients)
        return losses.detach()

    def _dismiss(self, step: int, losses: list[float]) -> None:
        """Let go who is done or lost."""
        staying = []
        for position, (member, loss) in enumerate(zip(self.members, losses, strict=True)):
            last = step == self.steps[member] - 1
            if not math.isfinite(loss) and (last or step % CHECK_EVERY == 0):
                self.endings[member] = Ending(diverged=step)
            elif last:
                self.endings[member] = Ending(loss=loss)
                self.stack.restore(position, self.networks[member])
            else:
                staying.append(position)
        if len(staying) == len(self.members):
            return
        self.members = [self.members[position] for position in staying]
        if self.members:
            chosen = torch.tensor(staying, device=self.stack.trained[0].device)
            for part in (self.stack, self.batches, self.loss, self.optimizer):
                part.keep(chosen)

    def state(self) -> dict[str, Any]:
        """Everything that the rest of the training follows from: tensors, numbers and names only."""
        return {
            "taken": self.optimizer.taken,
            "members": list(self.members),
            "stack": {name: tensor.detach() for name, tensor in self.stack.state().items()},
            "batches": self.batches.state(),
            "optimizer": self.optimizer.state(),
            "endings": {member: asdict(ending) for member, ending in self.endings.items()},
            "networks": {member: self.networks[member].state_dict() for member in self.endings},
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from :meth:`state`; the cohort must not have taken a step.

        Args:
            state: Of a cohort of the same networks, batches and loss.
        """
        self.members = state["members"]
        self.endings = {member: Ending(**ending) for member, ending in state["endings"].items()}
        for member, values in state["networks"].items():
            self.networks[member].load_state_dict(values)
        chosen = torch.tensor(self.members, device=self.stack.trained[0].device)
        for part in (self.stack, self.batches, self.loss):
            part.keep(chosen)
        self.stack.load(state["stack"])
        self.batches.load(state["batches"])
        self.optimizer.load(state["optimizer"], taken=state["taken"])
