"""How many training images an error needs, by laws fitted to the learning curves of ``data_scaling``.

Question: how much data does robustness need, and how many times more than accuracy?

Run:    python -m analysis run data_scaling --preset mnist --executor processes
Draw:   python -m analysis draw sample_complexity --preset mnist
Cost:   no trainings beyond those of data_scaling; fitting takes a minute, most of it for the page.
Expect: figures/mnist/sample_complexity.csv, and the same as Markdown and LaTeX beside it.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from analysis.plots import COLORS, Curve, Prediction, new_figure, tidy
from analysis.scaling import FAR, Fit, estimate, ratio, statement
from analysis.studies.all_laws import all_laws
from analysis.studies.captions import certificate, setting
from analysis.studies.data_scaling import trials
from analysis.studies.doublings import budget
from analysis.studies.fitted import FittedCurve, fitted_curves
from analysis.studies.measures import LEVEL, Measure, accurate, certified, measures
from analysis.studies.needed_table import documents
from analysis.studies.preset import Preset
from analysis.studies.study import Drawing, Records, Study
from analysis.trials import Trial

TARGETS = (0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01)  # errors
FACTORS = (0.5, 1.0, 2.0)  # of the preset's radius
SHADES = ("#9ECAE1", "#3182BD", "#08306B")  # of these radii
BEYOND = 100.0  # times the largest size, to which laws are drawn
COLUMNS = 12  # of the grid that panels lie on
POINTS = 81  # of each law
APART = 1.022  # factor between neighbouring curves
FEW_DECADES = 1e3  # of an axis whose numbers are written out
CROWDED, SPACED = 7, (0.7, 0.5, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01)  # so many ticks are too many: then only these
MARKERS = "os^Dv"  # of the networks
PARAMETERS = ("a", "b", "c", "m", "k", "e0", "p", "q")


def draw(preset: Preset, records: Records) -> Drawing:
    """Learning curves and their laws above, one panel a network; below samples needed, and their ratio.

    Args:
        preset: The grid.
        records: Of the trials of ``data_scaling``.

    Returns:
        The figure, the samples needed for each error, and the laws.
    """
    networks = _networks(preset)
    curves = fitted_curves(preset, records, [measure for model in networks for measure in _measured(preset, model)])
    figure = new_figure(9.6, 7.0)
    rows, wide = figure.add_gridspec(2, COLUMNS), COLUMNS // len(networks)
    top = [figure.add_subplot(rows[0, wide * index : wide * (index + 1)]) for index in range(len(networks))]
    for axes, model in zip(top, networks, strict=True):
        _laws(axes, [curve for curve in curves if curve.measure.model == model], model)
    needed = needed_samples(curves)
    _needed(figure.add_subplot(rows[1, : COLUMNS // 2]), needed, curves)
    _ratios(figure.add_subplot(rows[1, COLUMNS // 2 :]), needed, curves)
    figure.suptitle(f"{STUDY.title}: {preset.dataset}", fontsize=10.5)
    laws = law_table(curves)
    caption = (
        f"{setting(preset, networks)} {certificate(preset)} Error: one minus accuracy or certified accuracy. Laws: the "
        f"one of M1 to M4 and log-linear that predicts the largest sizes best from the smaller ones. Bands and bars: "
        f"90 %, whole seeds drawn anew (Student's t), noise of the test images. Dashed, hollow: beyond {FAR:.0f} "
        f"times the largest size, where the law alone speaks. Arrows: from there up, without an upper end, since the "
        f"floor may forbid that error. {_sentences(preset, curves, needed)}"
        f"{budget(networks, float(curves[0].sizes[-1]))}"
    )
    tables = {"": needed, "_laws": laws}
    explored = partial(all_laws, preset, records, curves)
    return Drawing(figure, tables, caption, explored=explored, documents=documents(needed, laws))


def _networks(preset: Preset) -> tuple[Trial, ...]:
    return (*preset.models, *((preset.smoothed,) if preset.smoothed else ()))


def _measured(preset: Preset, model: Trial) -> list[Measure]:
    """Accuracy, and certified accuracy at several radii where the network has certificates."""
    plain = accurate(model, COLORS["standard"])
    if model == preset.standard:
        return [plain]
    radii = (factor * preset.radius for factor in FACTORS)
    return [plain, *(certified(model, radius, shade) for radius, shade in zip(radii, SHADES, strict=True))]


def needed_samples(curves: Sequence[FittedCurve]) -> pd.DataFrame:
    """Samples needed for each error, and how many times those of the standard network that is.

    Args:
        curves: The first is the standard network's.

    Returns:
        Columns ``model``, ``measure``, ``law``, ``error``, ``low``, ``samples``, ``high``, ``extrapolated``,
        ``smallest``, ``ratio_low``, ``ratio``, ``ratio_high``; nan where the law is not identifiable, and a ratio
        also where the standard network needs fewer images than the smallest size.
    """
    standard = curves[0].identified
    rows = []
    for curve in curves:
        found = curve.identified
        for target in TARGETS:
            low, middle, high = found.samples_needed(target, LEVEL) if found else (np.nan,) * 3
            times = _times(found, standard, target, curves[0].sizes[0])
            rows.append(
                {"model": curve.measure.model.classifier, "measure": curve.measure.name}
                | {"law": found.law if found else "", "error": target}
                | {"low": low, "samples": middle, "high": high}
                | {"extrapolated": bool(found.extrapolates(middle)) if found else False, "smallest": curve.sizes[0]}
                | {"ratio_low": times[0], "ratio": times[1], "ratio_high": times[2]}
            )
    return pd.DataFrame(rows)


def _times(robust: Fit | None, standard: Fit | None, target: float, smallest: float) -> tuple[float, float, float]:
    """Ratio of samples needed, unless the standard network's lie below what was measured: a law says nothing there."""
    if robust is None or standard is None or standard.samples_needed(target, LEVEL)[1] < smallest:
        return np.nan, np.nan, np.nan
    return ratio(robust, standard, target, LEVEL)


