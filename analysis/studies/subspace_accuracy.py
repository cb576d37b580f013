"""Accuracy on bands of principal directions.

Question: on which linear subspaces can each classifier be accurate?

Run:    python -m analysis run subspace_accuracy --preset mnist --executor processes
Draw:   python -m analysis draw subspace_accuracy --preset mnist
Cost:   digits, 60 trials: 1.5 minutes on 2 cores. mnist, 60 trials: 16 minutes on 2 cores.
Expect: figures/mnist/subspace_accuracy.csv.
"""

from functools import partial

from matplotlib.ticker import PercentFormatter

from analysis.plots import Bars, new_figure, plot_groups, tidy
from analysis.studies.captions import band, certificate, setting
from analysis.studies.measures import INTERVALS, diverged, measures, summary, table
from analysis.studies.preset import Preset
from analysis.studies.recorded import on_bands
from analysis.studies.study import Drawing, Records, Study
from analysis.trials import Trial


def trials(preset: Preset) -> list[Trial]:
    """Every network, band and seed of the preset, on all training images.

    Args:
        preset: The grid.

    Returns:
        The trials, those of one seed together.
    """
    return [
        preset.trial(model, seed, components=components)
        for seed in preset.seeds
        for model in preset.models
        for components in preset.bands
    ]


def draw(preset: Preset, records: Records) -> Drawing:
    """Bars for every band, with the share of variance below.

    Args:
        preset: The grid.
        records: Of its trials.

    Returns:
        The figure and its table.
    """
    rows = table(preset, records, [(band(each), {"components": each}) for each in preset.bands])
    shares = rows.drop_duplicates("point")["variance_share"]
    groups = [f"{name}\n{100 * share:.3g} %" for name, share in zip(rows["point"].unique(), shares, strict=True)]
    figure = new_figure(1.3 * len(groups) + 1, 3.9)
    axes = figure.subplots()
    bars = []
    for measure in measures(preset):
        result = summary(rows, measure)
        bars.append(Bars(measure.label, result.mean, result.low, result.high, measure.color))
    plot_groups(axes, groups, bars)
    axes.set(ylim=(0, 1.22), title=f"{STUDY.title}: {preset.dataset}", ylabel="test accuracy")
    axes.set_xlabel("principal directions kept, and their share of the variance")
    axes.set_yticks([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.legend(loc="upper center", ncols=3, fontsize=8, frameon=False)
    tidy(axes)
    caption = (
        f"{setting(preset)} All {rows['size'].max():,} training images, projected with the test images on directions "
        f"of the training set. {certificate(preset)} {INTERVALS}{diverged(rows)}"
    )
    return Drawing(figure, {"": rows}, caption, explored=partial(on_bands, preset, records, preset.bands))


STUDY = Study(
    name="subspace_accuracy",
    title="Accuracy on bands of principal directions",
    question="On which linear subspaces can each classifier be accurate?",
    trials=trials,
    draw=draw,
)
