"""Accuracy against the number of training images.

Question: how much does each classifier gain when the data doubles?

Run:    python -m analysis run data_scaling --preset mnist --executor processes
Draw:   python -m analysis draw data_scaling --preset mnist
Cost:   on 2 cores: digits, 140 trials: a minute or two. mnist, 160: an hour. cifar10-jpeg, 32: half an hour.
Expect: figures/mnist/data_scaling.csv.
"""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.plots import Curve, new_figure
from analysis.scaling import Doubling, growth_by_step
from analysis.studies.captions import certificate, setting
from analysis.studies.doublings import budget, decorate, gain, observations
from analysis.studies.measures import INTERVALS, LEVEL, Measure, diverged, scaled_measures, summary, table
from analysis.studies.preset import Preset
from analysis.studies.study import Drawing, Records, Study
from analysis.trials import Trial

GROWTH = ["model", "measure", "from", "to", "per_doubling", "low", "high", "grows"]  # columns, also where all diverged


def trials(preset: Preset) -> list[Trial]:
    """Every network, size and seed of the preset.

    Args:
        preset: The grid.

    Returns:
        The trials, those of one seed together.
    """
    return [
        preset.trial(model, seed, size=size)
        for seed in preset.seeds
        for model in preset.scaled
        for size in preset.sizes
    ]


def draw(preset: Preset, records: Records) -> Drawing:
    """Learning curves above, the gain per doubling between neighbouring sizes below; accuracy left, certified right.

    Args:
        preset: The grid.
        records: Of its trials.

    Returns:
        The figure and two tables.
    """
    drawn = scaled_measures(preset)
    rows = table(preset, records, [(str(size or "all"), {"size": size}) for size in preset.sizes], drawn)
    sizes = rows["size"].unique().astype(float)
    figure = new_figure(9.6, 6.2)
    panels = figure.subplots(2, 2, sharex=True, sharey="row", height_ratios=(3, 2))
    gains: list[dict[str, Any]] = []
    plain = [measure for measure in drawn if measure.name == "accuracy"]
    sides = (plain, [measure for measure in drawn if measure not in plain])
    for side, (above, below) in zip(sides, panels.T, strict=True):
        for index, measure in enumerate(side):
            gained = gain(measure, rows)
            result = summary(rows, measure)
            label = f"{measure.model.classifier} ({_points(gained)})"
            Curve(label, sizes, result.mean, result.low, result.high, measure.color).plot(above)
            gains += _steps(measure, rows, below, aside=1.1 ** (index - len(side) // 2))
    figure.suptitle(f"{STUDY.title}: {preset.dataset}", fontsize=10.5)
    decorate(panels, preset)
    panels[0, 0].set_ylim(0, 1)
    for axes in panels[0]:
        axes.legend(loc="best", fontsize=7.5)
    for axes in panels[1]:
        axes.set(xscale="log", xlabel="training images")
    caption = (
        f"{setting(preset, preset.scaled)} Sizes {sizes[0]:,.0f} to {sizes[-1]:,.0f}, nested and class-balanced. "
        f"{certificate(preset)} {_by_noise(preset)}{INTERVALS} In brackets: points gained per doubling over all "
        f"sizes. Hollow marks: the interval reaches down to 0 or below, a doubling without shown "
        f"growth.{budget(preset.scaled, sizes[-1])}{diverged(rows)}"
    )
    return Drawing(figure, {"": rows, "_growth": pd.DataFrame(gains, columns=GROWTH)}, caption)


def _by_noise(preset: Preset) -> str:
    if preset.smoothed is None:
        return ""
    trial = preset.smoothed
    return (
        f"{trial.classifier}: the class that most copies of the image with Gaussian noise of standard deviation "
        f"{trial.noise:g} are given; its certificates come from {trial.draws:,} copies and each errs with probability "
        f"0.001 at most. "
    )


def _points(gained: Doubling | None) -> str:
    if gained is None:
        return "no complete seed"
    if not np.isfinite(gained.interval[0]):
        return f"{100 * gained.slope:+.1f} a doubling, one seed"
    low, high = (100 * end for end in gained.interval)
    return f"{100 * gained.slope:+.1f} [{low:+.1f}, {high:+.1f}] a doubling"


def _steps(measure: Measure, rows: pd.DataFrame, axes: Axes, *, aside: float) -> list[dict[str, Any]]:
    """Draw the gain between neighbouring sizes, aside so that intervals stay apart; return it as rows of a table."""
    found = observations(measure, rows)
    steps = growth_by_step(*found, level=LEVEL) if len(found[0]) else ()
    for step in steps:
        middle = np.sqrt(step.smaller * step.larger) * aside
        face = measure.color if step.grows else "white"
        axes.plot(middle, 100 * step.slope, "o", markersize=5, color=measure.color, markerfacecolor=face)
        axes.vlines(middle, 100 * step.interval[0], 100 * step.interval[1], color=measure.color, linewidth=1.2)
    columns = {"model": measure.model.classifier, "measure": measure.name}
    return [
        columns
        | {"from": step.smaller, "to": step.larger, "per_doubling": step.slope}
        | {"low": step.interval[0], "high": step.interval[1], "grows": step.grows}
        for step in steps
    ]


STUDY = Study(
    name="data_scaling",
    title="Accuracy and certified accuracy against data",
    question="How much does each classifier gain when the data doubles?",
    trials=trials,
    draw=draw,
)
