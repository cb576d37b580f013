"""A 1-Lipschitz function of one variable that folds cannot represent, and how near they come."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

KINK = 0.5  # the slope changes at its negative and at it
HALVINGS = 60  # of the interval of factors: to the last bit
FINEST = 1e-9  # tolerance
ULPS = 8  # roundings of the points, of N there and of the errors
MOST_SQUARES = 1_000_000


@dataclass(frozen=True)
class NFunction:
    r"""The function N on an interval, the shape of its letter, which two slopes cannot represent.

    .. math:: N(x) = x - 2 \min(\max(x, -\tfrac12), \tfrac12), \qquad x \in I = [-r, r],

    that is :math:`x + 1`, :math:`-x` and :math:`x - 1` in turn: continuous, of slope 1 or -1 everywhere. It is one
    N-activation with thresholds :math:`\pm \tfrac12` (Prach and Lampert 2023, arXiv 2311.06103), so that a network of
    these with a single neuron represents it. That two slopes cannot is the paper's statement; the proofs here, the
    condition on r and the distance below are this project's own.

    A *two-slope network* is :math:`f = A_L \circ \sigma_L \circ \dots \circ A_1 \circ \sigma_1 \circ A_0`, where the
    :math:`A_l` are affine with matrices of norm at most 1, of any sizes, and :math:`\sigma_l` applies to coordinate i
    a 1-Lipschitz function :math:`\varphi_{l,i}` of two linear pieces: absolute values, ReLU, the identity. *MaxMin*,
    *Householder* and *GroupSort* are covered. MaxMin is the absolute value of one coordinate, in axes
    turned by 45 degrees, and Householder in axes turned by another angle; the rotation becomes part of its neighbours.
    GroupSort is a network of comparisons, each of which is MaxMin.

    **Theorem** (the heart of :ref:`n-function`). *Let f be continuous on an interval, with* :math:`|f'| = 1` *outside
    finitely many points, and attain its minimum and its maximum at the ends only. If a two-slope network represents f
    there, f is affine.*

    *Proof*, by induction on the number of activations; without any, f is affine. Else let g be what enters the last
    activation and h what leaves it, as curves over the interval: piecewise linear, with :math:`f = \langle w, h
    \rangle + c`, :math:`\|w\| \le 1`, :math:`\|h'\| \le \|g'\| \le 1`. Where the derivatives exist

    .. math:: 1 = |f'| = |\langle w, h' \rangle| \le \|w\| \, \|h'\| \le \|w\| \, \|g'\| \le 1,

    so that all of these are equalities: :math:`\|w\| = 1`, and by Cauchy and Schwarz :math:`h' = f' w`. Hence
    :math:`h_i = w_i f + c_i` for every coordinate; and since :math:`|h_i'| \le |g_i'|` while the sums of the squares
    agree, :math:`|g_i'| = |h_i'| = |w_i|`. Take i with :math:`w_i \ne 0`. Then :math:`\varphi_i` has slope 1 or -1 at
    almost all values that :math:`g_i` takes. If these lie on one side of its kink :math:`\tau`, or its slopes are
    equal, :math:`\varphi_i` acts on them as :math:`u \mapsto \delta_i u + b_i` with :math:`\delta_i = \pm 1`. Else it
    acts as :math:`u \mapsto \pm |u - \tau| + b_i` and :math:`g_i`, which takes values on both sides, is
    :math:`\tau` at a point between them, inside the interval. There :math:`h_i` attains its minimum (or maximum,
    with the sign -); but :math:`h_i = w_i f + c_i` attains these at the ends only: a contradiction. So no coordinate
    that enters is folded, and

    .. math:: f = \sum_i w_i \delta_i g_i + \text{const} = \langle \tilde w, g \rangle + \text{const},
              \qquad \|\tilde w\| = \|w\| = 1.

    g is affine in what leaves the activation before, with a matrix of norm at most 1: f is represented with one
    activation less. By induction it is affine. Intervals may be unbounded: f then tends to its infimum and supremum.

    **Corollary.** *A two-slope network represents N on* :math:`[-r, r]` *if and only if* :math:`r \le \tfrac32`.
    Beyond, :math:`N(r) = r - 1 > \tfrac12 = N(-\tfrac12)`, the largest value inside, and N is odd: the
    extremes are at the ends, and N is not affine. Up to there, two folds do: :meth:`two_folds`. So the domain matters:
    on every half line that begins at :math:`-\tfrac32` or later N can be represented.

    **Distance.** *Of the networks of one depth and given widths, one is nearest to N on* :math:`[-r, r]` *in the
    maximum norm, and for* :math:`r > \tfrac32` *it is not N.* The values that enter an activation span at most 2 r in
    each coordinate. A bias that keeps them to one side of the kink may be replaced by the nearest that does, up to a
    constant that the next bias takes; so the biases may be kept in a compact set as the matrices are, f depends
    continuously on both, and the smallest distance is attained. It is not 0. This says nothing of growing depths.

    Attributes:
        reach: r, positive.

    Raises:
        ValueError: If ``reach`` is not positive and finite.

    Example:
        >>> NFunction()([-3, -0.5, 0.5, 3])
        array([-2. ,  0.5, -0.5,  2. ])
    """

    reach: float = 3.0

    def __post_init__(self) -> None:
        if not 0 < self.reach < math.inf:
            raise ValueError(f"reach must be positive and finite, got {self.reach}")

    def __call__(self, x: ArrayLike) -> NDArray[np.float64]:
        """Evaluate.

        Args:
            x: Any shape; points outside the interval are no error.

        Returns:
            N(x), same shape.
        """
        points = np.asarray(x, dtype=np.float64)
        values: NDArray[np.float64] = points - 2 * np.clip(points, -KINK, KINK)
        return values

    @property
    def corners(self) -> tuple[tuple[float, float], ...]:
        """Ends of the pieces on the interval, as pairs of x and N(x), x rising."""
        inside = [x for x in (-KINK, KINK) if abs(x) < self.reach]
        return tuple((float(x), float(self(x))) for x in (-self.reach, *inside, self.reach))

    @property
    def is_representable(self) -> bool:
        """Whether a two-slope network represents N on the interval: see the corollary."""
        return self.reach <= 3 * KINK

    def two_folds(self, x: ArrayLike) -> NDArray[np.float64]:
        r"""Evaluate :math:`|1 - |x + \tfrac12|| - \tfrac12`, which is N from :math:`-\tfrac32` on.

        Args:
            x: Any shape.

        Returns:
            Same shape.
        """
        values: NDArray[np.float64] = np.abs(1 - np.abs(np.asarray(x, dtype=np.float64) + KINK)) - KINK
        return values

    def best_affine(self) -> tuple[float, float]:
        r"""Nearest affine function in the maximum norm.

        N is odd, so that a linear function :math:`k x` is among the nearest (the mean of one and its reflection is no
        farther). Its errors are largest where pieces end, :math:`(1 + k) / 2` and :math:`|r - 1 - k r|`. For
        :math:`r \ge \tfrac32` they are equal, and smallest, at :math:`k = (2r - 3) / (2r + 1)`.

        Returns:
            The slope k and the distance :math:`(2r - 1) / (2r + 1)`; 3/7 and 5/7 for the interval [-3, 3].

        Raises:
            ValueError: If the reach is below 3/2.
        """
        self._refuse_short()
        return (2 * self.reach - 3) / (2 * self.reach + 1), (2 * self.reach - 1) / (2 * self.reach + 1)

    def one_layer_distance(self) -> float:
        r"""Distance of N from two-slope networks with one activation, of any width.

        In one variable a coordinate :math:`\varphi_i(v_i x + b_i)` is, up to a constant, :math:`v_i (\alpha x + \beta
        |x - t|)` with :math:`|\alpha| + |\beta| \le 1`, the larger of the two slopes; and :math:`\sum_i |w_i v_i| \le
        1`. So these networks are the functions :math:`f(x) = b + c x + \sum_i p_i |x - t_i|` with :math:`|c| +
        \sum_i |p_i| \le 1`.

        *No f is nearer than* :math:`\varepsilon = (2r - 1) / (2r + 3)`: let the measure :math:`\mu` have weights
        :math:`\pm \alpha` at :math:`\pm r` and :math:`\mp \beta` at :math:`\pm \tfrac12`, with :math:`\alpha = 1 / (2r
        + 3)` and :math:`\beta = (r + \tfrac12) \alpha`, so that its total variation is 1. Then :math:`\int N d\mu =
        2 \alpha (r - 1) + \beta`, and x and every :math:`|x - t|` have integrals of size at most :math:`\beta -
        \alpha`, attained by x and at :math:`t = \pm \tfrac12`; so :math:`\max |N - f| \ge \int (N - f) d\mu \ge 2
        \alpha (r - 1) + \alpha = \varepsilon`. *One is as near*: :math:`\varepsilon x + \tfrac{1 - \varepsilon}{2}
        (|x - \tfrac12| - |x + \tfrac12|)`, two folds beside the identity, which MaxMin has from width 4 on.

        Returns:
            The distance; 5/9 for the interval [-3, 3].

        Raises:
            ValueError: If the reach is below 3/2.
        """
        self._refuse_short()
        return (2 * self.reach - 1) / (2 * self.reach + 3)

    def enclose(self, values: ArrayLike, *, lipschitz: float = 1.0, rounding: float = 0.0) -> tuple[float, float]:
        r"""Enclose the distance of a function from N in the maximum norm, from its values at evenly spaced points.

        N is 1-Lipschitz, so that the error :math:`g = |f - N|` changes by at most :math:`(L + 1)` times the way:
        between neighbours at distance h it is at most :math:`(g_k + g_{k+1} + (L + 1) h) / 2`.

        Args:
            values: Of f at the points that divide the interval into equal parts, both ends included; at least two.
            lipschitz: L, proven.
            rounding: Largest error of a value.

        Returns:
            The largest error at the points, and the largest that can lie between them.

        Raises:
            ValueError: If there are fewer than two values.

        Example:
            >>> low, high = NFunction().enclose(NFunction()(np.linspace(-3, 3, 601)))
            >>> low, round(high, 9)
            (0.0, 0.01)
        """
        found = np.asarray(values, dtype=np.float64)
        if found.ndim != 1 or found.size < 2:
            raise ValueError(f"values must have shape (points,) with at least two, got {found.shape}")
        errors = np.abs(found - self(np.linspace(-self.reach, self.reach, found.size)))
        slack = rounding + ULPS * np.finfo(np.float64).eps * self.reach
        between = (errors[:-1] + errors[1:]).max() / 2 + (lipschitz + 1) * self.reach / (found.size - 1)
        return max(0.0, float(errors.max()) - slack), float(between) + slack

    def fold_distance(self, tolerance: float = 1e-5) -> tuple[float, float]:
        r"""Enclose the distance of N from compositions of at most two one-dimensional folds, by enumeration.

        These are the two-slope networks of width 1 with absolute values, :math:`w_3 |w_2 |w_1 x + b_1| + b_2| + b_3`
        with :math:`|w_i| \le 1`: up to a constant and a sign :math:`k F_{a,b}`, with :math:`F_{a,b}(x) = ||x - a| - b|`
        and :math:`0 \le k \le 1`. N is odd and so is the class, so that the sign may be +. On :math:`[-r, r]` all of
        them are met with :math:`|a| \le r` and :math:`0 \le b \le 2r`: beyond, a fold leaves the interval, and what is
        left is met with b = 0 or b = 2r. The best constant leaves half the range of :math:`N - k F`, whose extremes are
        at the ends of the interval and at kinks; this half is convex in k, and the best k found by bisection. What is
        left depends on a and b alone, and moves by at most :math:`|\Delta a| + |\Delta b|`. So a square of side 2h
        whose centre is worse than the best yet by 2h or more holds nothing better, and the others are quartered.

        Args:
            tolerance: Width of the answer.

        Returns:
            Lower and upper bound; the upper one is attained.

        Raises:
            ValueError: If the tolerance is below 1e-9, where rounding would count, or leaves too many squares.

        Example:
            >>> low, high = NFunction().fold_distance()
            >>> low < 5 / 7 <= high
            True
        """
        if not tolerance >= FINEST:
            raise ValueError(f"tolerance must be at least {FINEST:g}, got {tolerance}")
        half = self.reach / 8
        centres = half * (2 * np.arange(8) + 1)
        a, b = (each.ravel() for each in np.meshgrid(centres - self.reach, centres))
        best = math.inf
        while a.size <= MOST_SQUARES:
            distances = self._fold_distances(a, b)
            best = min(best, float(distances.min()))
            promising = distances - 2 * half < best - tolerance
            if best <= tolerance or not promising.any():
                return max(0.0, best - tolerance), best
            half /= 2
            a, b = a[promising], b[promising]
            a = np.concatenate((a - half, a - half, a + half, a + half))
            b = np.concatenate((b - half, b + half, b - half, b + half))
        raise ValueError(f"a tolerance of {tolerance:g} takes more than {MOST_SQUARES:,} squares")

    def _refuse_short(self) -> None:
        if self.reach < 3 * KINK:
            raise ValueError(f"the closed form holds from a reach of {3 * KINK:g} on, got {self.reach:g}")

    def _fold_distances(self, a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
        """Distance of N from the best multiple of each F, shape of ``a``."""
        ends = np.broadcast_to([x for x, _ in self.corners], (a.size, len(self.corners)))
        kinks = np.stack((a - b, a, a + b), axis=1).clip(-self.reach, self.reach)
        x = np.concatenate((ends, kinks), axis=1)
        values, folded, rows = self(x), np.abs(np.abs(x - a[:, None]) - b[:, None]), np.arange(a.size)
        low, high = np.zeros(a.size), np.ones(a.size)
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            rest = values - middle[:, None] * folded
            falling = folded[rows, rest.argmax(axis=1)] > folded[rows, rest.argmin(axis=1)]
            low, high = np.where(falling, middle, low), np.where(falling, high, middle)
        half_range: NDArray[np.float64] = np.ptp(values - high[:, None] * folded, axis=1) / 2
        return half_range
