"""A setting that is easy to classify and exponentially hard to classify robustly, in closed form."""

import math
from dataclasses import dataclass
from typing import ClassVar, overload

import numpy as np
from numpy.typing import NDArray

from analysis.theory.counts import Count, Counts, float_if_scalar, whole_numbers
from analysis.theory.cube import corner_numbers, corner_points
from analysis.theory.hidden_bit_learners import LEARNERS
from analysis.theory.occupancy import unseen_probability

LARGEST_SAMPLED = 20  # a world is a table of 2^d labels
LARGEST_DIMENSION = 1_000  # 2^-d stays a normal float64


@dataclass(frozen=True)
class HiddenBit:
    r"""Points whose label is written on them faintly, and hidden in them robustly.

    A *world* is a function :math:`f: \{-1,1\}^d \to \{-1,1\}`, drawn uniformly from all :math:`2^{2^d}` and
    then fixed. In it :math:`z` is uniform on the corners :math:`\{-1,1\}^d`, the label is :math:`y = f(z)`, and
    the point is :math:`x = (z, g y) \in \mathbb R^{d+1}`, with nuisance :math:`g` and l2 radius :math:`r`,
    :math:`0 < g \le r < 1`. A learner knows all of this but :math:`f`; it sees n independent labelled points
    :math:`S`, and may toss coins, then or when it answers. Its error is averaged over worlds, training sets,
    coins and the test point.

    The thesis states that a setting with the following three properties exists. This construction, and the
    proofs, are this project's own: a stand-in, not the thesis's theorem (:ref:`hidden-bit`).

    **1. A robust classifier exists.** Let :math:`h(u) = f(\operatorname{sign} u_1, \dots, \operatorname{sign}
    u_d)`. If :math:`\|\delta\|_2 \le r < 1` then every :math:`|\delta_j| < 1`, so no sign changes and
    :math:`h(x + \delta) = f(z) = y`: the robust error of :math:`h` is 0.

    **2. An accurate one is easy to learn.** The sign of the last coordinate is the label. A learner that reads
    this coordinate, and takes from one example whether its sign or the opposite is meant, has error 0.

    **3. A robust one needs exponentially many samples.** The smallest expected robust error of any learner is

    .. math:: R(n) = \tfrac12 (1 - 2^{-d})^n .

    *No learner does better.* Let :math:`h_S` be the learned classifier, and :math:`z` the test corner. The point
    :math:`(z, 0)` is at distance :math:`g \le r` from :math:`x` whatever the label, so the robust error is at
    least :math:`P(h_S(z, 0) \ne f(z))`. Let :math:`U` be the event that :math:`z` is not among the n training
    corners. Training corners, test corner and coins are independent of :math:`f`, and :math:`S` depends on
    :math:`f` through its values on the training corners only. The values of :math:`f` on different corners are
    independent and uniform. Given corners and coins in :math:`U`, and given :math:`f` on the training corners,
    the answer :math:`h_S(z, 0)` is therefore fixed, while :math:`f(z)` is still uniform: they differ with
    probability 1/2. Hence the robust error is at least :math:`\tfrac12 P(U) = \tfrac12 (1 - 2^{-d})^n`, since
    each training corner misses :math:`z` with probability :math:`1 - 2^{-d}`, independently given :math:`z`.

    *The table learner attains it.* It stores the labels of the training corners; for a point :math:`u` it rounds
    the first d coordinates to signs, looks the corner up, and answers +1 if it is not stored. As in 1, its
    answer is constant on the ball of radius :math:`r` around :math:`x`. It is right outside :math:`U`, and in
    :math:`U` wrong with probability 1/2, so that its robust error, and its standard error, is :math:`R(n)`.
    With a fair coin per corner in place of +1 its expected robust error is :math:`R(n)` in every single world.
    The worst world is no better than the average one, so :math:`R(n)` is the minimax value over worlds too.

    *Corollary.* Robust accuracy :math:`\tfrac12 + \tau` takes :math:`n \ge \tau 2^{d+1}` samples: by Bernoulli's
    inequality :math:`1 - (1 - 2^{-d})^n \le n 2^{-d}`, so that :math:`\tau \le \tfrac12 - R(n) \le n 2^{-d-1}`.

    *Ties.* A classifier answers each point with one label. Where a rule leaves two (the sign of 0, equally near
    neighbours, nothing seen yet), the learners of this room answer +1.

    Attributes:
        dimension: Number d of coordinates that hide the label, at least 1.
        nuisance: Size g of the coordinate that shows it.
        radius: L2 radius r of the adversary, in the units of the points.

    Raises:
        ValueError: If ``dimension`` is not a whole number from 1 to 1,000, or not ``0 < nuisance <= radius < 1``.

    Example:
        >>> HiddenBit(dimension=10).samples_needed(0.1)
        1648
    """

    dimension: int = 10
    nuisance: float = 0.1
    radius: float = 0.1

    learners: ClassVar[tuple[str, ...]] = tuple(LEARNERS)

    def __post_init__(self) -> None:
        whole = isinstance(self.dimension, int | np.integer)
        if not (whole and 1 <= self.dimension <= LARGEST_DIMENSION):
            raise ValueError(f"dimension {self.dimension} is not a whole number from 1 to {LARGEST_DIMENSION}")
        if not 0 < self.nuisance <= self.radius < 1:
            raise ValueError(f"nuisance {self.nuisance} and radius {self.radius} break 0 < nuisance <= radius < 1")

    def truth(self, world: int) -> NDArray[np.int64]:
        """Labels of all corners in one world: the function f.

        Args:
            world: Seed of the world, at least 0.

        Returns:
            Labels in {-1, 1} in the order of the corners' numbers, shape ``(2^d,)``; see ``theory.cube``.

        Raises:
            ValueError: If d exceeds 20, where the table of f no longer fits, or the seed is negative.
        """
        bits = self._stream(world, 0).integers(2, size=2**self.dimension)
        return np.where(bits == 1, 1, -1)

    def corners(self, n: int, seed: int) -> NDArray[np.int64]:
        """Draw corners z, without their labels: the part of ``sample`` that no world enters.

        Args:
            n: Number of corners, at least 0; they may repeat.
            seed: Seed of the draw, at least 0.

        Returns:
            Numbers of corners, from 0 to 2^d - 1, shape ``(n,)``.

        Raises:
            ValueError: If ``n`` or the seed is negative, or d exceeds 20.
        """
        if n < 0:
            raise ValueError(f"n {n} is negative: it must be at least 0")
        return self._stream(seed, 1).integers(2**self.dimension, size=n)

    def sample(self, n: int, seed: int, *, world: int | None = None) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Draw labelled points from one world.

        The seed decides the world too. To draw again from the same world, say a test set, change the seed
        and name the world: ``sample(n, 0)`` and ``sample(n, 1, world=0)`` share f and nothing else.

        Args:
            n: Number of points, at least 0.
            seed: Seed of the draw, at least 0.
            world: Seed of f; the seed of the draw if None.

        Returns:
            Points ``(z, g f(z))``, shape ``(n, d + 1)``, and labels in {-1, 1}, shape ``(n,)``.

        Example:
            >>> points, labels = HiddenBit(dimension=3).sample(5, seed=0)
            >>> points.shape, bool((np.sign(points[:, 3]) == labels).all())
            ((5, 4), True)
        """
        numbers = self.corners(n, seed)
        labels = self.truth(seed if world is None else world)[numbers]
        return np.column_stack([corner_points(numbers, self.dimension), self.nuisance * labels]), labels

    def classify_robustly(self, points: NDArray[np.float64], world: int) -> NDArray[np.int64]:
        """Answers of the world's robust classifier: round to a corner, apply f.

        Args:
            points: Points, perturbed or not, shape ``(n, d + 1)``.
            world: Seed of f.

        Returns:
            Labels in {-1, 1}, shape ``(n,)``; right for every perturbation of l2 norm below 1.
        """
        return self.truth(world)[corner_numbers(points[:, : self.dimension])]

    def run(self, n: int, learner: str, seed: int) -> tuple[float, float]:
        """Fit a learner in one world, and test it at all 2^d corners: given world and samples nothing is estimated.

        The adversary pushes the last coordinate by the whole radius towards the other label: to (z, 0) if the
        radius equals the nuisance. For "table", "coordinate" and "signed" (if it reads the last coordinate) no
        perturbation does better; for the others, where changes of z may also help, the second is a lower bound.

        Args:
            n: Number of training samples, at least 0.
            learner: One of ``learners``; see ``theory.hidden_bit_learners``.
            seed: Seed of the world and of the training set.

        Returns:
            Share of corners answered wrongly, and of those that the adversary gets answered wrongly.
        """
        truth, seen = self.truth(seed), self.corners(n, seed)
        known = np.zeros_like(truth)
        known[seen] = truth[seen]
        classify = LEARNERS[learner](known, self.nuisance)
        sign = truth.astype(np.float64)
        wrong = classify(self.nuisance * sign) != truth
        pushed = classify((self.nuisance - self.radius) * sign) != truth
        return float(wrong.mean()), float((wrong | pushed).mean())

    @overload
    def standard_error(self, n: Count, learner: str = ...) -> float: ...
    @overload
    def standard_error(self, n: Counts, learner: str = ...) -> NDArray[np.float64]: ...
    def standard_error(self, n: Count | Counts, learner: str = "coordinate") -> float | NDArray[np.float64]:
        r"""Expected share of wrong answers on fresh points after n samples.

        Of "coordinate", which knows which coordinate to read: 1/2 for n = 0, else 0. Of "table", which stores
        the labels of the corners seen and does not look at the last coordinate:
        :math:`\tfrac12 (1 - 2^{-d})^n`.

        Args:
            n: Number of samples, scalar or any shape.
            learner: "coordinate" or "table".

        Returns:
            Error in [0, 1/2]; a float for a scalar, else an array of the shape of ``n``.

        Raises:
            ValueError: If a number of samples is no whole number of at least 0, or the learner is unknown.

        Example:
            >>> HiddenBit(dimension=2).standard_error([0, 1, 2], learner="table")
            array([0.5    , 0.375  , 0.28125])
        """
        counts = whole_numbers(n)
        if learner == "coordinate":
            return float_if_scalar(np.where(counts == 0, 0.5, 0.0))
        if learner == "table":
            return float_if_scalar(unseen_probability(self.dimension, counts) / 2)
        raise ValueError(f"learner {learner!r} has no closed form: 'coordinate' and 'table' have")

    @overload
    def robust_error(self, n: Count, learner: str = ...) -> float: ...
    @overload
    def robust_error(self, n: Counts, learner: str = ...) -> NDArray[np.float64]: ...
    def robust_error(self, n: Count | Counts, learner: str = "table") -> float | NDArray[np.float64]:
        r"""Smallest expected robust error that any learner can reach after n samples.

        It is :math:`\tfrac12 (1 - 2^{-d})^n`, attained by the learner "table"; the class gives the proof. The
        learner "coordinate" is at 1/2 for n = 0 and stays there if the radius equals the nuisance: the adversary
        reaches the last coordinate 0, whose answer +1 is wrong for one of the labels. With a larger radius
        the adversary turns the sign, and the robust error is 1.

        Args:
            n: Number of samples, scalar or any shape.
            learner: "table", which is the smallest of all, or "coordinate".

        Returns:
            Share of points with an adversarial perturbation within the radius; a float for a scalar, else an
            array of the shape of ``n``.

        Raises:
            ValueError: If a number of samples is no whole number of at least 0, or the learner is unknown.

        Example:
            >>> HiddenBit(dimension=2).robust_error(1)
            0.375
        """
        counts = whole_numbers(n)
        if learner == "table":
            return float_if_scalar(unseen_probability(self.dimension, counts) / 2)
        if learner == "coordinate":
            return float_if_scalar(np.where((counts == 0) | (self.radius == self.nuisance), 0.5, 1.0))
        raise ValueError(f"learner {learner!r} has no closed form: 'coordinate' and 'table' have")

    def samples_needed(self, error: float) -> int:
        r"""Smallest n with ``robust_error(n) <= error``, for the best learner.

        In real numbers it is :math:`\lceil \log(2 e) / \log(1 - 2^{-d}) \rceil`, about
        :math:`2^d \log(1 / 2e)`. The search around it makes the answer agree with ``robust_error`` to the last bit.

        Args:
            error: Robust error e to be reached, above 0.

        Returns:
            Number of samples; 0 from an error of 1/2 on.

        Raises:
            ValueError: If ``error`` is not above 0: no number of samples reaches it.

        Example:
            >>> HiddenBit(dimension=1).samples_needed(0.25)
            1
        """
        if not error > 0:
            raise ValueError(f"error {error} is never reached: it must be above 0")
        if error >= 0.5:
            return 0
        low, high = 0, 1 + 2 * math.ceil(math.log(2 * error) / math.log1p(-(2.0**-self.dimension)))
        while low < high:
            middle = (low + high) // 2
            if self.robust_error(middle) <= error:
                high = middle
            else:
                low = middle + 1
        return low

    def _stream(self, seed: int, key: int) -> np.random.Generator:
        """One of the independent random streams of a seed: 0 draws the world, 1 the corners."""
        if self.dimension > LARGEST_SAMPLED:
            raise ValueError(f"dimension {self.dimension} cannot be sampled: at most {LARGEST_SAMPLED} can")
        if seed < 0:
            raise ValueError(f"seed {seed} is negative: it must be at least 0")
        return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(key,)))
