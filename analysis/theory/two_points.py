"""What the offset cross-entropy asks for: its optimal margins for two points, in closed form."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class TwoPoints:
    r"""Two points of different classes, and the 1-Lipschitz scores that the offset cross-entropy likes best.

    Point 1 has class 1 and probability p, point 2 has class 2 and probability 1 - p; half their l2 distance is rho.
    With scores :math:`(s_1, s_2)` that are 1-Lipschitz in l2, the margin of a point is its own score minus the other,
    and margin :math:`M` certifies radius :math:`M / \sqrt 2`. ``losses.OffsetCrossEntropy(u, t)`` of a margin M is

    .. math:: \ell(M) = t \log\big(1 + e^{(u - M)/t}\big).

    **Which margins can be had.** The difference :math:`s_1 - s_2` is :math:`\sqrt 2`-Lipschitz, so the margins of the
    points satisfy :math:`M_1 + M_2 \le 2 \sqrt 2 \rho`: their radii add up to the distance at most. Every such pair
    is had, by :math:`s = (h, -h)` with h a constant plus a linear function, of slope at most :math:`1/\sqrt 2`, along
    the line through the points.

    **The optimum** (:ref:`offset-optimum`). The expected loss :math:`p\,\ell(M_1) + (1 - p)\,\ell(M_2)` falls in both
    margins, so that at the optimum :math:`M_2 = 2 \sqrt 2 \rho - M_1`. It is strictly convex in :math:`M_1`; its
    derivative vanishes where

    .. math:: \frac{p}{1 + e^{(M_1 - u)/t}} = \frac{1 - p}{1 + e^{(2 \sqrt 2 \rho - M_1 - u)/t}} .

    With :math:`q = e^{(M_1 - u)/t}` and :math:`c = e^{2 (\sqrt 2 \rho - u)/t}` this is
    :math:`(1 - p) q^2 + (1 - 2 p) q - p c = 0`, whose one positive root gives

    .. math:: M_1 = u + t \log \frac{2 p - 1 + \sqrt{(2 p - 1)^2 + 4 p (1 - p)\, c}}{2 (1 - p)} .

    **Which radius that is.** (a) *Room for both,* :math:`u < \sqrt 2 \rho`: for small t, c is large, and
    :math:`M_1 \approx \sqrt 2 \rho + \tfrac t2 \log \tfrac p{1-p}`. The boundary is in the middle, and both radii are
    rho, all there is, but for a shift that the temperature allows. (b) *A conflict,* :math:`u > \sqrt 2 \rho`: c
    vanishes, and for p > 1/2 :math:`M_1 \to u + t \log \tfrac{2p - 1}{1 - p}`. The more frequent point gets radius
    :math:`u / \sqrt 2` at the expense of the other, which gets the rest, and is given up once
    :math:`u / \sqrt 2 > 2 \rho`. So the offset is the margin for which the loss trades one point for another: it
    optimises radius :math:`u / \sqrt 2`, up to :math:`t/\sqrt 2` times a logarithm. An offset of :math:`\sqrt 2` trains
    for radius 1, as Prach and Lampert 2022 (arXiv 2208.03160) say of it. With rho = 0 this is one point whose label
    is wrong with probability 1 - p.

    Attributes:
        half_distance: Rho, at least 0.
        share: Probability p of point 1, strictly between 0 and 1.
        offset: u of the loss, at least 0.
        temperature: t of the loss, positive.

    Raises:
        ValueError: If a value is not as above.

    Example:
        >>> [round(radius, 2) for radius in TwoPoints(half_distance=0.5, share=0.7, offset=2**0.5).radii]
        [1.05, -0.05]
    """

    half_distance: float = 1.0
    share: float = 0.6
    offset: float = math.sqrt(2)
    temperature: float = 0.25

    def __post_init__(self) -> None:
        if not 0 <= self.half_distance < math.inf:
            raise ValueError(f"half_distance {self.half_distance} must be at least 0")
        if not 0 < self.share < 1:
            raise ValueError(f"share {self.share} is not strictly between 0 and 1")
        if not 0 <= self.offset < math.inf:
            raise ValueError(f"offset {self.offset} must be at least 0")
        if not 0 < self.temperature < math.inf:
            raise ValueError(f"temperature {self.temperature} must be positive")

    def sample(self, n: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Draw labelled points: rho with label 0 (point 1), and -rho with label 1.

        Args:
            n: Number of points, at least 0.
            seed: Seed of the draw, at least 0.

        Returns:
            Points, shape ``(n, 1)``, and labels, shape ``(n,)``.
        """
        labels = (np.random.default_rng(seed).random(n) >= self.share).astype(np.int64)
        return self.half_distance * np.where(labels == 0, 1.0, -1.0)[:, None], labels

    def expected_loss(self, margin: float) -> float:
        """Expected loss of the scores with a given margin at point 1, and all that remains at point 2.

        Args:
            margin: M_1.

        Returns:
            The loss, in units of the scores.
        """
        margins = (margin, 2 * math.sqrt(2) * self.half_distance - margin)
        first, second = (
            self.temperature * np.logaddexp(0, (self.offset - each) / self.temperature) for each in margins
        )
        return float(self.share * first + (1 - self.share) * second)

    @property
    def margins(self) -> tuple[float, float]:
        """Optimal margins M_1 and M_2; negative where a point is given up."""
        room = math.sqrt(2) * self.half_distance
        gap, product = 2 * self.share - 1, self.share * (1 - self.share)
        half = (room - self.offset) / self.temperature  # of the logarithm of c
        root = np.logaddexp(math.log(abs(gap)) if gap else -math.inf, _log_rise(abs(gap), product, half))
        if gap >= 0:  # the numerator, without a cancellation: gap + root
            log_q = float(root) - math.log(2 * (1 - self.share))
        else:  # root - |gap| = 4 p (1 - p) c / (root + |gap|)
            log_q = math.log(2 * self.share) + 2 * half - float(root)
        first = self.offset + self.temperature * log_q
        return first, 2 * room - first

    @property
    def radii(self) -> tuple[float, float]:
        """Certified radii at the optimum: the margins divided by the square root of 2."""
        first, second = self.margins
        return first / math.sqrt(2), second / math.sqrt(2)


def _log_rise(gap: float, product: float, half: float) -> float:
    """Logarithm of the square root of gap^2 + 4 product e^(2 half), whatever the size of the exponential."""
    return float(np.logaddexp(2 * math.log(gap) if gap else -math.inf, math.log(4 * product) + 2 * half)) / 2
