"""How accuracy grows with data: laws, their fits, and what the fits are worth."""

from analysis.scaling.fit import FAR, Fit, NotIdentifiableWarning, fit
from analysis.scaling.growth import Growth, growth_by_step
from analysis.scaling.intervals import Estimate, estimate
from analysis.scaling.log_linear import Doubling, points_per_doubling
from analysis.scaling.needed import number, ratio, reach, statement

__all__ = [
    "FAR",
    "Doubling",
    "Estimate",
    "Fit",
    "Growth",
    "NotIdentifiableWarning",
    "estimate",
    "fit",
    "growth_by_step",
    "number",
    "points_per_doubling",
    "ratio",
    "reach",
    "statement",
]