def law_table(curves: Sequence[FittedCurve]) -> pd.DataFrame:
    """The laws: status, parameters with intervals, and points per doubling over all sizes.

    Args:
        curves: Fitted.

    Returns:
        One row a curve.
    """
    rows = []
    for curve in curves:
        row: dict[str, Any] = {"model": curve.measure.model.classifier, "measure": curve.measure.name}
        row |= {"law": curve.fit.law if curve.fit else "", "status": curve.status}
        row |= dict(zip(("per_doubling", "per_doubling_low", "per_doubling_high"), curve.per_doubling, strict=True))
        for name in PARAMETERS:
            found = curve.identified if curve.identified and name in curve.identified.parameters else None
            ends = found.parameter_interval(name, LEVEL) if found else (np.nan, np.nan)
            row |= {name: found.parameters[name] if found else np.nan, f"{name}_low": ends[0], f"{name}_high": ends[1]}
        rows.append(row | {"notes": "; ".join(curve.fit.notes) if curve.fit else ""})
    return pd.DataFrame(rows)


def _laws(axes: Axes, curves: Sequence[FittedCurve], model: Trial) -> None:
    positive = (curve.errors[curve.errors > 0] for curve in curves)  # an error of 0 is below any logarithmic axis
    least = min(float(errors.min(initial=0.5)) for errors in positive)
    for curve in curves:
        name = _short(curve)
        found, color = curve.identified, curve.measure.color
        label = f"{name}: {found.law}" if found else f"{name}: no law"
        result = estimate(curve.errors, level=LEVEL, bounds=(0.0, 1.0))
        Curve("", curve.sizes, result.mean, result.low, result.high, color, "none").plot(axes)
        if found is None:
            axes.plot([], [], color=color, label=label)
            continue
        n = np.geomspace(curve.sizes[0], BEYOND * curve.sizes[-1], POINTS)
        low, high = found.interval(n, LEVEL)
        Prediction(label, n, found.predict(n), low, high, color, FAR * curve.sizes[-1]).plot(axes)
    axes.set(ylim=(least / 4, 1.3), xscale="log", yscale="log", title=model.classifier, xlabel="training images")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(FuncFormatter(_percent))
    axes.yaxis.set_minor_formatter(NullFormatter())
    tidy(axes)
    axes.legend(loc="lower left", fontsize=6.5)


def _needed(axes: Axes, needed: pd.DataFrame, curves: Sequence[FittedCurve]) -> None:
    _bars(axes, needed, curves, ("low", "samples", "high"))
    axes.set(ylabel="training images needed", title="images needed for an error")
    axes.legend(loc="best", fontsize=6)


