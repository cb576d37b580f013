"""How soon learners that know less are accurate in the hidden bit, and how much one training set may differ."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, gammaln

from analysis.theory.counts import Count, Counts, float_if_scalar, whole_numbers
from analysis.theory.hidden_bit import LARGEST_SAMPLED, HiddenBit
from analysis.theory.occupancy import mean_over_distinct


def signed_error_bound(model: HiddenBit, n: Count | Counts) -> float | NDArray[np.float64]:
    r"""Bound on the standard error of empirical risk minimisation over the signed coordinates.

    With the next two functions, :ref:`hidden-bit-learners`. The hypotheses are :math:`x \mapsto \pm \operatorname{sign}
    x_j`, j from 1 to d + 1; the learner takes any that answers all n training points rightly. With D the number of
    distinct corners among them, for n >= 1,

    .. math:: \text{error} \le E\big[(1 - D 2^{-d}) \min(\tfrac12, d\, 2^{-D})\big] \le d\, E[2^{-D}] .

    *Proof.* The sign of the last coordinate is consistent, and its opposite is not. Another hypothesis
    :math:`\pm z_j` is consistent if f agrees with it on the D training corners: independent fair coins, so that
    this has probability :math:`2^{-D}`, and that any of the 2d is consistent at most :math:`2 d\, 2^{-D}`. If the
    learner takes one of them, it is right on training corners. Its choice depends on f on training corners only,
    while f of a test corner that is not among them is still a fair coin: it is wrong there with probability 1/2.
    A test corner is unseen with probability :math:`1 - D 2^{-d}`, whatever the labels. Multiply.

    Since D = n but for repetitions, :math:`\log_2 d + \log_2(1/e)` samples suffice for error e, as good as.
    For n = 0 the learners of this room answer +1, with error 1/2, which the formula gives too.

    Args:
        model: The setting.
        n: Number of samples, scalar or any shape.

    Returns:
        The first bound; a float for a scalar, else an array of the shape of ``n``.

    Example:
        >>> round(signed_error_bound(HiddenBit(dimension=10), 10), 4)
        0.01
    """
    places = 2.0**-model.dimension

    def falling(distinct: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.maximum(1 - distinct * places, 0) * np.minimum(0.5, model.dimension * 2.0**-distinct)

    return float_if_scalar(mean_over_distinct(falling, model.dimension, whole_numbers(n)))


def linear_error_bound(model: HiddenBit, n: Count | Counts) -> float | NDArray[np.float64]:
    r"""Bound on the standard error of the hard-margin linear classifier through the origin.

    It is :math:`w = (v, c)` of smallest norm with :math:`y (v^T z + c g y) \ge 1` at all training points. With D
    distinct corners among them,

    .. math:: \text{error} \le E\big[(1 - D 2^{-d})\, \tfrac12\, s(D)\big], \qquad
        s(k) = \min\Big(1,\; 2^{1-k} \sum_{j<d} \tbinom{k-1}{j}\Big),

    where s is 1/2 at k = 2d and falls exponentially beyond: about 2d samples suffice.

    *Proof.* (a) If the labelled training corners are not linearly separable, w reads the last coordinate and nothing
    else, and is right everywhere: for every :math:`v \ne 0` some training corner has :math:`y v^T z \le 0`, so its
    constraint asks for :math:`c g \ge 1`; then (0, c) satisfies all constraints with a smaller norm. So v = 0 and
    c = 1/g. (b) Given the D corners, f on them is uniform on :math:`2^D` labellings. At most
    :math:`2 \sum_{j<d} \binom{D-1}{j}` of these are linearly separable: a further vector b adds to the separable
    labellings of k vectors in :math:`\mathbb R^d` at most those that a hyperplane through b attains, which are
    separable labellings of k projections in :math:`\mathbb R^{d-1}`; with C(1, d) = 2 and C(k, 0) = 0 the recursion
    C(k + 1, d) <= C(k, d) + C(k, d - 1) has this solution (Schläfli; Cover 1965, "Geometrical and statistical
    properties of systems of linear inequalities", theorem 1, with equality in general position). (c) If they are
    separable, training corners are right, and at an unseen test corner f is still a fair coin. There
    :math:`c \ge 0`, since from a negative c to 0 all constraints relax; so at most one of the labels is answered
    wrongly, but where :math:`v^T z = c = 0`, which one answer for both makes the same: 1/2 at most.

    Args:
        model: The setting.
        n: Number of samples, scalar or any shape.

    Returns:
        The bound; a float for a scalar, else an array of the shape of ``n``.

    Example:
        >>> linear_error_bound(HiddenBit(dimension=10), 40) < 0.001
        True
    """
    d = model.dimension

    def falling(distinct: NDArray[np.float64]) -> NDArray[np.float64]:
        others = np.maximum(distinct - 1, 0)
        separable = bdtr(np.minimum(d - 1, others), others.astype(np.int64), 0.5)
        return np.maximum(1 - distinct * 2.0**-d, 0) * separable / 2

    return float_if_scalar(mean_over_distinct(falling, d, whole_numbers(n)))


def nearest_error(model: HiddenBit, n: Count | Counts) -> float | NDArray[np.float64]:
    r"""Expected standard error of one nearest neighbour: it is not sample-efficient here.

    A test point is as far from a training point of k other signs as :math:`\sqrt{4 k}` if their labels agree, else
    :math:`\sqrt{4 k + 4 g^2}`. As g < 1 the nearest corners decide, and the last coordinate only between
    equally near ones: the learner errs if all K occupied corners of the nearest occupied shell have the other label,
    with probability :math:`2^{-K}` unless the test corner itself was seen. So

    .. math:: \text{error} = E[2^{-K}; \text{unseen}] = \sum_{h=1}^{d} \Big(E\big[(1 - (V_{h-1} + J_h) 2^{-d})^n\big]
        - (1 - V_h 2^{-d})^n\Big),

    with :math:`V_h` corners at distance up to h, and :math:`J_h` binomial of :math:`\binom d h` fair coins: a random
    half of the shell has no training corner in it with probability :math:`E[2^{-K}]`; K = 0 is taken off.

    *Exponentially many samples.* Let X be binomial of d fair coins, n >= 2, and h the smallest number with
    :math:`n P(X \le h) \ge 1`. If h >= 1,

    .. math:: \text{error} \ge \tfrac12 (1 - e^{-1} - n 2^{-d})\, 4^{-(d-h+1)/h} .

    Given that the nearest shell is i, the number M of samples in it is binomial with chance
    :math:`q = P(X = i) / P(X \ge i)`, conditioned on M >= 1, so :math:`E[K] \le E[M] \le 1 + n q`, and
    by Jensen's inequality :math:`E[2^{-K}] \ge \tfrac12 2^{-n q}`. As n >= 2, h is at most the median of X: for
    :math:`i \le h`, :math:`P(X \ge i) \ge 1/2` and :math:`n P(X = i) \le n P(X = h) = \frac{d-h+1}{h} n P(X = h-1)
    < \frac{d-h+1}{h}`. The nearest shell is at most h with probability :math:`1 - (1 - P(X \le h))^n \ge 1 - e^{-1}`,
    and 0 with probability at most :math:`n 2^{-d}`. Now let :math:`n < 2^{(1 - H(a)) d}` with
    :math:`a \le 1/2` and H the binary entropy. As :math:`P(X \le a d) \le 2^{-(1 - H(a)) d}`, h exceeds a d, and the
    error is at least a constant, :math:`\tfrac12 (1 - e^{-1} - n 2^{-d})\, 4^{-1/a}`, in whatever dimension.

    Args:
        model: The setting; ``dimension`` at most 20, since all corners of a shell are counted.
        n: Number of samples, scalar or any shape.

    Returns:
        Error in [0, 1/2]; a float for a scalar, else an array of the shape of ``n``.

    Raises:
        ValueError: If the dimension exceeds 20, or a number of samples is no whole number of at least 0.

    Example:
        >>> round(nearest_error(HiddenBit(dimension=10), 256), 3)
        0.176
    """
    if model.dimension > LARGEST_SAMPLED:
        raise ValueError(f"dimension {model.dimension} has too many corners to count: at most {LARGEST_SAMPLED}")
    counts = whole_numbers(n)
    places, inside = 2.0**model.dimension, 1.0
    error = np.zeros_like(counts)
    for h in range(1, model.dimension + 1):
        shell = math.comb(model.dimension, h)
        halves = np.arange(shell + 1.0)
        chance = np.exp(gammaln(shell + 1) - gammaln(halves + 1) - gammaln(shell - halves + 1) - shell * math.log(2))
        kept, empty = chance > 0, max(1 - (inside + shell) / places, 0.0)
        clear = np.power(np.maximum(1 - (inside + halves[kept]) / places, 0), counts[..., None])
        error += clear @ chance[kept] - np.power(empty, counts)
        inside += shell
    return float_if_scalar(np.where(counts == 0, 0.5, error))


def robust_error_range(
    model: HiddenBit, n: Count | Counts, probability: float = 0.95
) -> tuple[float | NDArray[np.float64], float | NDArray[np.float64]]:
    r"""What one world and one training set may show: the bounds with high probability in place of the mean.

    This is :ref:`hidden-bit-range`. With R(n) the smallest expected robust error, probability p, and
    :math:`t = 2^{-d} \sqrt{(n + 2^d) \log(1/(1-p)) / 2}`,

    - *every* learner's robust error is at least R(n) - t with probability p, over worlds, training sets and coins;
    - the table learner's is at most R(n) + t with probability p.

    *Proof.* Let L be the number of unseen corners z with :math:`h_S(z, 0) \ne f(z)`, which is at most :math:`2^d` times
    the robust error, and for the table learner equal to it. As in the proof of ``HiddenBit``, given
    corners, coins and f on the training corners, f is uniform on the others: L has the distribution of
    :math:`\sum_z 1[z \text{ unseen}]\, b_z` with fair coins :math:`b_z`, *the same for all learners*. This sum is a
    function of n + 2^d independent variables, the training corners and the coins. Another value of a training
    corner makes one corner seen and another unseen: it changes the sum by at most 1, and so does another value of a
    coin. By McDiarmid's inequality it falls short of its mean :math:`2^d R(n)` by s or more with probability at most
    :math:`\exp(-2 s^2 / (n + 2^d))`, and exceeds it likewise. Take :math:`s = 2^d t`.

    As soon as n is of order :math:`2^d`, t is of order :math:`2^{-d/2}`: learning curves of single worlds collapse too.

    Args:
        model: The setting.
        n: Number of samples, scalar or any shape.
        probability: Of each of the two statements, strictly between 0 and 1.

    Returns:
        Lower bound for every learner, and upper bound for the table learner, cut to [0, 1]; floats for a scalar.

    Raises:
        ValueError: If the probability is not strictly between 0 and 1, or n is no whole number of at least 0.

    Example:
        >>> low, high = robust_error_range(HiddenBit(dimension=16), 1_000)
        >>> round(low, 3), round(high, 3)
        (0.488, 0.497)
    """
    if not 0 < probability < 1:
        raise ValueError(f"probability {probability} is not strictly between 0 and 1")
    counts = whole_numbers(n)
    places = 2.0**-model.dimension
    half = np.sqrt((counts * places + 1) * places * -math.log1p(-probability) / 2)
    mean = np.asarray(model.robust_error(counts))
    return float_if_scalar(np.maximum(mean - half, 0)), float_if_scalar(np.minimum(mean + half, 1))
