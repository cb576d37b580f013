"""Studies whose records decide what others ask for: learning rates, and the paces that budgets of time are paid in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.studies import layers_cost, learning_rate
from analysis.studies.preset import Preset
from analysis.studies.study import Records, Study
from analysis.trials import Spec, Trial

PACES = "paces"  # the name of what the cost of layers decides
Needed = dict[str, list[Spec]]  # from what is decided to the specifications whose records decide it


@dataclass(frozen=True)
class Source:
    """One such study.

    Attributes:
        study: Its own trials depend on the preset alone.
        needed: From a preset and a study to what has to be decided for it, and by which of the source's trials.
        read: From a preset and their records to the decisions.
        apply: From a preset and the decisions to the preset that follows them.
    """

    study: Study
    needed: Callable[[Preset, Study], Needed]
    read: Callable[[Preset, Records], Any]
    apply: Callable[[Preset, Any], Preset]


def _rates(preset: Preset, study: Study) -> Needed:
    """The search for the learning rate of each network that a study trains."""
    names = {preset.name_of(spec) for spec in study.trials(preset) if isinstance(spec, Trial)} if study.tuned else set()
    found: Needed = {}
    for spec in learning_rate.trials(preset):
        if preset.name_of(spec) in names:
            found.setdefault(preset.name_of(spec), []).append(spec)
    return found


def _paces(preset: Preset, study: Study) -> Needed:
    specs = layers_cost.trials(preset) if study.timed else []
    return {PACES: [*specs]} if specs else {}


SOURCES = (
    Source(learning_rate.STUDY, _rates, learning_rate.choose, Preset.tuned),
    Source(layers_cost.STUDY, _paces, layers_cost.paces, Preset.paced),
)


def needed(study: Study, preset: Preset) -> Needed:
    """What has to be decided for a study.

    Args:
        study: What is to be run or drawn.
        preset: As it is declared.

    Returns:
        Names of networks whose learning rates it takes, and ``PACES`` where it is paid in time; to the specifications
        whose records decide that.

    Example:
        >>> needed(STUDIES["subspace_accuracy"], MNIST).keys()
        dict_keys(['MLP', 'AOL-MLP'])
    """
    return {name: specs for source in SOURCES for name, specs in source.needed(preset, study).items()}


def decided(study: Study, preset: Preset, recorded: Callable[[Study, Sequence[Spec]], Records]) -> Preset:
    """Put into a preset what other studies' records decide.

    Args:
        study: What is to be run or drawn.
        preset: As it is declared.
        recorded: From a source, and those of its trials that are needed, to their records.

    Returns:
        The preset on which the study runs.

    Example:
        >>> decided(study, MNIST, lambda source, specs: {spec: store[spec] for spec in specs})
    """
    chosen = preset
    for source in SOURCES:
        specs = [spec for group in source.needed(preset, study).values() for spec in group]
        if specs:
            chosen = source.apply(chosen, source.read(preset, recorded(source.study, specs)))
    return chosen