def _ratios(axes: Axes, needed: pd.DataFrame, curves: Sequence[FittedCurve]) -> None:
    _bars(
        axes,
        needed[needed["model"] != curves[0].measure.model.classifier],
        curves,
        ("ratio_low", "ratio", "ratio_high"),
    )
    axes.set(ylabel="times as many as the standard network", title="as a multiple of the standard network's")
    low, high = axes.get_ylim()
    if high < FEW_DECADES * low:
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter("{x:,g}")
        axes.yaxis.set_minor_formatter(NullFormatter())


def _bars(axes: Axes, needed: pd.DataFrame, curves: Sequence[FittedCurve], columns: tuple[str, str, str]) -> None:
    """Estimates with their intervals at each target, curves side by side; open ends as arrows."""
    models = list(dict.fromkeys(curve.measure.model.classifier for curve in curves))
    for index, curve in enumerate(curves):
        model, measure, color = curve.measure.model.classifier, curve.measure.name, curve.measure.color
        rows = needed[
            (needed["model"] == model) & (needed["measure"] == measure) & (needed["samples"] >= curve.sizes[0])
        ]
        low, middle, high = (rows[name].to_numpy(dtype=np.float64) for name in columns)
        x = rows["error"].to_numpy(dtype=np.float64) * APART ** (len(curves) / 2 - index)
        known, opened = np.isfinite(middle), np.isfinite(low) & ~np.isfinite(high)
        label = f"{model}: {_short(curve)}"
        marker, far = MARKERS[models.index(model)], rows["extrapolated"].to_numpy(dtype=bool)
        axes.plot(x[known & ~far], middle[known & ~far], marker, color=color, markersize=4, label=label)
        axes.plot(x[known & far], middle[known & far], marker, color=color, markersize=4, markerfacecolor="white")
        axes.vlines(x[known & ~opened], low[known & ~opened], high[known & ~opened], color=color, linewidth=1.1)
        axes.plot(x[opened], low[opened], linestyle="none", marker=r"$\uparrow$", markersize=7, color=color)
    reached = needed[np.isfinite(needed[columns[1]]) & (needed["samples"] >= needed["smallest"])]["error"]
    ticks = [target for target in TARGETS if reached.min() <= target <= reached.max()] or list(TARGETS)
    if reached.empty:
        axes.set_ylim(1, 10)  # a logarithmic axis without a number on it
    axes.set(xscale="log", yscale="log", xlabel="error", xlim=(max(ticks) * 1.25, min(ticks) / 1.25))
    named = ticks if len(ticks) < CROWDED else [target for target in ticks if target in SPACED]
    axes.set_xticks(named, [f"{100 * target:g} %" for target in named], fontsize=8)
    axes.set_xticks([], minor=True)
    tidy(axes)


def _short(curve: FittedCurve) -> str:
    """Name within a network: accuracy, or the radius."""
    return curve.measure.label.removeprefix(f"{curve.measure.model.classifier}: ").removeprefix("certified ")


def _percent(value: float, place: object) -> str:
    return f"{100 * value:.3g} %"


def _sentences(preset: Preset, curves: Sequence[FittedCurve], needed: pd.DataFrame) -> str:
    """What accuracy and certified accuracy at the preset's radius need for the least error that the latter reaches."""
    standard, robust = (_named(curves, measure) for measure in measures(preset)[::2])
    if standard.identified is None or robust.identified is None:
        without = [curve for curve in (standard, robust) if curve.identified is None]
        return " ".join(f"{curve.measure.label}: {curve.status}." for curve in without)
    rows = needed[(needed["measure"] == robust.measure.name) & (needed["model"] == preset.robust.classifier)]
    reached = rows[np.isfinite(rows["samples"])]
    if reached.empty:
        return f"{robust.measure.label} reaches none of the errors."
    least = reached.iloc[-1]
    told = f"{robust.measure.label}, {statement(robust.identified, least['error'], LEVEL)}"
    if np.isnan(least["ratio"]):
        return f"{told} {standard.measure.label}: fewer than the smallest size."
    times = f"{least['ratio']:.3g} [{least['ratio_low']:.3g}, {least['ratio_high']:.3g}]".replace(", inf]", " or more]")
    plain = f"{standard.measure.label}, {statement(standard.identified, least['error'], LEVEL)}"
    return f"{plain} {told} That is {times} times as many."


def _named(curves: Sequence[FittedCurve], measure: Measure) -> FittedCurve:
    return next(curve for curve in curves if curve.measure.label == measure.label)


STUDY = Study(
    name="sample_complexity",
    title="How many training images an error needs",
    question="How much data does robustness need, and how many times more than accuracy?",
    trials=trials,
    draw=draw,
    slow=True,
)
