"""The search for learning rates, on validation images.

Question: which learning rate does each network get?

Run:    python -m analysis run learning_rate --preset mnist --executor processes
Draw:   python -m analysis draw learning_rate --preset mnist
Cost:   digits, 24 trials: half a minute on 2 cores. mnist, 24 trials: 7 minutes on 2 cores.
Expect: the chosen rates in figures/mnist/learning_rate.csv; every other study reads them from the same records.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.ticker import PercentFormatter

from analysis.plots import Curve, new_figure, tidy
from analysis.scaling import estimate
from analysis.studies.captions import counted
from analysis.studies.measures import LEVEL, Measure, measures
from analysis.studies.preset import Preset
from analysis.studies.study import Drawing, Records, Study
from analysis.trials import Trial


def trials(preset: Preset) -> list[Trial]:
    """Every network, rate and search seed of the preset, with validation images split off.

    Args:
        preset: The grid.

    Returns:
        The trials, those of one seed together.
    """
    return [
        _trial(preset, model, rate, seed)
        for seed in preset.search_seeds
        for rate in preset.rates
        for model in preset.models
    ]


def choose(preset: Preset, records: Records) -> dict[str, float]:
    """Take the rate with the best mean on validation images; the smaller one of two that tie.

    The standard network is judged by its accuracy, the 1-Lipschitz one by its certified accuracy at the radius of the
    preset. A training that diverged counts as nothing right.

    Args:
        preset: The grid.
        records: Of the search.

    Returns:
        Learning rate of each model's name.
    """
    chosen = {}
    for measure in _judged(preset):
        means = np.nan_to_num(_values(preset, records, measure)).mean(axis=1)
        chosen[measure.model.model] = preset.rates[int(means.argmax())]
    return chosen


def draw(preset: Preset, records: Records) -> Drawing:
    """Validation results against the rate, the chosen ones marked.

    Args:
        preset: The grid.
        records: Of the search.

    Returns:
        The figure and its table.
    """
    chosen = choose(preset, records)
    figure = new_figure(6, 3.6)
    axes = figure.subplots()
    tables = []
    for measure in _judged(preset):
        values = _values(preset, records, measure)
        result = estimate(values, level=LEVEL, bounds=(0, 1))
        mean = result.mean
        Curve(f"{measure.label}, on validation", preset.rates, mean, mean, mean, measure.color).plot(axes)
        for repeat in values.T:
            axes.plot(preset.rates, repeat, "x", markersize=4, color=measure.color)
        rate = chosen[measure.model.model]
        axes.plot(rate, mean[preset.rates.index(rate)], "o", markersize=11, fillstyle="none", color=measure.color)
        tables.append(_table(preset, measure, values, rate))
    axes.set(xscale="log", xlabel="learning rate", ylabel="on validation images", ylim=(None, 1.0))
    axes.set_title(f"{STUDY.title}: {preset.dataset}")
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.legend(fontsize=8)
    tidy(axes)
    rows = pd.concat(tables, ignore_index=True)
    lost = int(rows["value"].isna().sum())
    size = records[trials(preset)[0]]["outcome"]["size"]
    caption = (
        f"Data set: {preset.dataset}; trained on {size:,} images, measured on {preset.validation:,} others, all from "
        f"the training set; test images are not used. {counted(preset.search_seeds)}, each a cross; lines join the "
        f"means. L2 radius {preset.radius:g} (pixels in [0, 1]). Circles: the rate of the best mean, which every other "
        f"study uses at all sizes and bands."
        + (f" {lost} trainings diverged: not drawn, and nothing right for the choice." if lost else "")
    )
    return Drawing(figure, {"": rows}, caption)


def _trial(preset: Preset, model: Trial, rate: float, seed: int) -> Trial:
    searched = preset.trial(model, seed, size=preset.search_size)
    return replace(searched, learning_rate=rate, validation=preset.validation)


def _judged(preset: Preset) -> tuple[Measure, Measure]:
    standard, _, certified = measures(preset)
    return standard, certified


def _values(preset: Preset, records: Records, measure: Measure) -> np.ndarray:
    """Shape ``(rates, search seeds)``; nan where training diverged."""
    return np.array(
        [
            [measure.value(records[_trial(preset, measure.model, rate, seed)]) for seed in preset.search_seeds]
            for rate in preset.rates
        ]
    )


def _table(preset: Preset, measure: Measure, values: np.ndarray, chosen: float) -> pd.DataFrame:
    rates, seeds = np.meshgrid(preset.rates, preset.search_seeds, indexing="ij")
    columns = {"learning_rate": rates.ravel(), "seed": seeds.ravel(), "value": values.ravel()}
    named = pd.DataFrame({"model": measure.model.model, "measure": f"validation {measure.name}"} | columns)
    return named.assign(chosen=named["learning_rate"] == chosen)


STUDY = Study(
    name="learning_rate",
    title="Choice of the learning rates",
    question="Which learning rate does each network get?",
    trials=trials,
    draw=draw,
    tuned=False,
)
