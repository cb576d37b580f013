"""All 1-Lipschitz layers in one network, each at its own learning rate.

Question: which 1-Lipschitz layer is the most robust, and what does it cost?

Run:    python -m analysis run layers_compared --executor processes
Draw:   python -m analysis draw layers_compared
Cost:   digits, 45 trials: 4 minutes on 2 cores. mnist, 36 trials: 7 minutes on 2 cores.
Expect: figures/digits/layers_compared.csv, figures/mnist/layers_compared.csv.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from analysis.plots import new_figure, plot_radar, tidy
from analysis.scaling import estimate
from analysis.studies.captions import counted, left_out
from analysis.studies.measures import INTERVALS, LEVEL, accuracy, certified_accuracy
from analysis.studies.preset import Preset
from analysis.studies.study import Drawing, Records, Study
from analysis.trials import Trial

COLORS = ("#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7", "#888888")
SHADES = ("#C6DBEF", "#9ECAE1", "#6BAED6", "#3182BD", "#08519C", "#08306B")  # accuracy, then falling radii of no bar
COSTS: dict[str, tuple[str, Callable[[Mapping[str, Any], Trial], float]]] = {
    "training time": ("ms a step", lambda record, trial: 1e3 * record["provenance"]["training"] / trial.total_steps),
    "inference time": ("microseconds an image", lambda record, trial: 1e6 * record["provenance"]["inference"]),
    "memory": ("MB a step", lambda record, trial: record["provenance"]["memory"] / 1e6),
}


def trials(preset: Preset) -> list[Trial]:
    """Every method and seed of the preset, on all training images.

    Args:
        preset: The grid.

    Returns:
        The trials, those of one seed together.
    """
    return [preset.trial(model, seed) for seed in preset.seeds for model in preset.compared]


def draw(preset: Preset, records: Records) -> Drawing:
    """Bars sorted by certified accuracy on the left, all scores as a radar chart on the right.

    Args:
        preset: The grid.
        records: Of its trials.

    Returns:
        The figure and its table.
    """
    rows = _table(preset, records)
    judged = _certified(preset.radius)
    order = rows.groupby("model")[judged].mean().sort_values(ascending=False).index.tolist()
    figure = new_figure(11, 4.6)
    grid = figure.add_gridspec(1, 2, width_ratios=(1.25, 1))
    _bars(figure.add_subplot(grid[0]), preset, rows, order)
    axes = figure.add_subplot(grid[1], projection="polar")
    colors = {trial.model: color for trial, color in zip(preset.compared, COLORS, strict=False)}
    scores = _scores(rows, judged)
    spokes = ["accuracy", judged, *COSTS]
    lines = {_method(name): scores.loc[name, spokes].to_list() for name in order}
    plot_radar(axes, spokes, lines, [colors[name] for name in order])
    axes.tick_params(axis="x", pad=4, labelsize=9)
    axes.legend(fontsize=7, ncols=5, loc="lower center", bbox_to_anchor=(0.5, -0.3), frameon=False)
    return Drawing(figure, {"": rows}, _caption(preset, rows))


def _table(preset: Preset, records: Records) -> pd.DataFrame:
    rows = []
    for model in preset.compared:
        for seed in preset.seeds:
            record = records[preset.trial(model, seed)]
            row = {"model": model.model, "seed": seed, "learning_rate": model.learning_rate}
            row |= {"accuracy": accuracy(record)}
            row |= {_certified(radius): certified_accuracy(record, radius) for radius in _radii(preset)}
            row |= {"lipschitz": record["outcome"]["lipschitz"]}
            rows.append(row | {f"{name}, {unit}": cost(record, model) for name, (unit, cost) in COSTS.items()})
    return pd.DataFrame(rows)


def _radii(preset: Preset) -> list[float]:
    return sorted({preset.radius, *preset.radii})


def _certified(radius: float) -> str:
    return f"certified at {radius:.3g}"


def _bars(axes: Axes, preset: Preset, rows: pd.DataFrame, order: list[str]) -> None:
    """One bar in another: accuracy the palest, and the larger the radius the darker."""
    columns = ["accuracy", *[_certified(radius) for radius in _radii(preset)]]
    for column, shade in zip(columns, SHADES, strict=True):
        values = np.stack([rows.loc[rows["model"] == name, column].to_numpy(dtype=float) for name in order])
        result = estimate(values, level=LEVEL, bounds=(0, 1))
        errors = np.nan_to_num(np.stack((result.mean - result.low, result.high - result.mean)))
        axes.bar(range(len(order)), result.mean, 0.8, color=shade, label=column)
        axes.errorbar(range(len(order)), result.mean, errors, fmt="none", ecolor="#222222", elinewidth=0.8, capsize=2)
    axes.set_xticks(range(len(order)), [_method(name) for name in order], fontsize=8)
    axes.set(ylim=(0, 1), ylabel="test accuracy", title=f"{STUDY.title}: {preset.dataset}")
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.legend(fontsize=7, ncols=3, loc="lower center", bbox_to_anchor=(0.5, -0.32), frameon=False)
    tidy(axes)


def _scores(rows: pd.DataFrame, judged: str) -> pd.DataFrame:
    """Means over seeds, each divided by the best: of accuracies the share of it, of costs the best over it."""
    means = rows.groupby("model").mean(numeric_only=True)
    scores = pd.DataFrame({name: means[name] / means[name].max() for name in ("accuracy", judged)})
    for name, (unit, _) in COSTS.items():
        cost = means[f"{name}, {unit}"]
        scores[name] = cost.min() / cost
    return scores


def _method(model: str) -> str:
    return model.partition("-")[0]


def _caption(preset: Preset, rows: pd.DataFrame) -> str:
    trial = preset.compared[0]
    family = trial.model.partition("-")[2]
    lost = int(rows["accuracy"].isna().sum())
    return (
        f"Data set: {preset.dataset}. {counted(preset.seeds)}. Each method's {family} of width {trial.width} and depth "
        f"{trial.depth}, {trial.total_steps:,} steps of {trial.batch_size}, loss offset {trial.offset:.3g}, at its own "
        f"learning rate. Certified: correct, and provably so within that l2 radius (pixels in [0, 1]); sorted by "
        f"{_certified(preset.radius)}. {INTERVALS} Right: every spoke divided by its best, so that the outer ring is "
        f"the best method; times as measured beside other trainings, memory as kept for one training step."
        f"{left_out(lost)}"
    )


STUDY = Study(
    name="layers_compared",
    title="1-Lipschitz layers compared",
    question="Which 1-Lipschitz layer is the most robust, and what does it cost?",
    trials=trials,
    draw=draw,
)
