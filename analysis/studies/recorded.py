"""Accuracies of both networks at every recorded point and radius, for the page of all figures."""

from collections.abc import Iterable, Sequence
from math import isnan
from typing import Any

from analysis.scaling import estimate
from analysis.studies.measures import LEVEL, accuracy, certified_accuracy
from analysis.studies.preset import Preset
from analysis.studies.study import Records
from analysis.trials import Components


def radii(preset: Preset) -> list[float]:
    """L2 radii at which the page certifies.

    Args:
        preset: Names them.

    Returns:
        Those at which layers are compared, and the one at which figures are drawn; rising.
    """
    return sorted({*preset.radii, preset.radius})


def on_bands(preset: Preset, records: Records, bands: Sequence[Components | None]) -> dict[str, Any]:
    """Accuracies on bands of principal directions.

    Args:
        preset: The grid.
        records: Of its trials.
        bands: Those that were recorded.

    Returns:
        JSON values: ``radius`` and ``radii``, ``seeds``, and ``bands``, each with its ``components`` (None for all) and
        what is known of the ``standard`` and the ``robust`` network: ``model``, ``accuracy`` and, of the robust one,
        ``certified`` at each radius; all as mean, low and high end, None where they are not known.
    """
    found = []
    for components in bands:
        standard, robust = (
            [records[preset.trial(model, seed, components=components)] for seed in preset.seeds]
            for model in preset.models
        )
        found.append(
            {
                "components": components,
                "standard": {"model": preset.standard.classifier, "accuracy": _over_seeds(map(accuracy, standard))},
                "robust": {
                    "model": preset.robust.classifier,
                    "accuracy": _over_seeds(map(accuracy, robust)),
                    "certified": [
                        _over_seeds(certified_accuracy(record, radius) for record in robust) for radius in radii(preset)
                    ],
                },
            }
        )
    return {"radius": preset.radius, "radii": radii(preset), "seeds": len(preset.seeds), "bands": found}


def _over_seeds(values: Iterable[float]) -> list[float | None]:
    """Mean and interval, as JSON has them: without nan."""
    result = estimate([list(values)], level=LEVEL, bounds=(0.0, 1.0))
    ends = (float(end[0]) for end in (result.mean, result.low, result.high))
    return [None if isnan(end) else end for end in ends]
