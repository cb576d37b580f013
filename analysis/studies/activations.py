"""Activations against MaxMin: absolute values, and N-activations from three starts.

Question: do activations that can represent more than MaxMin make networks more accurate or more robust?

Networks of 1-Lipschitz matrices and MaxMin, or absolute values, cannot represent every piecewise linear 1-Lipschitz
function of one variable, those of N-activations can (Prach and Lampert 2023, arXiv 2311.06103).

Run:    python -m analysis run activations --preset mnist --executor processes
Draw:   python -m analysis draw activations --preset mnist
Cost:   digits, 75 trials: 40 seconds on 2 cores. mnist, 60 trials: 6 minutes on 2 cores.
Expect: figures/mnist/activations_differences.csv; N gains 0.2 points certified, and only from its own start.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from analysis.plots import COLORS, new_figure, tidy
from analysis.scaling import Estimate, estimate
from analysis.studies.captions import certificate, counted, left_out
from analysis.studies.measures import INTERVALS, LEVEL, accuracy, certified_accuracy
from analysis.studies.preset import Preset
from analysis.studies.study import Drawing, Records, Study
from analysis.trials import Trial

MAIN, *OTHERS = ACTIVATIONS = (
    "MaxMin",
    "Abs",
    "N",
    "N-zeros",
    "N-random",
)  # the first is what others are compared with
MEAN = "mean of the methods"
SHADES = {"accuracy": COLORS["robust"], "certified": COLORS["certified"]}
STARTS = (
    "N starts as absolute value and identity in turn, N-zeros as the identity, N-random at random thresholds, which "
    "are learned"
)


def trials(preset: Preset) -> list[Trial]:
    """Every method with every activation and seed, on all training images.

    Args:
        preset: The grid.

    Returns:
        The trials, those of one seed together.
    """
    return [preset.trial(model, seed) for seed in preset.seeds for model in _networks(preset)]


def draw(preset: Preset, records: Records) -> Drawing:
    """What each reaches on the left; in the middle and on the right what it gains over MaxMin, paired by seed.

    Args:
        preset: The grid.
        records: Of its trials.

    Returns:
        The figure, its table, and the differences (``_differences``).
    """
    rows = _table(preset, records)
    differences = _differences(preset, rows)
    figure = new_figure(11, 1.3 + 0.19 * len(_places(preset)))
    levels, *gains = figure.subplots(1, 3, sharey=True, width_ratios=(1.2, 1, 1))
    for measure, color in SHADES.items():
        _plot_levels(levels, preset, _values(preset, rows, measure), measure, color)
    for axes, (measure, color) in zip(gains, SHADES.items(), strict=True):
        _plot_gains(axes, preset, differences[differences["measure"] == measure], color)
        axes.set(xlabel="points more than MaxMin,\nlogarithmic beyond 1", title=measure)
        axes.set_xscale("symlog", linthresh=1, linscale=1)
        axes.set_xticks([-10, -1, 0, 1], ["-10", "-1", "0", "1"])
    levels.set(xlabel="share of test images", title=f"{STUDY.title}: {preset.dataset}")
    levels.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    levels.legend(fontsize=7, loc="lower left")
    _label(levels, preset)
    return Drawing(figure, {"": rows, "_differences": differences}, _caption(preset, rows, differences))


def _networks(preset: Preset) -> list[Trial]:
    """Every method with every activation, in the order of the figure's lines."""
    return [replace(model, activation=name) for model in preset.activated for name in ACTIVATIONS]


def _table(preset: Preset, records: Records) -> pd.DataFrame:
    rows = []
    for model in _networks(preset):
        for seed in preset.seeds:
            record = records[preset.trial(model, seed)]
            row = {"model": model.model, "activation": model.activation, "learning_rate": model.learning_rate}
            row |= {"seed": seed, "accuracy": accuracy(record)}
            row |= {"certified": certified_accuracy(record, preset.radius), "radius": preset.radius}
            rows.append(row)
    return pd.DataFrame(rows)


def _values(preset: Preset, rows: pd.DataFrame, measure: str) -> NDArray[np.float64]:
    """Shape ``(networks, seeds)``; nan where training diverged."""
    return rows[measure].to_numpy(dtype=np.float64).reshape(-1, len(preset.seeds))


def _gains(preset: Preset, rows: pd.DataFrame, measure: str) -> dict[tuple[str, str], NDArray[np.float64]]:
    """Of every method and activation, and of the methods' mean: what each seed gains over MaxMin, in points."""
    shape = (len(preset.activated), len(ACTIVATIONS), len(preset.seeds))
    values = 100 * _values(preset, rows, measure).reshape(shape)
    gains = values[:, 1:] - values[:, :1]
    names = [*(model.model for model in preset.activated), MEAN]
    return {
        (name, activation): gain
        for name, of_method in zip(names, [*gains, gains.mean(axis=0)], strict=True)
        for activation, gain in zip(OTHERS, of_method, strict=True)
    }


