"""The search for learning rates, on validation images.

Question: which learning rate does each network get?

Run:    python -m analysis run learning_rate --preset mnist --executor processes
Draw:   python -m analysis draw learning_rate --preset mnist
Cost:   digits, 192 trials: 2 minutes on 2 cores. mnist, 180 trials: 16 minutes on 2 cores.
Expect: the chosen rates in figures/mnist/learning_rate.csv; every other study reads them from the same records.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from analysis.plots import new_figure, tidy
from analysis.scaling import estimate
from analysis.studies.captions import counted
from analysis.studies.measures import LEVEL, Measure, accurate, judged
from analysis.studies.preset import Preset
from analysis.studies.study import Drawing, Records, Study
from analysis.trials import Trial


def trials(preset: Preset) -> list[Trial]:
    """Every network, rate and search seed of the preset, with validation images split off.

    Args:
        preset: The grid.

    Returns:
        The trials, those of one network together.
    """
    return [
        search.trial(model, rate, seed)
        for model in preset.searched
        for search in [preset.search_of(model)]
        for seed in search.seeds
        for rate in search.rates
    ]


def choose(preset: Preset, records: Records) -> dict[str, float]:
    """Take the rate with the best mean on validation images.

    A network with certificates is judged by its certified accuracy at the radius of the preset, one without by its
    accuracy. Of two that tie, such as where nothing is certified yet, the more accurate one is taken, then the smaller
    rate. A training that diverged counts as nothing right.

    Args:
        preset: The grid.
        records: Of the search, or of all of it for some of the networks.

    Returns:
        Learning rate of each network that there are records of, by ``preset.name_of``.
    """
    chosen = {}
    found = {preset.name_of(spec) for spec in trials(preset) if spec in records}
    for model in preset.searched:
        if preset.name_of(model) not in found:
            continue
        measured = (judged(preset, model), accurate(model, ""))
        first, second = (np.nan_to_num(_values(preset, records, measure)).mean(axis=1) for measure in measured)
        best = max(range(len(first)), key=lambda place: (first[place], second[place], -place))
        chosen[preset.name_of(model)] = preset.search_of(model).rates[best]
    return chosen


def draw(preset: Preset, records: Records) -> Drawing:
    """Validation results against the rate, one panel per network, the chosen rates marked.

    Args:
        preset: The grid.
        records: Of the search.

    Returns:
        The figure and its table.
    """
    chosen = choose(preset, records)
    drawn = [judged(preset, model) for model in preset.searched]
    columns = min(len(drawn), 4)
    lines = -(-len(drawn) // columns)
    figure = new_figure(1.0 + 1.9 * columns, 0.8 + 1.7 * lines)
    panels = np.atleast_1d(figure.subplots(lines, columns, sharex=True, sharey=True)).ravel()
    for panel in panels[len(drawn) :]:
        panel.set_visible(False)
    for panel in panels[-columns:]:
        panel.set_xlabel("learning rate", fontsize=8)
    tables = []
    for measure, axes in zip(drawn, panels, strict=False):
        values = _values(preset, records, measure)
        rate = chosen[preset.name_of(measure.model)]
        _panel(axes, preset, measure, values, rate)
        tables.append(_table(preset, measure, values, rate))
    figure.suptitle(f"{STUDY.title}: {preset.dataset}", fontsize=10.5)
    figure.supylabel("on validation images", fontsize=9.5)
    rows = pd.concat(tables, ignore_index=True)
    return Drawing(figure, {"": rows}, _caption(preset, rows, records))


def _panel(axes: Axes, preset: Preset, measure: Measure, values: np.ndarray, rate: float) -> None:
    mean = estimate(values, level=LEVEL, bounds=(0, 1)).mean
    rates = preset.search_of(measure.model).rates
    axes.plot(rates, mean, color=measure.color, linewidth=1)
    for repeat in values.T:
        axes.plot(rates, repeat, "x", markersize=4, color=measure.color)
    axes.plot(rate, mean[rates.index(rate)], "o", markersize=11, fillstyle="none", color=measure.color, clip_on=False)
    axes.set(xscale="log", ylim=(-0.02, 1.0))
    axes.set_title(f"{preset.name_of(measure.model)}\n{measure.name.partition(' at ')[0]}", fontsize=8)
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.tick_params(labelsize=8)
    tidy(axes)


def _caption(preset: Preset, rows: pd.DataFrame, records: Records) -> str:
    lost = int(rows["value"].isna().sum())
    layers = f" The layers of the comparison: {_searched(preset, records, -1)}." if preset.layer_search else ""
    return (
        f"Data set: {preset.dataset}; {_searched(preset, records, 0)}, all from the training set; test images are not "
        f"used.{layers} Crosses are seeds; lines join the means. Certified: at l2 radius {preset.radius:g} (pixels in "
        f"[0, 1]). Circles: the rate of the best mean, which every other study uses at all sizes and bands."
        + (f" {lost} trainings diverged: not drawn, and nothing right for the choice." if lost else "")
    )


def _searched(preset: Preset, records: Records, which: int) -> str:
    """How one of the networks was searched for, in words."""
    model = preset.searched[which]
    search = preset.search_of(model)
    size = records[search.trial(model, search.rates[0], search.seeds[0])]["outcome"]["size"]
    share = "" if search.share == 1 else f" for {100 * search.share:g} % of the budget"
    return f"trained on {size:,} images{share}, {counted(search.seeds)}, measured on {search.validation:,} others"


def _values(preset: Preset, records: Records, measure: Measure) -> np.ndarray:
    """Shape ``(rates, search seeds)``; nan where training diverged."""
    search = preset.search_of(measure.model)
    return np.array(
        [
            [measure.value(records[search.trial(measure.model, rate, seed)]) for seed in search.seeds]
            for rate in search.rates
        ]
    )


def _table(preset: Preset, measure: Measure, values: np.ndarray, chosen: float) -> pd.DataFrame:
    search = preset.search_of(measure.model)
    rates, seeds = np.meshgrid(search.rates, search.seeds, indexing="ij")
    columns = {"learning_rate": rates.ravel(), "seed": seeds.ravel(), "value": values.ravel()}
    named = pd.DataFrame({"model": preset.name_of(measure.model), "measure": f"validation {measure.name}"} | columns)
    return named.assign(chosen=named["learning_rate"] == chosen)


STUDY = Study(
    name="learning_rate",
    title="Choice of the learning rates",
    question="Which learning rate does each network get?",
    trials=trials,
    draw=draw,
    tuned=False,
)
