"""The training loop."""

import math
from collections.abc import Callable, Iterable
from typing import Protocol

from torch import Tensor, nn

from analysis.training.precision import scores_in

CHECK_EVERY = 50  # steps between looks at the loss: each look makes an accelerator wait


class Optimizer(Protocol):
    """Moves a network's parameters by their gradients, such as :class:`analysis.training.Descent`."""

    def step(self) -> object:
        """Take a step."""


class DivergedError(ArithmeticError):
    """Training produced a loss that is not finite.

    Attributes:
        step: Step at which that was seen.
    """

    def __init__(self, step: int) -> None:
        super().__init__(f"the loss was no longer finite at step {step}")
        self.step = step


def train(
    model: nn.Module,
    batches: Iterable[tuple[Tensor, Tensor]],
    *,
    loss: Callable[[Tensor, Tensor], Tensor],
    optimizer: Optimizer,
    precision: str = "float32",
) -> float:
    """Take one optimisation step per batch. Prints nothing, saves nothing.

    Args:
        model: Network to train, changed in place and left in training mode.
        batches: Pairs of images and labels on the network's device; their number is the number of steps.
        loss: From scores ``(n, classes)`` and labels ``(n,)`` to a scalar.
        optimizer: Holds the network's parameters; stepped after every batch.
        precision: Of the forward pass, one of ``PRECISIONS``; that of the loss is the scores', float32 at least.

    Returns:
        The loss on the last batch.

    Raises:
        DivergedError: If the loss is not finite, seen at the latest 50 steps after it happens.
        ValueError: If there is no batch.

    Example:
        >>> train(model, batches(images, labels, ...), loss=loss, optimizer=optimizer)
    """
    model.train()
    value = None
    for step, (images, labels) in enumerate(batches):
        model.zero_grad()
        value = loss(scores_in(precision, model, images), labels)
        value.backward()
        optimizer.step()
        if step % CHECK_EVERY == 0:
            seen = _finite(value, step)
    if value is None:
        raise ValueError("there is no batch to train on")
    return seen if step % CHECK_EVERY == 0 else _finite(value, step)


def _finite(value: Tensor, step: int) -> float:
    """The loss, for which the processor waits."""
    seen = float(value.detach())
    if not math.isfinite(seen):
        raise DivergedError(step)
    return seen
