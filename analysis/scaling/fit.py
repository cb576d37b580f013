"""A law fitted to learning curves, and what the fit says about samples that are not there."""

import math
import warnings
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.scaling.bootstrap import resampled, scattered
from analysis.scaling.law import Array, Curve, Law
from analysis.scaling.laws import AUTO, LAWS
from analysis.scaling.observations import Observations, observe
from analysis.scaling.ranks import between
from analysis.scaling.refit import refit
from analysis.scaling.regression import at_bounds, regress
from analysis.scaling.selection import choose
from analysis.scaling.shape import objection

OK = "ok"
FAR = 10.0  # times the largest size: beyond it, a prediction is called an extrapolation
LEAST_SCALE = 0.02  # deviations below 2 %, or 2 points, are never treated as outliers


class NotIdentifiableWarning(UserWarning):
    """The curves do not determine a law."""


@dataclass(frozen=True, eq=False)
class Fit:
    """A law fitted to learning curves.

    Attributes:
        law: Name of the law; with ``law="auto"`` the one that was chosen.
        status: "ok", or why the curves do not determine the law; then all numbers are nan.
        parameters: By name: a, b, c, m, k, e0, p, q, as the law has them.
        sizes: Distinct sizes that it was fitted to, increasing.
        groups: Number of independent groups behind the intervals.
        notes: What a reader must know: parameters at the end of their range, what intervals leave out.
        form: The law itself; None where the status is not "ok".
        at: Its coordinates, shape ``(coordinates,)``.
        draws: Its coordinates for each resampled set of curves, shape ``(resamples, coordinates)``.
    """

    law: str
    status: str
    parameters: dict[str, float]
    sizes: NDArray[np.float64]
    groups: int
    notes: tuple[str, ...] = ()
    form: Law | None = field(default=None, repr=False)
    at: Array = field(default_factory=lambda: np.empty(0), repr=False)
    draws: Array = field(default_factory=lambda: np.empty((0, 0)), repr=False)

    def predict(self, n: ArrayLike) -> NDArray[np.float64] | float:
        """Expected error at n samples.

        Args:
            n: Finite, at least 1; a number, or an array of any shape.

        Returns:
            Errors in [0, 1] of the same shape, a float for a number; nan where the status is not "ok".

        Example:
            >>> round(fit([10, 20, 40, 80], [0.4, 0.2, 0.1, 0.05], law="M1").predict(160), 6)
            0.025
        """
        sizes = _sizes(n)
        if self.form is None:
            return _like(n, np.full(sizes.shape, np.nan))
        return _like(n, self.form.error(self.form.value(self.at, sizes)))

    def interval(self, n: ArrayLike, level: float = 0.9) -> tuple[NDArray[np.float64] | float, ...]:
        """Interval for the expected error at n: percentiles over resampled curves.

        Args:
            n: As for ``predict``.
            level: Probability with which it covers, in (0, 1).

        Returns:
            Low and high ends, floats for a number; nan where the status is not "ok".
        """
        sizes = _sizes(n)
        if self.form is None or not len(self.draws):
            return tuple(_like(n, np.full(sizes.shape, np.nan)) for _ in range(2))
        errors = self.form.error(self.form.value(self.draws, sizes))
        return tuple(_like(n, end) for end in between(errors, level))

    def parameter_interval(self, name: str, level: float = 0.9) -> tuple[float, float]:
        """Interval for one parameter: percentiles over resampled curves.

        Args:
            name: One of ``self.parameters``.
            level: Probability with which it covers, in (0, 1).

        Returns:
            Low and high end; nan where the status is not "ok".

        Raises:
            ValueError: If the law has no such parameter.
        """
        if name not in self.parameters:
            raise ValueError(f"{self.law} has no parameter {name}, only {', '.join(self.parameters)}")
        if self.form is None or not len(self.draws):
            return np.nan, np.nan
        low, high = between(self.form.parameters(self.draws)[name], level)
        return float(low), float(high)

    def samples_needed(self, error: float, level: float = 0.9) -> tuple[float, float, float]:
        """How many samples bring the expected error down to a target.

        Args:
            error: The target, in (0, 1) and not above chance, where that is known.
            level: Probability with which the interval covers, in (0, 1).

        Returns:
            Low end, estimate and high end, at least 1; inf where the floor forbids the target, nan where the status is
            not "ok".

        Raises:
            ValueError: If the target is out of its range.
        """
        chance = self.form.curve.chance if self.form else None
        if not 0 < error < 1:
            raise ValueError(f"error {error} is not strictly between 0 and 1")
        if chance is not None and error > chance:
            raise ValueError(f"error {error} is above chance, {chance:g}: guessing reaches it without a sample")
        if self.form is None:
            return np.nan, np.nan, np.nan
        estimate = max(float(self.form.sizes_at(self.at, error)), 1.0)
        if not len(self.draws):
            return np.nan, estimate, np.nan
        low, high = np.maximum(between(self.form.sizes_at(self.draws, error), level), 1.0)
        return min(float(low), estimate), estimate, max(float(high), estimate)

    def extrapolates(self, n: ArrayLike) -> NDArray[np.bool_]:
        """Whether n lies beyond 10 times the largest size: what is said there rests on the law alone.

        Args:
            n: Numbers of samples, any shape.

        Returns:
            Of the same shape.
        """
        return np.asarray(np.asarray(n, dtype=np.float64) > FAR * self.sizes[-1])


