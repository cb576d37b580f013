"""Accuracy on what is left without the first principal directions, against the norm of what is left.

Question: can a classifier be accurate, or robust, on directions that an adversary can erase?

Run:    python -m analysis run subspace_sweep --preset mnist --executor processes
Draw:   python -m analysis draw subspace_sweep --preset mnist
Cost:   digits, 70 trials, 30 of them shared: 1.5 minutes on 2 cores. mnist, 80 trials, 30 shared: 20 minutes.
Expect: figures/mnist/subspace_sweep.csv.
"""

from collections.abc import Mapping
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, PercentFormatter

from analysis.plots import COLORS, Curve, new_figure, tidy
from analysis.studies import spectrum
from analysis.studies.captions import certificate, setting
from analysis.studies.measures import INTERVALS, diverged, measures, summary, table
from analysis.studies.preset import Preset
from analysis.studies.recorded import on_bands
from analysis.studies.study import Drawing, Records, Study
from analysis.trials import Components, Spectrum, Trial


def components(first: int) -> Components | None:
    """Bands that remain when the directions before ``first`` are removed.

    Args:
        first: First kept direction.

    Returns:
        One band to the end; None, all pixels as they are, for 0.
    """
    return None if first == 0 else ((first, None),)


def trials(preset: Preset) -> list[Trial | Spectrum]:
    """Every network, first component and seed of the preset, on all training images, and the variances.

    Args:
        preset: The grid.

    Returns:
        The trials, those of one seed together, and the specification of the spectrum.
    """
    swept = [
        preset.trial(model, seed, components=components(first))
        for seed in preset.seeds
        for model in preset.models
        for first in preset.firsts
    ]
    return [*swept, *spectrum.trials(preset)]


def draw(preset: Preset, records: Records) -> Drawing:
    """Curves against the typical norm of what remains, beside the radius that an adversary is given.

    Args:
        preset: The grid.
        records: Of its trials.

    Returns:
        The figure and its table.
    """
    rows = table(preset, records, [(first, {"components": components(first)}) for first in preset.firsts])
    norms = remaining_norms(preset, records)
    rows = rows.assign(norm=rows["point"].map(norms))
    figure = new_figure(6.8, 4.4)
    axes = figure.subplots()
    for measure in measures(preset):
        result = summary(rows, measure)
        Curve(measure.label, list(norms.values()), result.mean, result.low, result.high, measure.color).plot(axes)
    _decorate(axes, preset, norms)
    caption = (
        f"{setting(preset)} All {rows['size'].max():,} training images, without the principal directions before the "
        f"one named at the top; at 0 all pixels are left as they are. The norm is the root of the sum of the variances "
        f"that remain: the root mean square distance of an image from the mean. Left of the line an adversary can "
        f"erase what remains of a typical image. {certificate(preset)} {INTERVALS}{diverged(rows)}"
    )
    explored = partial(on_bands, preset, records, [components(first) for first in preset.firsts])
    return Drawing(figure, {"": rows}, caption, explored=explored)


def remaining_norms(preset: Preset, records: Records) -> dict[int, float]:
    """Root mean square l2 norm of what is left of a training image, around the mean image.

    ``sqrt(sum of the variances from the first kept direction on)``, pixels in [0, 1].

    Args:
        preset: Names the first kept directions.
        records: Of the study's trials.

    Returns:
        By first kept direction.
    """
    (spec,) = spectrum.trials(preset)
    variances = records[spec]["arrays"]["variances"]
    return {first: float(np.sqrt(variances[first:].sum())) for first in preset.firsts}


def _decorate(axes: Axes, preset: Preset, norms: Mapping[int, float]) -> None:
    axes.set(ylim=(0, 1.02), ylabel="test accuracy", xscale="log")
    axes.set_xlabel("root mean square norm of what remains (pixels in [0, 1])")
    axes.set_title(f"{STUDY.title}: {preset.dataset}")
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.minorticks_off()
    axes.axvline(preset.radius, color=COLORS["share"], linestyle="--")
    beside = axes.get_xaxis_transform()
    axes.text(preset.radius, 1.0, f" radius {preset.radius:.3g}", transform=beside, fontsize=8, ha="left", va="top")
    axes.legend(fontsize=8, loc="best")
    tidy(axes)
    above = axes.secondary_xaxis("top")
    above.set_xticks(list(norms.values()), [str(first) for first in norms], fontsize=7.5)
    above.minorticks_off()
    above.set_xlabel("first principal direction kept", fontsize=8)


STUDY = Study(
    name="subspace_sweep",
    title="Accuracy without the first principal directions",
    question="Can a classifier be accurate, or robust, on directions that an adversary can erase?",
    trials=trials,
    draw=draw,
)
