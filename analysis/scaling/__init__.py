"""How accuracy grows with data: laws, their fits, and what the fits are worth."""

from analysis.scaling.growth import Growth, growth_by_step
from analysis.scaling.intervals import Estimate, estimate
from analysis.scaling.log_linear import Doubling, points_per_doubling

__all__ = ["Doubling", "Estimate", "Growth", "estimate", "growth_by_step", "points_per_doubling"]
