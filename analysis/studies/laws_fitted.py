"""Laws fitted to every learning curve of a preset, for the page: what they say at many sizes and targets."""

import base64
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.scaling import Fit, NotIdentifiableWarning, estimate, fit
from analysis.studies.measures import LEVEL, accuracy, certified_accuracy
from analysis.studies.preset import Preset
from analysis.studies.study import Records
from analysis.trials import Trial

LAWS = ("M1", "M2", "M3", "M4", "log-linear")
RESAMPLES = 100
HELD_OUT = 2  # of the largest sizes
FEWEST = 4  # sizes that a law is fitted to
FAR = 1_000  # times the largest size: where curves end
TARGETS = np.arange(1, 200) / 200  # accuracies
RADII = (36 / 255, 1.0)  # besides the preset's, of the 1-Lipschitz network

Array = NDArray[np.float64]


def fitted(preset: Preset, records: Records) -> dict[str, Any]:
    """Fit all laws to all curves.

    Args:
        preset: The grid.
        records: Of the trials of ``data_scaling``.

    Returns:
        JSON values: the ``sizes`` at which curves are told, the ``targets`` (accuracies), and ``curves``. Each has its
        ``model``, its ``radius`` (0 for plain accuracy), the measured accuracies, and for each law, with all sizes
        (``all``) and without the largest two (``smaller``), what :func:`told` says of the fit.
    """
    certified = preset.scaled[1:]
    wanted = [(model, 0.0) for model in preset.scaled] + [(model, preset.radius) for model in certified]
    wanted += [(preset.robust, radius) for radius in RADII if radius != preset.radius]
    curves = [_curve(preset, records, model, radius) for model, radius in wanted]
    return {
        "dataset": preset.dataset,
        "radius": preset.radius,
        "standard": preset.standard.classifier,
        "robust": preset.robust.classifier,
        "seeds": len(preset.seeds),
        "level": LEVEL,
        "resamples": RESAMPLES,
        "targets": TARGETS.tolist(),
        "curves": curves,
    }


def observed(preset: Preset, records: Records, model: Trial, radius: float) -> tuple[Array, Array, NDArray[np.int64]]:
    """Sizes, errors and seeds of the trainings that did not diverge.

    Args:
        preset: The grid.
        records: Of its trials.
        model: One of ``preset.scaled``.
        radius: L2 radius, pixels in [0, 1]; 0 for plain accuracy.

    Returns:
        Three arrays, one entry per training.
    """
    rows = []
    for size in preset.sizes:
        for seed in preset.seeds:
            record = records[preset.trial(model, seed, size=size)]
            value = certified_accuracy(record, radius) if radius else accuracy(record)
            if np.isfinite(value):
                rows.append((float(record["outcome"]["size"]), 1 - value, seed))
    sizes, errors, seeds = zip(*rows, strict=True) if rows else ((), (), ())
    return np.array(sizes), np.array(errors), np.array(seeds, dtype=np.int64)


def told(found: Fit, grid: Array) -> dict[str, Any]:
    """What a fit says, at every size and target.

    Args:
        found: The fit.
        grid: Sizes, rising.

    Returns:
        JSON values: ``status``, ``parameters``, ``notes``; where the status is "ok" also ``errors`` (estimate, low and
        high end at each size) and ``needed`` (low end, estimate and high end at each target), as bytes of float32.
    """
    says: dict[str, Any] = {"status": found.status, "notes": list(found.notes)}
    if found.status != "ok":
        return says
    errors = np.stack([found.predict(grid), *found.interval(grid, LEVEL)])
    needed = np.array([found.samples_needed(float(1 - target), LEVEL) for target in TARGETS]).T
    return says | {"parameters": found.parameters, "errors": _packed(errors), "needed": _packed(needed)}


def grid_of(sizes: Array) -> Array:
    """Sizes at which fitted curves are told: half the smallest to a thousand times the largest, two per doubling.

    Args:
        sizes: Measured ones, rising.

    Returns:
        Rising.
    """
    steps = np.ceil(2 * np.log2(FAR * sizes[-1] / sizes[0]))
    grid: Array = sizes[0] * 2 ** (np.arange(-2, steps + 1) / 2)
    return np.maximum(grid, 1.0)


def _curve(preset: Preset, records: Records, model: Trial, radius: float) -> dict[str, Any]:
    sizes, errors, seeds = observed(preset, records, model, radius)
    distinct = np.unique(sizes)
    means = [estimate([1 - errors[sizes == size]], level=LEVEL, bounds=(0, 1)) for size in distinct]
    ends = [[float(each[0]) for each in (one.mean, one.low, one.high)] for one in means]
    known = {
        "model": model.classifier,
        "radius": radius,
        "measured": [
            [float(size), *(None if np.isnan(end) else end for end in three)]
            for size, three in zip(distinct, ends, strict=True)
        ],
    }
    if not len(distinct):
        return known | {"grid": [], "fits": {}}
    smaller = sizes <= distinct[-HELD_OUT - 1] if len(distinct) >= FEWEST + HELD_OUT else None
    grid = grid_of(distinct)
    fits = {"all": _fits(sizes, errors, seeds, grid)}
    if smaller is not None:
        fits["smaller"] = _fits(sizes[smaller], errors[smaller], seeds[smaller], grid)
    return known | {"grid": grid.tolist(), "fits": fits}


def _fits(sizes: Array, errors: Array, seeds: NDArray[np.int64], grid: Array) -> Mapping[str, Any]:
    if len(np.unique(sizes)) < FEWEST:
        status = f"not identifiable: a law needs at least {FEWEST} sizes"
        return {law: {"status": status, "notes": []} for law in LAWS} | {"auto": LAWS[0]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotIdentifiableWarning)  # the status says it
        found = {law: told(fit(sizes, errors, law, seeds, resamples=RESAMPLES), grid) for law in LAWS}
        chosen = fit(sizes, errors, "auto", seeds, resamples=0).law
    return found | {"auto": chosen if chosen in found else LAWS[0]}


def _packed(values: Array) -> dict[str, Any]:
    largest = np.finfo(np.float32).max
    finite = np.where(np.isfinite(values), np.minimum(values, largest), values)
    return {"type": "float32", "bytes": base64.b64encode(finite.astype("<f4").tobytes()).decode("ascii")}
