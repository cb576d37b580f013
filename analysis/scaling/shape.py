"""The shape of a learning curve, before any law: what no law should be fitted to."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from analysis.scaling.observations import Observations
from analysis.scaling.student import student_interval

NEAR_CHANCE = 0.95  # of the error of guessing: nothing has been learned yet
LEAST_RISE = 1.02  # factor below which a rise is of no interest, however well it is measured
UNREPEATED_RISE = 1.2  # factor that a single curve must rise by, as it does not tell its noise
DOUBT = 0.01  # probability of calling a falling curve rising


def objection(observed: Observations, chance: float | None = None) -> str | None:
    """Why no law can be identified from these curves.

    Args:
        observed: Learning curves.
        chance: Error of guessing, if it is known.

    Returns:
        A sentence; None if the error falls, from somewhere below chance, as far as its noise allows to say.
    """
    means = observed.means
    if (means <= 0).any():
        return f"no error is left at size {observed.sizes[means <= 0][0]:g}: nothing says how it goes on"
    if chance is not None and means.min() >= NEAR_CHANCE * chance:
        return f"still at chance: the least error, {means.min():.3g}, is that of guessing, {chance:.3g}"
    logs = np.log(np.maximum(observed.by_group, means.min() / 10))
    if rise := _rise(observed.sizes, np.log(means), logs):
        return rise
    if not _falls(np.log(observed.sizes), logs):
        level = f"the error stays at {means.mean():.3g} from size {observed.sizes[0]:g} to {observed.sizes[-1]:g}"
        return f"{level}, as far as its noise allows to say: it is at its floor already, or still at chance"
    return None


def _rise(sizes: NDArray[np.float64], means: NDArray[np.float64], logs: NDArray[np.float64]) -> str | None:
    """The largest rise from one size to a later one, if it is more than noise."""
    rises = np.triu(means[None, :] - means[:, None], k=1)
    before, after = np.unravel_index(rises.argmax(), rises.shape)
    if rises[before, after] <= _largest_chance_rise(logs):
        return None
    return (
        f"not monotone: the error rises by a factor of {np.exp(rises[before, after]):.3g} from size "
        f"{sizes[before]:g} to {sizes[after]:g}"
    )


def _largest_chance_rise(logs: NDArray[np.float64]) -> float:
    """What differences between two sizes' means reach by noise, over all pairs, with probability ``DOUBT``."""
    complete = logs[np.isfinite(logs).all(axis=1)]
    groups, sizes = complete.shape
    if groups < 2:
        return float(np.log(UNREPEATED_RISE))
    noise = complete - complete.mean(axis=0) - complete.mean(axis=1, keepdims=True) + complete.mean()
    freedom = (groups - 1) * (sizes - 1)
    deviation = np.sqrt((noise**2).sum() / freedom * 2 / groups)
    pairs = sizes * (sizes - 1) / 2
    return max(float(stdtrit(freedom, 1 - DOUBT / pairs) * deviation), float(np.log(LEAST_RISE)))


def _falls(doublings: NDArray[np.float64], logs: NDArray[np.float64]) -> bool:
    """Whether the slope is below 0 by more than its noise, at the 5 % level."""
    slopes = np.array([_slope(doublings, curve) for curve in logs])
    slopes = slopes[np.isfinite(slopes)]
    if len(slopes) > 1:
        return student_interval(slopes, 0.9)[1] < 0
    residuals = logs[0] - logs[0].mean() - slopes[0] * (doublings - doublings.mean())
    error = np.sqrt((residuals**2).sum() / (len(doublings) - 2) / ((doublings - doublings.mean()) ** 2).sum())
    return bool(slopes[0] + stdtrit(len(doublings) - 2, 0.95) * error < 0)


def _slope(doublings: NDArray[np.float64], curve: NDArray[np.float64]) -> float:
    measured = np.isfinite(curve)
    if measured.sum() < 2:
        return np.nan
    centred = doublings[measured] - doublings[measured].mean()
    return float(centred @ curve[measured] / (centred @ centred))
