"""Studies whose records decide what others ask for: learning rates, and the paces that budgets of time are paid in."""

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from analysis.studies import layers_cost, learning_rate
from analysis.studies.preset import Preset
from analysis.studies.study import Records, Study


@dataclass(frozen=True)
class Source:
    """One such study.

    Attributes:
        study: Its own trials depend on the preset alone.
        decides: Whether it decides something for a study.
        read: From a preset and its records to the decision.
        apply: From a preset and the decision to the preset that follows it.
    """

    study: Study
    decides: Callable[[Study], bool]
    read: Callable[[Preset, Records], Any]
    apply: Callable[[Preset, Any], Preset]


SOURCES = (
    Source(learning_rate.STUDY, attrgetter("tuned"), learning_rate.choose, Preset.tuned),
    Source(layers_cost.STUDY, attrgetter("timed"), layers_cost.paces, Preset.paced),
)


def decided(study: Study, preset: Preset, recorded: Callable[[Study], Records]) -> Preset:
    """Put into a preset what other studies' records decide.

    Args:
        study: What is to be run or drawn.
        preset: As it is declared.
        recorded: From a source to the records of its trials.

    Returns:
        The preset on which the study runs.

    Example:
        >>> decided(study, MNIST, lambda source: {spec: store[spec] for spec in source.trials(MNIST)})
    """
    chosen = preset
    for source in SOURCES:
        if source.decides(study):
            chosen = source.apply(chosen, source.read(preset, recorded(source.study)))
    return chosen
