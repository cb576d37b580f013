"""Learners let loose on sampled worlds of the hidden bit, beside the closed forms of their errors."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from analysis.theory.cube import corner_distances
from analysis.theory.hidden_bit import HiddenBit

Labels: TypeAlias = NDArray[np.int64]
Classifier: TypeAlias = Callable[[NDArray[np.float64]], Labels]  # last coordinate at every corner -> answers


def coordinate(known: Labels, nuisance: float) -> Classifier:
    """Learn to read the last coordinate: any sample shows that its sign is the label.

    Args:
        known: Label of each corner in the training set, 0 for the others, shape ``(2^d,)``.
        nuisance: Size of the last coordinate in the training set; not used.

    Returns:
        The sign of the last coordinate, that of 0 being +1; +1 everywhere if nothing was seen.
    """
    if not known.any():
        return lambda last: np.ones_like(known)
    return lambda last: np.where(last >= 0, 1, -1)


def table(known: Labels, nuisance: float) -> Classifier:
    """Learn the labels of the corners seen, by heart.

    Args:
        known: Label of each corner in the training set, 0 for the others, shape ``(2^d,)``.
        nuisance: Size of the last coordinate in the training set; not used.

    Returns:
        The label of a corner that was seen, else +1.
    """
    return lambda last: np.where(known == 0, 1, known)


def nearest(known: Labels, nuisance: float) -> Classifier:
    r"""Learn to answer with the label of the nearest training point in :math:`\mathbb R^{d+1}`.

    The squared distance to the nearest training point of label c is :math:`4 k_c + (u - g c)^2`, where
    :math:`k_c` counts the differing signs and u is the last coordinate.

    Args:
        known: Label of each corner in the training set, 0 for the others, shape ``(2^d,)``.
        nuisance: Size g of the last coordinate in the training set.

    Returns:
        The label of the nearest training point; +1 if points of both labels are equally near, or none exists.
    """
    positive, negative = 4 * corner_distances(known == 1), 4 * corner_distances(known == -1)
    return lambda last: np.where(positive + (last - nuisance) ** 2 <= negative + (last + nuisance) ** 2, 1, -1)


LEARNERS: dict[str, Callable[[Labels, float], Classifier]] = {
    "coordinate": coordinate,
    "table": table,
    "nearest": nearest,
}


@dataclass(frozen=True)
class SimulatedErrors:
    """Errors of a learner in independent worlds; their mean estimates the expected error.

    Attributes:
        standard: Share of wrong answers in each world, shape ``(repeats,)``.
        robust: Share of points that the adversary gets answered wrongly, shape ``(repeats,)``.
    """

    standard: NDArray[np.float64]
    robust: NDArray[np.float64]


def simulate(model: HiddenBit, n: int, *, learner: str = "table", repeats: int = 100, seed: int = 0) -> SimulatedErrors:
    """Sample worlds and training sets, fit a learner in each, and measure its errors at all 2^d corners.

    Given world and training set nothing is estimated: every corner is tested. The adversary pushes the last
    coordinate by the whole radius towards the other label: to (z, 0) if the radius equals the nuisance. For
    "coordinate" and "table" no perturbation does better; for "nearest", where small changes of z may also
    help, ``robust`` is a lower bound. The same seed gives the same worlds for every ``n`` and learner.

    Args:
        model: The setting; ``dimension`` at most 20.
        n: Number of training samples, at least 0.
        learner: "coordinate", "table" or "nearest" (one nearest neighbour).
        repeats: Number of worlds, at least 1, each with a training set of its own.
        seed: Seed of the simulation, at least 0.

    Returns:
        Both errors for each repeat.

    Raises:
        ValueError: If the learner is unknown, a number is out of its range, or the model cannot be sampled.

    Example:
        >>> simulate(HiddenBit(dimension=4), 64, learner="table", repeats=3).robust.shape
        (3,)
    """
    if learner not in LEARNERS:
        raise ValueError(f"learner {learner!r} is unknown: there are {', '.join(LEARNERS)}")
    if repeats < 1 or seed < 0:
        raise ValueError(f"repeats {repeats} must be at least 1, seed {seed} at least 0")
    worlds = np.random.SeedSequence(seed).generate_state(repeats, np.uint64)
    errors = np.array([_errors(model, n, learner, int(world)) for world in worlds])
    return SimulatedErrors(standard=errors[:, 0], robust=errors[:, 1])


def _errors(model: HiddenBit, n: int, learner: str, world: int) -> tuple[float, float]:
    truth = model.truth(world)
    seen = model.corners(n, world)  # those of model.sample(n, world), without the cost of writing points out
    known = np.zeros_like(truth)
    known[seen] = truth[seen]
    classify = LEARNERS[learner](known, model.nuisance)
    sign = truth.astype(np.float64)
    wrong = classify(model.nuisance * sign) != truth
    pushed = classify((model.nuisance - model.radius) * sign) != truth
    return float(wrong.mean()), float((wrong | pushed).mean())
