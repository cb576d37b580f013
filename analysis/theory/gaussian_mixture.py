"""Two Gaussian classes: the mean classifier's errors after n samples, in closed form, and how many it needs."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, overload

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, ndtr, wofz

from analysis.theory.counts import Count, Counts, float_if_scalar, whole_numbers
from analysis.theory.linear import DUAL_NORMS, linear_error

NODES, REACH = 160, 9.0  # of the two-dimensional integral: nodes per axis, standard deviations to each side
STEPS, SMALLEST, LARGEST = 6_000, -30.0, 20.0  # of the inversion: points, and range of the logarithm of the frequency
STEADY = 20.0  # means, in standard deviations, up to which so many points follow the oscillation
MOST_SAMPLES = 2**60


@dataclass(frozen=True)
class GaussianMixture:
    r"""Two spherical Gaussian classes, on which robustness takes more samples than accuracy.

    The label y is uniform on {-1, 1}, and :math:`x = y\,\theta + \sigma z` with z standard normal in
    :math:`\mathbb R^d` and :math:`\theta = (a, \dots, a)`. (Signs of the coordinates change nothing; in l2 only
    :math:`\|\theta\|_2 = a \sqrt d` matters.) The adversary moves x by r in l2 or l-infinity. The setting is that of
    Schmidt et al. 2018 (arXiv 1804.11285), who choose a = 1 on average and sigma up to a constant times
    :math:`d^{1/4}`, and show that *every* learner needs about :math:`r^2 \sqrt d / \log d` samples for robustness in
    l-infinity, but one for accuracy. Here the learner is theirs, *the mean classifier*
    :math:`x \mapsto \operatorname{sign} w^T x` with :math:`w = \frac1n \sum_i y_i x_i`, and its errors are exact.

    **The best classifiers** (:ref:`gaussian-mixture`). :math:`\operatorname{sign} \theta^T x` is the best standard
    classifier, with error :math:`\Phi(-\|\theta\|_2 / \sigma)` (the likelihood ratio), and the best robust one, with
    error :math:`\Phi(-\|\theta - v\|_2 / \sigma)`, where v is :math:`r\,\theta / \|\theta\|_2` for l2 and :math:`(r,
    \dots, r)` for l-infinity. *Proof.* An adversary may move every x by -y v, whatever the classifier is. What it then
    sees are two Gaussian classes of mean :math:`\pm(\theta - v)`, on which no classifier errs less. The robust error of
    :math:`w = \theta` is as large: by ``linear_error`` it is :math:`\Phi((r \|\theta\|_* - \|\theta\|_2^2) / (\sigma
    \|\theta\|_2))`, and :math:`\theta^T v = r \|\theta\|_*` with v parallel to theta.

    **The mean classifier.** :math:`w = \theta + \sigma n^{-1/2} g` with g standard normal, and given w the errors are
    those of ``linear_error``. Their expectations over w are:

    - *l2, and standard (r = 0):* :math:`E\,\Phi\big((r - \|\theta\| C) / \sigma\big)` with the cosine
      :math:`C = \frac{u}{\sqrt{u^2 + q^2}}` between w and theta. By rotation invariance :math:`u \sim N(\sqrt n
      \|\theta\|/\sigma, 1)` and :math:`q^2 \sim \chi^2_{d-1}` are independent: a two-dimensional integral.
    - *l-infinity:* the error is :math:`P(\sum_j T_j < 0)` with independent, equally distributed :math:`T_j = w_j (a +
      \sigma z_j) - r |w_j|`, since :math:`y w^T x - r \|w\|_1` is this sum. By the inversion formula (Gil-Pelaez 1951)

      .. math:: P = \tfrac12 - \tfrac1\pi \int_0^\infty \operatorname{Im}\, \varphi(t)^d\, \tfrac{dt}t, \qquad
          \varphi(t) = E\, e^{i t T} = \frac{1}{2 \tau \sqrt A} \Big(2 e^{B_+^2 / 2A - k} - e^{-k} \big[
          \mathrm w(\tfrac{i B_+}{\sqrt{2A}}) - \mathrm w(\tfrac{i B_-}{\sqrt{2A}})\big]\Big),

      with :math:`\tau = \sigma / \sqrt n`, :math:`A = \tau^{-2} + \sigma^2 t^2`,
      :math:`B_\pm = a \tau^{-2} + i t (a \mp r)`, :math:`k = a^2 / 2 \tau^2` and the Faddeeva
      function w: given w, T is normal, and integrals of :math:`e^{-A w^2/2 \pm B_\pm w}` over :math:`w > 0` are error
      functions.

    Both are computed to about 1e-10, absolutely; without an adversary they are the same number, by different ways.

    Attributes:
        dimension: Number d of coordinates, at least 1.
        signal: Mean a of each coordinate, positive.
        noise: Standard deviation sigma of each coordinate, positive.
        radius: Of the adversary, r, from 0 to less than that at which it makes the classes equal: a in
            l-infinity, a sqrt(d) in l2.
        norm: "l2" or "linf".

    Raises:
        ValueError: If a value is not as above.

    Example:
        >>> model = GaussianMixture(dimension=1_000, noise=5.0, radius=0.4)
        >>> model.samples_needed(0.01, robust=False), model.samples_needed(0.01)
        (5, 24)
    """

    dimension: int = 100
    signal: float = 1.0
    noise: float = 3.0
    radius: float = 0.25
    norm: str = "linf"

    learners: ClassVar[tuple[str, ...]] = ("mean",)

    def __post_init__(self) -> None:
        if not (isinstance(self.dimension, int | np.integer) and self.dimension >= 1):
            raise ValueError(f"dimension {self.dimension} is not a whole number of at least 1")
        if not (0 < self.signal < math.inf and 0 < self.noise < math.inf):
            raise ValueError(f"signal {self.signal} and noise {self.noise} must be positive")
        if self.norm not in DUAL_NORMS:
            raise ValueError(f"norm {self.norm!r} is unknown: there are {', '.join(DUAL_NORMS)}")
        if not 0 <= self.radius < self._largest_radius:
            raise ValueError(f"radius {self.radius} is not from 0 to less than {self._largest_radius:g} ({self.norm})")

    @property
    def best_standard_error(self) -> float:
        r"""Error of the best classifier of all, :math:`\Phi(-\|\theta\| / \sigma)`."""
        return float(ndtr(-self.signal * math.sqrt(self.dimension) / self.noise))

    @property
    def best_robust_error(self) -> float:
        r"""Robust error of the most robust classifier of all, :math:`\Phi(-\|\theta - v\| / \sigma)`."""
        share = 1 - self.radius / self._largest_radius
        return float(ndtr(-share * self.signal * math.sqrt(self.dimension) / self.noise))

    def sample(self, n: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Draw labelled points.

        Args:
            n: Number of points, at least 0.
            seed: Seed of the draw, at least 0.

        Returns:
            Points, shape ``(n, d)``, and labels in {-1, 1}, shape ``(n,)``.

        Example:
            >>> GaussianMixture(dimension=7).sample(5, seed=0)[0].shape
            (5, 7)
        """
        stream = np.random.default_rng(seed)
        labels = 2 * stream.integers(2, size=n) - 1
        return self.signal * labels[:, None] + self.noise * stream.standard_normal((n, self.dimension)), labels

    def run(self, n: int, learner: str, seed: int) -> tuple[float, float]:
        """Draw n samples and take the mean classifier; given that, its errors are exact.

        Args:
            n: Number of training samples, at least 0.
            learner: "mean", the only one.
            seed: Seed of the samples.

        Returns:
            Standard and robust error.
        """
        points, labels = self.sample(n, seed)
        weights = labels @ points / max(n, 1)
        mean, deviations = (np.full(self.dimension, each) for each in (self.signal, self.noise))
        robust = linear_error(weights, mean, deviations, self.radius, self.norm)
        return linear_error(weights, mean, deviations), robust

    @overload
    def standard_error(self, n: Count) -> float: ...
    @overload
    def standard_error(self, n: Counts) -> NDArray[np.float64]: ...
    def standard_error(self, n: Count | Counts) -> float | NDArray[np.float64]:
        """Expected standard error of the mean classifier.

        Args:
            n: Number of samples, scalar or any shape.

        Returns:
            Error in (0, 1/2]; 1/2 for n = 0; a float for a scalar, else an array of the shape of ``n``.

        Example:
            >>> round(GaussianMixture(dimension=1, noise=1.0).standard_error(10**6), 4)
            0.1587
        """
        return self._expected(n, lambda each: self._by_cosine(each, 0.0))

    @overload
    def robust_error(self, n: Count) -> float: ...
    @overload
    def robust_error(self, n: Counts) -> NDArray[np.float64]: ...
    def robust_error(self, n: Count | Counts) -> float | NDArray[np.float64]:
        """Expected robust error of the mean classifier.

        Args:
            n: Number of samples, scalar or any shape.

        Returns:
            Error in (0, 1); 1/2 for n = 0; a float for a scalar, else an array of the shape of ``n``.

        Example:
            >>> round(GaussianMixture(dimension=1, noise=1.0, radius=0.5).robust_error(10**6), 4)
            0.3085
        """
        if self.norm == "linf" and self.dimension > 1:
            return self._expected(n, self._by_inversion)
        return self._expected(n, lambda each: self._by_cosine(each, self.radius))

    def samples_needed(self, error: float, *, robust: bool = True) -> int:
        """Smallest number of samples after which the expected error of the mean classifier is at most ``error``.

        Found by doubling and bisection, as the errors fall with n. (In l2, because the cosine rises with n for every
        draw of g; in l-infinity, because it was seen to.)

        Args:
            error: To be reached; above that of the best classifier.
            robust: Whether the robust error is meant, or else the standard one.

        Returns:
            Number of samples, 0 from an error of 1/2 on.

        Raises:
            ValueError: If not even the best classifier has so small an error.

        Example:
            >>> GaussianMixture(dimension=100, noise=3.0).samples_needed(0.01, robust=False)
            9
        """
        best, expected = (
            (self.best_robust_error, self.robust_error) if robust else (self.best_standard_error, self.standard_error)
        )
        if not error > best:
            raise ValueError(f"error {error} is never reached: the best classifier has {best:.3g}")
        high = 1
        while expected(high) > error:
            high *= 2
            if high > MOST_SAMPLES:
                raise ValueError(f"error {error} is too near to that of the best classifier, {best:.3g}")
        low = high // 2 if error < 0.5 else 0
        while error < 0.5 and high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if expected(middle) <= error else (middle, high)
        return high if error < 0.5 else 0

    @property
    def _largest_radius(self) -> float:
        """Radius at which the adversary makes the classes equal."""
        return self.signal if self.norm == "linf" else self.signal * math.sqrt(self.dimension)

    def _expected(self, n: Count | Counts, error: Callable[[float], float]) -> float | NDArray[np.float64]:
        """Values of a function at each n of at least 1, and 1/2 at 0."""
        values = np.vectorize(lambda each: error(each) if each else 0.5, otypes=[np.float64])
        return float_if_scalar(np.asarray(values(whole_numbers(n))))

    def _by_cosine(self, n: float, radius: float) -> float:
        """The two-dimensional integral over u and q, by Gauss and Legendre in polar coordinates."""
        length, shift = (
            self.signal * math.sqrt(self.dimension),
            math.sqrt(n * self.dimension) * self.signal / self.noise,
        )
        if self.dimension == 1:
            return float(
                ndtr(shift) * ndtr((radius - length) / self.noise) + ndtr(-shift) * ndtr((radius + length) / self.noise)
            )
        k = self.dimension - 1
        center = math.hypot(shift, math.sqrt(k))
        middle, half = (
            math.atan2(math.sqrt(k), shift),
            math.asin(min(1.0, REACH / center)) if center > REACH else math.pi,
        )
        norm, norm_weights = _nodes(max(0.0, center - REACH), center + REACH)
        angle, angle_weights = _nodes(max(0.0, middle - half), min(math.pi, middle + half))
        u, q = norm[:, None] * np.cos(angle), norm[:, None] * np.sin(angle)
        log_density = (k - 1) * np.log(q) - (q**2 + (u - shift) ** 2) / 2
        constant = (k / 2 - 1) * math.log(2) + gammaln(k / 2) + math.log(2 * math.pi) / 2
        chance = (norm * norm_weights) @ np.exp(log_density - constant) * angle_weights
        return float(chance @ ndtr((radius - length * np.cos(angle)) / self.noise))

    def _by_inversion(self, n: float) -> float:
        """The inversion formula, by the trapezoidal rule in the logarithm of the frequency."""
        tau = self.noise / math.sqrt(n)
        size = math.hypot(self.signal, tau)  # root mean square of w_j
        scale = self.noise * size * math.sqrt(self.dimension)
        mean = self.dimension * (self.signal**2 + self.radius * size) / scale  # at most, in standard deviations
        log_t = np.linspace(SMALLEST, LARGEST, math.ceil(STEPS * max(1.0, mean / STEADY)))
        t = np.exp(log_t) / scale
        near, far = self.signal - self.radius, self.signal + self.radius
        damping = 1 + (self.noise * t * tau) ** 2  # A tau^2
        plus, minus = ((self.signal + 1j * t * tau**2 * each) / tau / np.sqrt(2 * damping) for each in (near, far))
        exponent = t * (2j * self.signal * near - t * (near**2 * tau**2 + (self.signal * self.noise) ** 2))
        faddeeva = np.exp(-((self.signal / tau) ** 2) / 2) * (wofz(1j * plus) - wofz(1j * minus))
        characteristic = (2 * np.exp(exponent / (2 * damping)) - faddeeva) / (2 * np.sqrt(damping))
        integral = np.imag(characteristic**self.dimension).sum() * (log_t[1] - log_t[0])
        return float(np.clip(0.5 - integral / math.pi, 0, 1))


def _nodes(low: float, high: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Nodes and weights of Gauss and Legendre between two ends."""
    nodes, weights = _unit_nodes()
    return low + (high - low) * (nodes + 1) / 2, (high - low) / 2 * weights


@cache
def _unit_nodes() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Nodes and weights between -1 and 1."""
    return np.polynomial.legendre.leggauss(NODES)
