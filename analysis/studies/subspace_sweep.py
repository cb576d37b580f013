"""Accuracy when the first principal directions are removed one by one.

Question: how fast does each classifier lose accuracy as variance is taken away from the top?

Run:    python -m analysis run subspace_sweep --preset mnist --executor processes
Draw:   python -m analysis draw subspace_sweep --preset mnist
Cost:   digits, 70 trials, 30 of them shared: 1.5 minutes on 2 cores. mnist, 80 trials, 30 shared: 20 minutes.
Expect: figures/mnist/subspace_sweep.csv.
"""

import numpy as np
from matplotlib.ticker import PercentFormatter

from analysis.plots import COLORS, Curve, new_figure, tidy
from analysis.studies.captions import certificate, setting
from analysis.studies.measures import INTERVALS, diverged, measures, summary, table
from analysis.studies.preset import Preset
from analysis.studies.study import Drawing, Records, Study
from analysis.trials import Components, Trial


def components(first: int) -> Components | None:
    """Bands that remain when the directions before ``first`` are removed.

    Args:
        first: First kept direction.

    Returns:
        One band to the end; None, all pixels as they are, for 0.
    """
    return None if first == 0 else ((first, None),)


def trials(preset: Preset) -> list[Trial]:
    """Every network, first component and seed of the preset, on all training images.

    Args:
        preset: The grid.

    Returns:
        The trials, those of one seed together.
    """
    return [
        preset.trial(model, seed, components=components(first))
        for seed in preset.seeds
        for model in preset.models
        for first in preset.firsts
    ]


def draw(preset: Preset, records: Records) -> Drawing:
    """Curves against the first kept component, with the variance that remains on a second axis.

    Args:
        preset: The grid.
        records: Of its trials.

    Returns:
        The figure and its table.
    """
    rows = table(preset, records, [(first, {"components": components(first)}) for first in preset.firsts])
    shares = rows.drop_duplicates("point")["variance_share"].to_numpy()
    figure = new_figure(6.8, 4.2)
    axes = figure.subplots()
    for measure in measures(preset):
        result = summary(rows, measure)
        Curve(measure.label, preset.firsts, result.mean, result.low, result.high, measure.color).plot(axes)
    remaining = axes.twinx()
    remaining.plot(preset.firsts, shares, ":", marker=".", color=COLORS["share"], label="variance that remains")
    remaining.set(yscale="log", ylabel="share of variance that remains", ylim=(shares.min() / 3, 2))
    remaining.spines["top"].set_visible(False)
    axes.set(ylim=(0, 1.02), xlabel="first principal direction kept", ylabel="test accuracy")
    axes.set_title(f"{STUDY.title}: {preset.dataset}")
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_xticks(np.asarray(preset.firsts))
    lines = [*axes.get_lines(), *remaining.get_lines()]
    figure.legend(handles=lines, fontsize=8, loc="outside upper center", ncols=2, frameon=False)
    tidy(axes)
    caption = (
        f"{setting(preset)} All {rows['size'].max():,} training images. At 0 all pixels are left as they are. "
        f"{certificate(preset)} {INTERVALS}{diverged(rows)}"
    )
    return Drawing(figure, {"": rows}, caption)


STUDY = Study(
    name="subspace_sweep",
    title="Accuracy without the first principal directions",
    question="How fast does each classifier lose accuracy as variance is taken away from the top?",
    trials=trials,
    draw=draw,
)
