"""All laws fitted to every learning curve of a preset, for the page: what they say at many sizes and targets."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.plots import COLORS
from analysis.scaling import estimate
from analysis.studies.fitted import FEWEST_SIZES, FittedCurve, fitted_curves
from analysis.studies.measures import LEVEL, Measure, accurate, certified
from analysis.studies.preset import Preset
from analysis.studies.study import Records

LAWS = ("M1", "M2", "M3", "M4", "log-linear")
RESAMPLES = 200
HELD_OUT = 2  # of the largest sizes
FAR = 1_000  # times the largest size: where curves end
TARGETS = np.arange(1, 200) / 200  # accuracies
FACTORS = (0.5, 2.0)  # of the preset's radius, at which the 1-Lipschitz network is certified as well

Array = NDArray[np.float64]
Fits = dict[str, FittedCurve]


def all_laws(preset: Preset, records: Records, known: Sequence[FittedCurve] = ()) -> dict[str, Any]:
    """Fit all laws to all curves.

    Args:
        preset: The grid.
        records: Of the trials of ``data_scaling``.
        known: Curves whose best law is fitted already, by ``fitted_curves``.

    Returns:
        JSON values: ``targets`` (accuracies), ``visits`` (images that each network sees, repeats counted), and
        ``curves``. Each has its ``model``, its ``radius`` (0 for plain accuracy), the measured accuracies, the sizes at
        which its laws are told (``grid``) and for each law, of all sizes (``all``) and without the largest two
        (``smaller``), what :func:`told` says of the fit.
    """
    wanted = _wanted(preset)
    drawn = [measure for measure, _ in wanted]
    fits = {"all": _of_all_sizes(preset, records, drawn, known)}
    if len(preset.sizes) >= FEWEST_SIZES + HELD_OUT:
        fits["smaller"] = _of_smaller_sizes(preset, records, drawn)
    return {
        "dataset": preset.dataset,
        "radius": preset.radius,
        "standard": preset.standard.classifier,
        "robust": preset.robust.classifier,
        "seeds": len(preset.seeds),
        "level": LEVEL,
        "visits": {model.classifier: model.total_steps * model.batch_size for model in preset.scaled},
        "targets": TARGETS.tolist(),
        "curves": [
            _curve(radius, {kind: laws[place] for kind, laws in fits.items()})
            for place, (_, radius) in enumerate(wanted)
        ],
    }


def told(curve: FittedCurve, grid: Array) -> dict[str, Any]:
    """What a fit says, at every size and target.

    Args:
        curve: With its fit.
        grid: Sizes, rising.

    Returns:
        JSON values: ``status`` and ``notes``; where the status is "ok" also ``parameters``, ``errors`` (estimate, low
        and high end at each size) and ``needed`` (low end, estimate and high end at each target), as bytes of float32.
    """
    found = curve.identified
    if found is None:
        return {"status": curve.status, "notes": []}
    errors = np.stack([found.predict(grid), *found.interval(grid, LEVEL)])
    needed = np.array([found.samples_needed(float(1 - target), LEVEL) for target in TARGETS]).T
    numbers = {"parameters": found.parameters, "errors": _packed(errors), "needed": _packed(needed)}
    return {"status": found.status, "notes": list(found.notes)} | numbers


def grid_of(sizes: Array) -> Array:
    """Sizes at which fitted curves are told: half the smallest to a thousand times the largest, two per doubling.

    Args:
        sizes: Measured ones, rising.

    Returns:
        Rising.
    """
    steps = np.ceil(2 * np.log2(FAR * sizes[-1] / sizes[0]))
    grid: Array = np.maximum(sizes[0] * 2 ** (np.arange(-2, steps + 1) / 2), 1.0)
    return grid


def _wanted(preset: Preset) -> list[tuple[Measure, float]]:
    """Each measure and its radius; 0 for plain accuracy."""
    color = COLORS["certified"]  # of no figure
    plain = [(accurate(model, color), 0.0) for model in preset.scaled]
    at_radius = [(certified(model, preset.radius, color), preset.radius) for model in preset.scaled[1:]]
    others = [factor * preset.radius for factor in FACTORS]
    return [*plain, *at_radius, *((certified(preset.robust, radius, color), radius) for radius in others)]


def _of_all_sizes(
    preset: Preset, records: Records, drawn: Sequence[Measure], known: Sequence[FittedCurve]
) -> list[Fits]:
    """Each measure's fits, with ``auto`` among them."""
    best_of = {_name(curve.measure): curve for curve in known}
    missing = [measure for measure in drawn if _name(measure) not in best_of]
    best_of |= {_name(curve.measure): curve for curve in fitted_curves(preset, records, missing)}
    found: list[Fits] = [{"auto": best_of[_name(measure)]} for measure in drawn]
    for law in LAWS:
        others = [measure for measure, fits in zip(drawn, found, strict=True) if not _follows(fits["auto"], law)]
        fitted = iter(fitted_curves(preset, records, others, law, RESAMPLES))
        for fits in found:
            fits[law] = fits["auto"] if _follows(fits["auto"], law) else next(fitted)
    return found


def _follows(curve: FittedCurve, law: str) -> bool:
    return curve.identified is not None and curve.identified.law == law


def _name(measure: Measure) -> tuple[str, str]:
    return measure.model.classifier, measure.name


def _of_smaller_sizes(preset: Preset, records: Records, drawn: Sequence[Measure]) -> list[Fits]:
    smaller = replace(preset, sizes=preset.sizes[:-HELD_OUT])
    laws = {law: fitted_curves(smaller, records, drawn, law, RESAMPLES) for law in LAWS}
    laws["auto"] = fitted_curves(smaller, records, drawn, "auto", 0)
    return [{law: curves[place] for law, curves in laws.items()} for place in range(len(drawn))]


def _curve(radius: float, fits: Mapping[str, Fits]) -> dict[str, Any]:
    measured = fits["all"]["auto"]
    means = estimate(1 - measured.errors, level=LEVEL, bounds=(0, 1))
    rows = np.stack([measured.sizes, means.mean, means.low, means.high], axis=1)
    grid = grid_of(measured.sizes)
    return {
        "model": measured.measure.model.classifier,
        "radius": radius,
        "measured": [[None if np.isnan(each) else float(each) for each in row] for row in rows],
        "grid": grid.tolist(),
        "fits": {
            kind: {law: told(laws[law], grid) for law in LAWS} | {"auto": _law_of(laws["auto"])}
            for kind, laws in fits.items()
        },
    }


def _law_of(curve: FittedCurve) -> str:
    """The law that was chosen; where none was, any will say why."""
    return LAWS[0] if curve.identified is None else curve.identified.law


def _packed(values: Array) -> dict[str, Any]:
    largest = np.finfo(np.float32).max
    finite = np.where(np.isfinite(values), np.minimum(values, largest), values)
    return {"type": "float32", "bytes": base64.b64encode(finite.astype("<f4").tobytes()).decode("ascii")}
