"""How many samples an error needs, in words, and how many times more one classifier needs than another."""

import math

import numpy as np

from analysis.scaling.fit import FAR, Fit

Span = tuple[float, float, float]  # low end, estimate, high end


def ratio(robust: Fit, standard: Fit, error: float, level: float = 0.9) -> Span:
    r"""How many times more samples the robust classifier needs than the standard one for the same error.

    The interval joins those of both in logarithms, as if they were independent (method of variance estimates recovery,
    Zou and Donner 2008): with estimates r, s and intervals [l, u], its ends are

    .. math:: r - s - \sqrt{(r - l_r)^2 + (u_s - s)^2}, \qquad r - s + \sqrt{(u_r - r)^2 + (s - l_s)^2}.

    Curves of the same subsets usually rise and fall together; then it is wider than need be.

    Args:
        robust: Fit of the robust classifier.
        standard: Fit of the standard one.
        error: The target, as for ``Fit.samples_needed``.
        level: Probability with which the interval covers, in (0, 1).

    Returns:
        Low end, estimate and high end; inf where the robust floor forbids the target, nan where a fit is not "ok", or
        the standard classifier does not reach it either.

    Example:
        >>> from analysis.scaling import fit
        >>> sizes = [10, 20, 40, 80, 160]
        >>> slow, fast = (fit(sizes, [scale / n for n in sizes], "M1", resamples=0) for scale in (3, 1))
        >>> round(ratio(slow, fast, 0.01)[1], 3)
        3.0
    """
    many, few = (np.log(one.samples_needed(error, level)) for one in (robust, standard))
    if not math.isfinite(few[1]):
        return math.nan, math.nan, math.nan
    estimate = many[1] - few[1]
    if math.isnan(estimate):
        return math.nan, math.nan, math.nan
    if math.isinf(estimate):
        return math.exp(many[0] - few[2]), math.inf, math.inf
    low = estimate - math.hypot(many[1] - many[0], few[2] - few[1])
    high = estimate + math.hypot(many[2] - many[1], few[1] - few[0])
    return math.exp(low), math.exp(estimate), math.exp(high)


def statement(fitted: Fit, error: float, level: float = 0.9) -> str:
    """What ``samples_needed`` says, in words.

    Args:
        fitted: A fit.
        error: The target, as for ``Fit.samples_needed``.
        level: Level of its interval, in (0, 1).

    Returns:
        One sentence, with what rests on the law alone called an extrapolation.

    Example:
        >>> from analysis.scaling import fit
        >>> sizes = [10, 20, 40, 80, 160]
        >>> statement(fit(sizes, [1 / n for n in sizes], "M1"), 0.02)
        'M1: an error of 2 % needs about 50 samples (90 % interval 50 to 50).'
    """
    low, estimate, high = fitted.samples_needed(error, level)
    if math.isnan(estimate):
        return f"{fitted.law}: {fitted.status}."
    target = f"an error of {100 * error:.3g} %"
    if math.isinf(estimate):
        beyond = "" if math.isinf(low) or math.isnan(low) else f"; at least {number(low)} at {100 * level:.0f} %"
        return f"{fitted.law}: {target} is below what more samples lead to{beyond}."
    spread = "" if math.isnan(low) else f" ({100 * level:.0f} % interval {reach(low, high)})"
    far = ""
    if fitted.extrapolates(estimate):
        far = f", an extrapolation beyond {FAR:.0f} times the largest size"
    return f"{fitted.law}: {target} needs about {number(estimate)} samples{spread}{far}."


def reach(low: float, high: float) -> str:
    """An interval of numbers of samples, as a person would write it.

    Args:
        low: Its low end.
        high: Its high end; may be inf.

    Returns:
        The text.

    Example:
        >>> reach(2_470, 3_480), reach(2_470, math.inf)
        ('2,470 to 3,480', '2,470 or more')
    """
    return f"{number(low)} or more" if math.isinf(high) else f"{number(low)} to {number(high)}"


def number(samples: float) -> str:
    """A number of samples to three digits, as a person would write it.

    Args:
        samples: At least 0; may be inf.

    Returns:
        The text.

    Example:
        >>> number(12_345), number(3.21e9), number(math.inf)
        ('12,300', '3.21e+09', 'more than any')
    """
    if math.isinf(samples):
        return "more than any"
    if samples >= 1e9:
        return f"{samples:.2e}"
    digits = max(2 - math.floor(math.log10(max(samples, 1.0))), -9)
    return f"{round(samples, digits):,.0f}"
