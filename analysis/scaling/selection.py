"""The choice among laws, by how well each predicts sizes that it has not seen."""

import numpy as np

from analysis.scaling.law import Curve
from analysis.scaling.laws import LAWS
from analysis.scaling.observations import Observations
from analysis.scaling.regression import regress

MOST_HELD_OUT = 3  # of the largest sizes
FEWEST_KEPT = 3  # sizes that a law of two parameters is fitted to


def prediction_errors(observed: Observations, scale: float, chance: float | None = None) -> dict[str, float]:
    """How well each law predicts the largest sizes from the smaller ones.

    The one, two and three largest sizes are held out in turn, as long as more sizes than parameters are left. What is
    compared is the logarithm of the error, on which all laws agree.

    Args:
        observed: Learning curves.
        scale: Relative deviation from which on a point counts less than its square.
        chance: Error of guessing, if it is known.

    Returns:
        Name of each law that can be tried to its root mean square deviation in logarithms.
    """
    means = observed.means
    found: dict[str, list[float]] = {}
    for held_out in range(1, MOST_HELD_OUT + 1):
        kept = len(means) - held_out
        if kept < FEWEST_KEPT:
            break
        curve = Curve(observed.sizes[:kept], means[:kept], chance)
        for name, make in LAWS.items():
            law = make(curve)
            if len(law.coordinates) >= kept:
                continue
            at = regress(law, curve.sizes, curve.errors, scale)
            predicted = np.maximum(law.error(law.value(at, observed.sizes[kept:])), means.min() / 100)
            found.setdefault(name, []).append(float(((np.log(predicted) - np.log(means[kept:])) ** 2).mean()))
    tried = max(len(scores) for scores in found.values())
    return {name: float(np.sqrt(np.mean(scores))) for name, scores in found.items() if len(scores) == tried}


def choose(observed: Observations, scale: float, chance: float | None = None) -> str:
    """The law that predicts the held-out largest sizes best.

    Args:
        observed: Learning curves.
        scale: Relative deviation from which on a point counts less than its square.
        chance: Error of guessing, if it is known.

    Returns:
        Its name.
    """
    scores = prediction_errors(observed, scale, chance)
    return min(scores, key=scores.__getitem__)
