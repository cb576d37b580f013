"""Training: one loop, one optimiser, one schedule, for one network or for a cohort of networks."""

from analysis.training.cohort import Cohort, Ending
from analysis.training.cohort_optimizer import CohortOptimizer
from analysis.training.descent import Descent
from analysis.training.device import find_device, on_threads
from analysis.training.loop import DivergedError, train
from analysis.training.precision import casting, scores_in

__all__ = [
    "Cohort",
    "CohortOptimizer",
    "Descent",
    "DivergedError",
    "Ending",
    "casting",
    "find_device",
    "on_threads",
    "scores_in",
    "train",
]
