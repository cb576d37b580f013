"""The hidden bit with any number of classes, and with a nuisance that sometimes shows a wrong label."""

from dataclasses import dataclass
from typing import ClassVar, overload

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from analysis.theory.counts import Count, Counts, float_if_scalar, whole_numbers
from analysis.theory.cube import corner_numbers, corner_points
from analysis.theory.hidden_bit import LARGEST_SAMPLED
from analysis.theory.occupancy import unseen_probability

NEGLIGIBLE = 1e-25  # probabilities left out of sums


@dataclass(frozen=True)
class HiddenLabel:
    r"""Points whose class is written on them faintly and not always rightly, and hidden in them robustly.

    A world is a function :math:`f: \{-1,1\}^d \to \{0, \dots, c-1\}` and a code :math:`s \in \{0, \dots, c-1\}`, drawn
    uniformly and then fixed. In it :math:`z` is uniform on the corners, the label is :math:`y = f(z)`, and the
    point is :math:`x = (z, g e_{k}) \in \mathbb R^{d+c}` with the symbol :math:`k = y + s + b \bmod c`: b is 0 with
    probability :math:`1 - \eta`, else uniform on 1 to c - 1, anew for every point. So g is the size of the nuisance and
    eta its noise, :math:`\eta \le 1 - 1/c`, radius r with :math:`0 < g \le r < 1`. The labels that a learner sees
    are right. Errors are averaged over worlds, n samples, coins and the test point; U is the event that the test corner
    is not among the samples, :math:`P(U) = (1 - 2^{-d})^n`.

    **1. A robust classifier exists**: f of the signs of the first d coordinates, as in ``HiddenBit``; its error is 0.

    **2. Accuracy 1 - eta is easy to learn.** The smallest expected standard error of any learner is

    .. math:: S(n) = P(U)\, V(n), \qquad V(n) = 1 - (1 - \eta) Q(n) - \tfrac{\eta}{c-1} (1 - Q(n)),

    where Q(n) is the probability that the most frequent value of :math:`k_i - y_i \bmod c` among the n samples, ties
    broken at random, is the code s. V falls from 1 - 1/c at n = 0 to eta exponentially fast, whatever d is.

    *No learner does better.* :math:`k_i - y_i = s + b_i` is independent of corners and of f. Given a sample S, U, and
    the test symbol k, y is uniform, and :math:`P(y \mid k, S) = \sum_{s'} P(s' \mid S) P(b = k - y - s') =
    p (1 - \eta) + (1 - p) \tfrac{\eta}{c-1}` with :math:`p = P(s = k - y \mid S)`. This rises with p, as
    :math:`1 - \eta \ge \eta / (c-1)`, and :math:`P(s' \mid S)` with the number of samples with
    :math:`k_i - y_i = s'`. So on unseen corners no answer is more often right than :math:`k - \hat s` with the most
    frequent :math:`\hat s`, which errs with probability V(n), independently of U. *The learner "vote" attains it:* it
    stores the labels of training corners and answers :math:`k - \hat s` elsewhere.

    **3. A robust one needs exponentially many samples** (:ref:`hidden-label`). The smallest expected robust error of
    any learner is

    .. math:: R(n) = (1 - \tfrac1c)(1 - 2^{-d})^n .

    *No learner does better:* the point (z, 0) is at distance :math:`g \le r` from x, whatever label and symbol. In U
    the answer there is independent of :math:`f(z)`, which is uniform: they differ with probability 1 - 1/c. *The
    learner "table" attains it*, and R(n) as its standard error: it answers by the stored label, by 0 where none is.
    Robust accuracy :math:`1/c + \tau` takes :math:`n \ge \tau\, 2^d c / (c - 1)` samples, by Bernoulli's inequality.

    Attributes:
        dimension: Number d of coordinates that hide the label, at least 1.
        nuisance: Size g of the symbol that shows it.
        radius: L2 radius r of the adversary, in the units of the points.
        classes: Number c of classes, at least 2.
        noise: Probability eta that the symbol shows another class.

    Raises:
        ValueError: If a value is not as above; ``dimension`` is a whole number from 1 to 1,000.

    Example:
        >>> round(HiddenLabel(dimension=10, classes=10, noise=0.1).standard_error(20), 3)
        0.098
    """

    dimension: int = 10
    nuisance: float = 0.1
    radius: float = 0.1
    classes: int = 2
    noise: float = 0.0

    learners: ClassVar[tuple[str, ...]] = ("table", "vote")

    def __post_init__(self) -> None:
        if not (isinstance(self.dimension, int | np.integer) and 1 <= self.dimension <= 1_000):
            raise ValueError(f"dimension {self.dimension} is not a whole number from 1 to 1000")
        if not 0 < self.nuisance <= self.radius < 1:
            raise ValueError(f"nuisance {self.nuisance} and radius {self.radius} break 0 < nuisance <= radius < 1")
        if not (isinstance(self.classes, int | np.integer) and self.classes >= 2):
            raise ValueError(f"classes {self.classes} is not a whole number of at least 2")
        if not 0 <= self.noise <= 1 - 1 / self.classes:
            raise ValueError(f"noise {self.noise} is not from 0 to 1 - 1/classes, {1 - 1 / self.classes:g}")

    def sample(self, n: int, seed: int, *, world: int | None = None) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Draw labelled points from one world, which the seed decides too unless ``world`` names it.

        Args:
            n: Number of points, at least 0.
            seed: Seed of the draw, at least 0.
            world: Seed of f and of the code; the seed of the draw if None.

        Returns:
            Points ``(z, g e_k)``, shape ``(n, d + c)``, and labels from 0 to c - 1, shape ``(n,)``.

        Raises:
            ValueError: If d exceeds 20, where the table of f no longer fits.

        Example:
            >>> HiddenLabel(dimension=3, classes=4).sample(5, seed=0)[0].shape
            (5, 7)
        """
        truth, code = self._world(seed if world is None else world)
        stream = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(1,)))
        numbers = stream.integers(2**self.dimension, size=n)
        wrong = (stream.random(n) < self.noise) * stream.integers(1, self.classes, size=n)
        symbols = np.eye(self.classes)[(truth[numbers] + code + wrong) % self.classes]
        return np.column_stack([corner_points(numbers, self.dimension), self.nuisance * symbols]), truth[numbers]

    def run(self, n: int, learner: str, seed: int) -> tuple[float, float]:
        """Fit a learner in one world, and test it at all corners and all symbols.

        Args:
            n: Number of training samples, at least 0.
            learner: "table" or "vote".
            seed: Seed of the world and of the training set.

        Returns:
            Standard error, and robust error: against the adversary who erases the symbol, to which "vote" answers 0
            where it did not see the corner. For "table" no adversary does better; "vote" may be fooled more often.
        """
        truth, code = self._world(seed)
        points, labels = self.sample(n, seed)
        seen = corner_numbers(points[:, : self.dimension])
        stored = np.full(len(truth), -1)
        stored[seen] = labels
        unseen = np.where(stored >= 0, stored, 0) != truth
        if learner == "table":
            return float(unseen.mean()), float(unseen.mean())
        votes = np.bincount(
            (points[:, self.dimension :].argmax(axis=1) - labels) % self.classes, minlength=self.classes
        )
        coins = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(2,)))
        found = coins.choice(np.flatnonzero(votes == votes.max())) == code
        wrong = (stored < 0) * (self.noise if found else 1 - self.noise / (self.classes - 1))
        return float(wrong.mean()), float(np.where(unseen, 1, wrong).mean())

    @overload
    def standard_error(self, n: Count, learner: str = ...) -> float: ...
    @overload
    def standard_error(self, n: Counts, learner: str = ...) -> NDArray[np.float64]: ...
    def standard_error(self, n: Count | Counts, learner: str = "vote") -> float | NDArray[np.float64]:
        """Expected standard error after n samples: S(n) for "vote", the smallest of all, R(n) for "table".

        Args:
            n: Number of samples, scalar or any shape; "vote" takes half a second for 4,096 samples of ten classes.
            learner: "vote" or "table".

        Returns:
            Error in [0, 1 - 1/c]; a float for a scalar, else an array of the shape of ``n``.

        Raises:
            ValueError: If a number of samples is no whole number of at least 0, or the learner is unknown.
        """
        if learner not in self.learners:
            raise ValueError(f"learner {learner!r} is unknown: there are {', '.join(self.learners)}")
        if learner == "table":
            return self.robust_error(n)
        counts = whole_numbers(n)
        found = np.vectorize(self._code_found, otypes=[np.float64])(counts)
        voted = 1 - (1 - self.noise) * found - self.noise / (self.classes - 1) * (1 - found)
        return float_if_scalar(np.asarray(unseen_probability(self.dimension, counts) * voted))

    @overload
    def robust_error(self, n: Count) -> float: ...
    @overload
    def robust_error(self, n: Counts) -> NDArray[np.float64]: ...
    def robust_error(self, n: Count | Counts) -> float | NDArray[np.float64]:
        """Smallest expected robust error R(n) that any learner can reach after n samples.

        Args:
            n: Number of samples, scalar or any shape.

        Returns:
            Error in [0, 1 - 1/c]; a float for a scalar, else an array of the shape of ``n``.

        Example:
            >>> HiddenLabel(dimension=1, classes=4).robust_error(1)
            0.375
        """
        return float_if_scalar((1 - 1 / self.classes) * unseen_probability(self.dimension, whole_numbers(n)))

    def _code_found(self, n: float) -> float:
        """Probability Q that the code is the most frequent shift, ties broken at random.

        The counts of the shifts are independent Poisson numbers, given that their sum is n.

        Args:
            n: Number of samples.

        Returns:
            Probability, from 1/c for n = 0 on.
        """
        if n == 0:
            return 1 / self.classes
        others = self.classes - 1
        right, wrong = (_poisson(int(n), n * each) for each in (1 - self.noise, self.noise / others))
        total = 0.0
        largest = 1 + int(np.flatnonzero(wrong > NEGLIGIBLE).max())
        for top in range(1, int(n) + 1):  # count of the code; none of the others is larger
            if right[top] < NEGLIGIBLE:
                continue
            lower, power = wrong[: min(top, largest)], np.ones(1)  # of one count below the top, of the sum of several
            for below in range(others + 1):
                tied = others - below
                rest = int(n) - top * (1 + tied)
                if 0 <= rest < len(power):
                    ways = np.exp(gammaln(others + 1) - gammaln(tied + 1) - gammaln(below + 1))
                    total += right[top] * ways * wrong[top] ** tied * power[rest] / (1 + tied)
                power = np.convolve(power, lower)[: int(n) + 1]
        return float(total / _poisson(int(n), n)[-1])

    def _world(self, world: int) -> tuple[NDArray[np.int64], int]:
        """Labels of all corners, and the code."""
        if self.dimension > LARGEST_SAMPLED:
            raise ValueError(f"dimension {self.dimension} cannot be sampled: at most {LARGEST_SAMPLED} can")
        stream = np.random.default_rng(np.random.SeedSequence(world, spawn_key=(0,)))
        return stream.integers(self.classes, size=2**self.dimension), int(stream.integers(self.classes))


def _poisson(n: int, mean: float) -> NDArray[np.float64]:
    """Probabilities of 0 to n under a Poisson distribution."""
    k = np.arange(n + 1.0)
    if mean == 0:
        return np.asarray(k == 0, dtype=np.float64)
    return np.asarray(np.exp(k * np.log(mean) - mean - gammaln(k + 1)))