def fit(
    sizes: ArrayLike,
    errors: ArrayLike,
    law: str = AUTO,
    groups: ArrayLike | None = None,
    seed: int = 0,
    *,
    chance: float | None = None,
    test_images: int | None = None,
    resamples: int = 200,
) -> Fit:
    r"""Fit a law to learning curves.

    ========== ================================================================================================
    M1         :math:`e = a\,n^{-b}`
    M2         :math:`e = c + a\,n^{-b}`, with a floor
    M3         :math:`e = c + a\,(n + m)^{-b}`, with a head start
    M4         :math:`(e - c) / (e_0 - e)^k = a\,n^{-b}`, which saturates at e0
    log-linear :math:`1 - e = p + q \log_2 n`
    auto       the one that, fitted to the smaller sizes, predicts the one to three largest best
    ========== ================================================================================================

    The mean error at each size is regressed in logarithms (accuracy for the log-linear law), robustly and from several
    starts. Intervals are percentiles over resampled curves: groups drawn whole, then the curves within them, spread as
    Student's t for as many groups, each fitted until no step lowers its cost. Their ends are ranks of the draws that
    hold the level for one more (``ranks.between``). They say nothing of whether the law holds where nothing was
    measured; with "auto" they are those of the law that was chosen.

    Args:
        sizes: Numbers of samples, at least 1, of four distinct values or more: shape ``(observations,)``, or
            ``(sizes,)`` with errors of two axes.
        errors: In [0, 1], shape ``(observations,)``, or ``(sizes, repeats)``.
        law: One of the names above.
        groups: Subset seed of each observation, or of each repeat; observations of one group and size differ in their
            initialisation. None if all repeats are independent.
        seed: Of the resampling.
        chance: Error of guessing, in (0, 1]: the e0 of M4, and what tells a curve that has not begun to fall.
        test_images: Images behind each error, the same for all; their sampling noise is then part of the intervals.
        resamples: Number of resampled sets of curves; 0 for no intervals.

    Returns:
        The fit. Where the curves rise, are flat, or are fewer than the law's parameters, its status says so, and its
        numbers are nan.

    Raises:
        ValueError: If an argument is out of its range, shapes disagree, there are fewer than four distinct sizes, or
            sizes are repeated unevenly without groups.

    Example:
        >>> halving = fit([100, 200, 400, 800, 1600], [0.4, 0.2, 0.1, 0.05, 0.025], law="M1")
        >>> {name: round(value, 3) for name, value in halving.parameters.items()}
        {'a': 40.0, 'b': 1.0}
    """
    _check_options(law, chance, test_images, resamples)
    observed = observe(sizes, errors, groups)
    reason = objection(observed, chance)
    name = choose(observed, _scale(observed, test_images), chance) if law == AUTO and reason is None else law
    if reason is None:
        form = LAWS[name](Curve(observed.sizes, observed.means, chance))
        if len(form.coordinates) < len(observed.sizes):
            return _fitted(form, observed, seed, test_images, resamples)
        reason = f"{name} has {len(form.coordinates)} parameters: {len(observed.sizes)} sizes do not determine them"
    warnings.warn(f"{law} is not identifiable: {reason}", NotIdentifiableWarning, stacklevel=2)
    names = {"M1": "ab", "M2": "abc", "M3": "abcm", "log-linear": "pq"}.get(name, ("a", "b", "c", "k", "e0"))
    parameters = {} if name == AUTO else dict.fromkeys(names, np.nan)
    return Fit(name, f"not identifiable: {reason}", parameters, observed.sizes, observed.group_count)