def _differences(preset: Preset, rows: pd.DataFrame) -> pd.DataFrame:
    found: list[dict[str, Any]] = []
    for measure in SHADES:
        gains = _gains(preset, rows, measure)
        result = estimate(list(gains.values()), level=LEVEL)
        names = [{"model": model, "activation": activation, "measure": measure} for model, activation in gains]
        columns = zip(names, result.mean, result.low, result.high, strict=True)
        found += [name | {"points": mean, "low": low, "high": high} for name, mean, low, high in columns]
    return pd.DataFrame(found)


def _places(preset: Preset) -> list[tuple[str, str]]:
    """Method and activation of each line of the figure, from above: the methods', and those of their mean."""
    names = [(model.model, model.activation) for model in _networks(preset)]
    return [*names, *((MEAN, activation) for activation in OTHERS)]


def _plot_levels(axes: Axes, preset: Preset, values: NDArray[np.float64], measure: str, color: str) -> None:
    name = measure if measure == "accuracy" else f"{measure} at {preset.radius:g}"
    _plot(axes, range(len(values)), estimate(values, level=LEVEL, bounds=(0, 1)), color, name)


def _plot_gains(axes: Axes, preset: Preset, rows: pd.DataFrame, color: str) -> None:
    places = _places(preset)
    lines = [places.index(name) for name in zip(rows["model"], rows["activation"], strict=True)]
    result = Estimate(*(rows[column].to_numpy(dtype=np.float64) for column in ("points", "low", "high")))
    _plot(axes, lines, result, color)
    axes.axvline(0, color="#222222", linewidth=0.8)


def _plot(axes: Axes, lines: Any, result: Estimate, color: str, label: str | None = None) -> None:
    errors = np.nan_to_num(np.stack((result.mean - result.low, result.high - result.mean)))
    look: dict[str, Any] = {"fmt": "o", "markersize": 4, "color": color, "elinewidth": 1.2, "capsize": 2}
    axes.errorbar(result.mean, list(lines), xerr=errors, label=label, **look)


def _label(axes: Axes, preset: Preset) -> None:
    """Name every line, with the method in front of the first of its lines, and part the methods."""
    places = _places(preset)
    firsts = {name: line for line, (name, _) in reversed(list(enumerate(places)))}
    names = [f"{name}   {kind}" if firsts[name] == line else kind for line, (name, kind) in enumerate(places)]
    axes.set_yticks(range(len(places)), names, fontsize=8)
    axes.invert_yaxis()
    for panel in axes.figure.axes:
        tidy(panel)
        panel.grid(axis="x", color="#DDDDDD", linewidth=0.6)
        panel.grid(visible=False, axis="y")
        for line in list(firsts.values())[:-1]:
            panel.axhline(line - 0.5, color="#BBBBBB", linewidth=0.8)


def _verdict(differences: pd.DataFrame) -> str:
    """What each activation gains over MaxMin on the mean of the methods, and whether that is shown."""
    said = []
    for activation, rows in differences[differences["model"] == MEAN].groupby("activation", sort=False):
        gains = " and ".join(
            f"{measure} {points:+.2f} [{low:+.2f}, {high:+.2f}]{_judged(low, high)}"
            for measure, points, low, high in zip(
                *(rows[column] for column in ("measure", "points", "low", "high")), strict=True
            )
        )
        said.append(f"{activation}: {gains}")
    return "; ".join(said)


def _judged(low: float, high: float) -> str:
    if np.isnan(low):
        return " (one seed)"
    return "" if low > 0 or high < 0 else " (not shown)"


def _caption(preset: Preset, rows: pd.DataFrame, differences: pd.DataFrame) -> str:
    trial = preset.activated[0]
    rates = ", ".join(f"{model.model} ({model.learning_rate:g})" for model in preset.activated)
    lost = int(rows["accuracy"].isna().sum())
    return (
        f"Data set: {preset.dataset}. {counted(preset.seeds)}. {rates} of width {trial.width} and depth {trial.depth}, "
        f"{trial.total_steps:,} steps of {trial.batch_size}, loss offset {trial.offset:.3g}; in brackets the learning "
        f"rate of all its activations, which was searched with MaxMin, in whose favour that is. {STARTS}. "
        f"{certificate(preset)} Points more than MaxMin, "
        f"{MEAN}: {_verdict(differences)}; not shown: the interval holds 0. {INTERVALS} Differences are paired by "
        f"seed; intervals are not widened for their number.{left_out(lost)}"
    )


STUDY = Study(
    name="activations",
    title="Activations compared",
    question="Do activations that can represent more than MaxMin make networks more accurate or more robust?",
    trials=trials,
    draw=draw,
)
