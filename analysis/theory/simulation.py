"""Learners let loose on sampled worlds, beside the closed forms of their errors."""

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray


class World(Protocol):
    """A distribution to learn from, with the learners that are let loose on it.

    Attributes:
        learners: Their names; the first is the most robust.
    """

    learners: ClassVar[tuple[str, ...]]

    def run(self, n: int, learner: str, seed: int) -> tuple[float, float]:
        """Standard and robust error of a learner after n samples, all of whose luck the seed decides."""


@dataclass(frozen=True)
class SimulatedErrors:
    """Errors of a learner in independent repeats; their mean estimates the expected error.

    Attributes:
        standard: Standard error in each repeat, shape ``(repeats,)``.
        robust: Robust error in each repeat, shape ``(repeats,)``.
    """

    standard: NDArray[np.float64]
    robust: NDArray[np.float64]


def simulate(world: World, n: int, *, learner: str | None = None, repeats: int = 100, seed: int = 0) -> SimulatedErrors:
    """Sample training sets, fit a learner to each, and measure its errors; ``run`` of the world says how.

    The same seed gives the same draws for every ``n`` and learner.

    Args:
        world: The setting, such as ``HiddenBit(dimension=4)``.
        n: Number of training samples, at least 0.
        learner: One of the world's ``learners``; the first if None.
        repeats: Number of training sets, at least 1 (and of worlds, where these are drawn too).
        seed: Seed of the simulation, at least 0.

    Returns:
        Both errors for each repeat.

    Raises:
        ValueError: If the learner is unknown, a number is out of its range, or the world cannot be sampled.

    Example:
        >>> simulate(HiddenBit(dimension=4), 64, learner="table", repeats=3).robust.shape
        (3,)
    """
    chosen = world.learners[0] if learner is None else learner
    if chosen not in world.learners:
        raise ValueError(f"learner {chosen!r} is unknown: there are {', '.join(world.learners)}")
    if n < 0:
        raise ValueError(f"n {n} is negative: it must be at least 0")
    if repeats < 1 or seed < 0:
        raise ValueError(f"repeats {repeats} must be at least 1, seed {seed} at least 0")
    seeds = np.random.SeedSequence(seed).generate_state(repeats, np.uint64)
    errors = np.array([world.run(n, chosen, int(each)) for each in seeds])
    return SimulatedErrors(standard=errors[:, 0], robust=errors[:, 1])
