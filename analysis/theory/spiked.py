"""Bands of a strong direction and many weak ones: what optimal linear classifiers make of them, in closed form."""

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from analysis.theory.linear import linear_error

Band: TypeAlias = tuple[int, int | None]  # half-open range of directions; None: up to the last
HALVINGS = 200  # of the bracket around the root; 1,024 binary orders at the start, then 53 digits


@dataclass(frozen=True)
class SpikedLinear:
    r"""Two Gaussian classes with a strong high-variance direction and many weak low-variance ones.

    The label y is uniform on {-1, 1} and :math:`x = y\,m + \operatorname{diag}(s) z` with z standard normal.
    Direction 0 is the spike, :math:`m_0, s_0`; directions 1 to k are weak, all with mean :math:`m_j = \mu` and standard
    deviation :math:`s_j = \tau`. They are ordered by falling variance, :math:`m_j^2 + s_j^2`; a band B is a union of
    half-open ranges of them, as in ``subspaces.bands``. (They are the principal axes of the noise. Those of all
    points are turned a little towards m.) The adversary moves x by r in l2.

    **Standard.** The best of all classifiers on B is linear, :math:`w_j = m_j / s_j^2`, with error

    .. math:: \Phi(-S), \qquad S^2 = \sum_{j \in B} m_j^2 / s_j^2

    (the likelihood ratio): what counts is each direction's signal against its own noise, whatever their size.

    **Robust** (:ref:`spiked-model`). The smallest robust error of all classifiers on B is

    .. math:: \Phi(-R), \qquad R^2 = \min_{\|v\|_2 \le r} \sum_{j \in B} (m_j - v_j)^2 / s_j^2 ,
        \qquad v_j = \frac{m_j}{1 + \lambda s_j^2},

    attained by the linear classifier :math:`w_j = v_j` (up to its length) with :math:`\lambda \ge 0` such that
    :math:`\|v\|_2 = r`; if :math:`r \ge \|m_B\|_2` it is 1/2, and no classifier is better than one that answers +1
    always. *Proof.* An adversary may move every x by -y v with any v of norm up to r. Every classifier then sees
    Gaussian classes of mean :math:`\pm(m - v)`, and errs with probability :math:`\Phi(-\|(m - v)/s\|_2)` at least. The
    minimum over v is that of a convex function over a ball; if m is outside, the condition
    :math:`(m_j - v_j)/s_j^2 = \lambda v_j` gives v as stated, with :math:`\|v\|` falling from :math:`\|m_B\|` to 0 as
    lambda grows. For :math:`w = v`, ``linear_error`` is :math:`\Phi(-(v^T m - r \|v\|)/\|s v\|)`; with :math:`r \|v\| =
    v^T v` and :math:`v^T (m - v) = \lambda \|s v\|^2` this is :math:`\Phi(-\lambda \|s v\|) = \Phi(-\|(m - v)/s\|)`.

    **What this explains.** Signals of weak directions are short: together :math:`\|m_B\| = \mu \sqrt k`, and with the
    noise a root mean square norm of :math:`\sqrt{k (\mu^2 + \tau^2)}`. Their ratios to the noise add up all the same,
    to :math:`S = \sqrt k\, \mu / \tau`, which does not change if both are made as small as one likes. So a tail band
    gives accurate classifiers, and at a radius above its norm none that is robust: there the *best* classifier is no
    better than a coin, and the most accurate one is worse, as the adversary moves each class to where the
    other one is. (:math:`r \ge \|m_B\|` suffices, which is less than the norm.) The spike alone is less accurate,
    but robust, as its signal is long; added to the tail it makes a robust classifier that leans on it, and is hardly
    better than one on the spike alone. This is the pattern of the subspace figures; images have many bands of
    falling norm in place of two.

    Attributes:
        weak: Number k of weak directions, at least 1.
        strong_mean: Mean of the spike, positive.
        strong_deviation: Its standard deviation, positive.
        weak_mean: Mean of each weak direction, positive.
        weak_deviation: Their standard deviation, positive.
        radius: L2 radius of the adversary, at least 0.

    Raises:
        ValueError: If a value is not as above, or the spike has no larger variance than the weak directions.

    Example:
        >>> model = SpikedLinear()
        >>> round(1 - model.standard_error((1, None)), 2), model.robust_error((1, None))
        (0.99, 0.5)
    """

    weak: int = 512
    strong_mean: float = 1.0
    strong_deviation: float = 0.8
    weak_mean: float = 0.002
    weak_deviation: float = 0.02
    radius: float = 0.5

    def __post_init__(self) -> None:
        if not (isinstance(self.weak, int | np.integer) and self.weak >= 1):
            raise ValueError(f"weak {self.weak} is not a whole number of at least 1")
        for name in ("strong_mean", "strong_deviation", "weak_mean", "weak_deviation"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} {getattr(self, name)} must be positive")
        if not 0 <= self.radius < math.inf:
            raise ValueError(f"radius {self.radius} must be at least 0")
        if not self.variances[0] > self.variances[1]:
            raise ValueError(f"the spike's variance {self.variances[0]:g} is not above {self.variances[1]:g}")

    @property
    def means(self) -> NDArray[np.float64]:
        """Mean of each direction in the class +1, shape ``(k + 1,)``."""
        return np.array([self.strong_mean, *[self.weak_mean] * self.weak])

    @property
    def deviations(self) -> NDArray[np.float64]:
        """Standard deviation of each direction within a class, shape ``(k + 1,)``."""
        return np.array([self.strong_deviation, *[self.weak_deviation] * self.weak])

    @property
    def variances(self) -> NDArray[np.float64]:
        """Variance of each direction, classes and noise together, shape ``(k + 1,)``, falling."""
        return self.means**2 + self.deviations**2

    def sample(self, n: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Draw labelled points.

        Args:
            n: Number of points, at least 0.
            seed: Seed of the draw, at least 0.

        Returns:
            Points, shape ``(n, k + 1)``, and labels in {-1, 1}, shape ``(n,)``.

        Example:
            >>> SpikedLinear(weak=6).sample(5, seed=0)[0].shape
            (5, 7)
        """
        stream = np.random.default_rng(seed)
        labels = 2 * stream.integers(2, size=n) - 1
        return labels[:, None] * self.means + self.deviations * stream.standard_normal((n, self.weak + 1)), labels

    def norm(self, *bands: Band) -> float:
        """Root mean square of the norm of points projected on a band.

        Args:
            *bands: Ranges ``(first, last)``, ascending and disjoint.

        Returns:
            The norm, in the units of the radius.
        """
        return math.sqrt(float(self.variances[self._chosen(bands)].sum()))

    def standard_classifier(self, *bands: Band) -> NDArray[np.float64]:
        """Weights of the most accurate classifier on a band.

        Args:
            *bands: Ranges ``(first, last)``, ascending and disjoint.

        Returns:
            Weights, 0 outside the band, shape ``(k + 1,)``.
        """
        return np.where(self._chosen(bands), self.means / self.deviations**2, 0.0)

    def robust_classifier(self, *bands: Band) -> NDArray[np.float64]:
        """Weights of the most robust classifier on a band: v of the class; the standard one's if nothing is at stake.

        Args:
            *bands: Ranges ``(first, last)``, ascending and disjoint.

        Returns:
            Weights, 0 outside the band, shape ``(k + 1,)``; all 0 if the radius reaches the norm of the mean.
        """
        chosen = self._chosen(bands)
        means, variances = self.means * chosen, self.deviations**2
        if self.radius == 0:
            return self.standard_classifier(*bands)
        if self.radius >= np.linalg.norm(means):
            return np.zeros_like(means)
        low, high = -512.0, 512.0  # of log2 lambda
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            reaches = np.linalg.norm(means / (1 + 2.0**middle * variances)) >= self.radius
            low, high = (middle, high) if reaches else (low, middle)
        return np.asarray(means / (1 + 2.0**low * variances))

    def standard_error(self, *bands: Band) -> float:
        """Smallest standard error of all classifiers on a band, Phi(-S).

        Args:
            *bands: Ranges ``(first, last)``, ascending and disjoint.

        Returns:
            Error in (0, 1/2).

        Example:
            >>> round(SpikedLinear().standard_error((0, 1)), 4)
            0.1056
        """
        chosen = self._chosen(bands)
        return float(ndtr(-np.linalg.norm((self.means / self.deviations)[chosen])))

    def robust_error(self, *bands: Band) -> float:
        """Smallest robust error of all classifiers on a band, Phi(-R).

        Args:
            *bands: Ranges ``(first, last)``, ascending and disjoint.

        Returns:
            Error in (0, 1/2].

        Example:
            >>> round(SpikedLinear().robust_error((0, 1)), 4)
            0.266
        """
        if self.radius == 0:
            return self.standard_error(*bands)
        chosen, moved = self._chosen(bands), self.robust_classifier(*bands)
        if not moved.any():
            return 0.5
        return float(ndtr(-np.linalg.norm(((self.means - moved) / self.deviations)[chosen])))

    def errors(self, weights: NDArray[np.float64]) -> tuple[float, float]:
        """Standard and robust error of a linear classifier; see ``linear_error``.

        Args:
            weights: Shape ``(k + 1,)``; 1/2 and 1/2 if all are 0.

        Returns:
            Both errors, exact.

        Example:
            >>> model = SpikedLinear()
            >>> round(model.errors(model.standard_classifier((1, None)))[1], 2)
            1.0
        """
        means, deviations = self.means, self.deviations
        return linear_error(weights, means, deviations), linear_error(weights, means, deviations, self.radius)

    def _chosen(self, bands: tuple[Band, ...]) -> NDArray[np.bool_]:
        """Whether each direction lies in one of the bands, which are checked."""
        chosen, before = np.zeros(self.weak + 1, dtype=bool), 0
        if not bands:
            raise ValueError("name a band, such as (0, None)")
        for first, last in bands:
            end = self.weak + 1 if last is None else last
            if not before <= first < end <= self.weak + 1:
                raise ValueError(
                    f"band {(first, last)} is empty, out of order or outside the {self.weak + 1} directions"
                )
            chosen[first:end] = True
            before = end
        return chosen