def _fitted(form: Law, observed: Observations, seed: int, test_images: int | None, resamples: int) -> Fit:
    generator = np.random.default_rng(seed)
    scale, sizes = _scale(observed, test_images), observed.sizes
    at = regress(form, sizes, observed.means, scale)
    if observed.group_count > 1:
        curves = resampled(form, observed, resamples, test_images, generator)
    else:
        fitted, freedom = form.value(at, sizes), len(sizes) - len(at)
        left = form.observed(observed.means) - fitted
        curves = scattered(form, fitted, float(np.sqrt(left @ left / freedom)), freedom, resamples, generator)
    drawn = list(curves)
    errors = np.array([draw.errors for draw in drawn]).reshape(len(drawn), len(sizes))
    scales = scale * np.array([draw.factor for draw in drawn])
    return Fit(
        law=form.name,
        status=OK,
        parameters={name: float(value) for name, value in form.parameters(at).items()},
        sizes=sizes,
        groups=observed.group_count,
        notes=_notes(form, at, observed, test_images),
        form=form,
        at=at,
        draws=refit(form, sizes, errors, scales, start=at),
    )


def _notes(form: Law, at: Array, observed: Observations, test_images: int | None) -> tuple[str, ...]:
    ended = [f"{name} ended at the end of its range" for name in at_bounds(form, at)]
    if observed.group_count == 1:
        ended.append(
            "one seed: intervals hold the scatter about the law, not what another subset or initialisation changes"
        )
    elif test_images is None:
        ended.append("intervals are over seeds: the sampling noise of the test images is not in them")
    return tuple(ended)


def _scale(observed: Observations, test_images: int | None) -> float:
    """Twice the standard error of a mean: what deviates by more is no noise of the runs or the test images."""
    images = float(np.median((1 - observed.means) / observed.means)) / test_images if test_images else 0.0
    return max(LEAST_SCALE, 2 * math.hypot(_standard_error(observed), math.sqrt(images)))


def _standard_error(observed: Observations) -> float:
    """Of a mean over groups, relative to it; the median over sizes."""
    groups = observed.by_group
    if len(groups) < 2:
        return 0.0
    with np.errstate(divide="ignore"):
        logs = np.where(groups > 0, np.log(groups), np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # sizes at which fewer than two groups were measured
        spread = np.nanmedian(np.nanstd(logs, axis=0, ddof=1))
    return float(np.nan_to_num(spread)) / math.sqrt(len(groups))


def _check_options(law: str, chance: float | None, test_images: int | None, resamples: int) -> None:
    if law not in {*LAWS, AUTO}:
        raise ValueError(f"unknown law {law!r}: one of {', '.join([*LAWS, AUTO])}")
    if chance is not None and not 0 < chance <= 1:
        raise ValueError(f"chance {chance} is not in (0, 1]")
    if test_images is not None and test_images < 1:
        raise ValueError(f"test_images {test_images} is not at least 1")
    if resamples < 0:
        raise ValueError(f"resamples {resamples} is negative")


def _sizes(n: ArrayLike) -> NDArray[np.float64]:
    sizes = np.asarray(n, dtype=np.float64)
    wrong = ~(np.isfinite(sizes) & (sizes >= 1))
    if wrong.any():
        raise ValueError(f"n {sizes[wrong].flat[0]:g} is not a finite number of at least 1")
    return sizes


def _like(n: ArrayLike, values: NDArray[np.float64]) -> NDArray[np.float64] | float:
    return float(values.reshape(-1)[0]) if np.ndim(n) == 0 else values
