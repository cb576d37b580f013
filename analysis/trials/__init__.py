"""Trials: one network, trained on one subset and measured. Where data, networks and measurements meet."""

from analysis.trials.content import content, directions
from analysis.trials.fit import Fit
from analysis.trials.pace import Pace, step_seconds
from analysis.trials.plan import Plan, plan
from analysis.trials.run import Spec, run_trials
from analysis.trials.slices import Slices, put_together
from analysis.trials.spectrum import Spectrum
from analysis.trials.trial import Components, Trial

__all__ = [
    "Components",
    "Fit",
    "Pace",
    "Plan",
    "Slices",
    "Spec",
    "Spectrum",
    "Trial",
    "content",
    "directions",
    "plan",
    "put_together",
    "run_trials",
    "step_seconds",
]
