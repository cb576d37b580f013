"""Accuracy against the number of generated training images, beside real ones.

Question: does a network gain as much from generated images as from real ones, and does it go on where those end?

Run:    python -m analysis run generated_scaling --preset mnist --executor processes
Draw:   python -m analysis draw generated_scaling --preset mnist
Cost:   beside the trials of data_scaling: digits, 45 trials: 20 seconds on 2 cores. mnist, 48 trials: 13 minutes.
Expect: figures/mnist/generated_scaling.csv; points per doubling in generated_scaling_doublings.csv.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from analysis.plots import Curve, new_figure
from analysis.studies.captions import certificate, setting
from analysis.studies.doublings import budget, decorate, gain
from analysis.studies.measures import INTERVALS, Measure, accuracy, diverged, scaled_measures, summary, table
from analysis.studies.preset import Preset
from analysis.studies.study import Drawing, Records, Study
from analysis.trials import Trial

COLUMNS = ["model", "measure", "images", "range", "from", "to", "per_doubling", "low", "high"]
RANGES = (
    ("real", "sizes of both", "o"),
    ("generated", "sizes of both", "s"),
    ("generated", "beyond the real ones", "^"),
)


def networks(preset: Preset) -> tuple[Trial, ...]:
    """The networks whose gain is compared: those of data scaling but for the smoothed one.

    Args:
        preset: Names them.

    Returns:
        Trials on all images and components.
    """
    return (*preset.models, *preset.others)


def trials(preset: Preset) -> list[Trial]:
    """Every network, size and seed, on real and on generated images; none where the preset has none of the latter.

    Args:
        preset: The grid.

    Returns:
        The trials, those on real images first: data scaling asks for them too.
    """
    if preset.generated is None:
        return []
    return [
        grid.trial(model, seed, size=size)
        for grid in (preset, preset.on_generated())
        for seed in grid.seeds
        for model in networks(grid)
        for size in grid.sizes
    ]


def draw(preset: Preset, records: Records) -> Drawing:
    """Learning curves above, points per doubling below; accuracy left, certified right.

    Args:
        preset: The grid; one without generated images is refused with a ValueError.
        records: Of its trials.

    Returns:
        The figure and two tables.
    """
    grids = {"real": preset, "generated": preset.on_generated()}
    drawn = {images: _measures(grid) for images, grid in grids.items()}
    rows = {
        images: table(grid, records, [(str(size or "all"), {"size": size}) for size in grid.sizes], drawn[images])
        for images, grid in grids.items()
    }
    figure = new_figure(9.6, 6.6)
    panels = figure.subplots(2, 2, sharey="row", height_ratios=(3, 2))
    doublings: list[dict[str, Any]] = []
    for certified, (above, below) in enumerate(panels.T):
        side = {images: [m for m in drawn[images] if (m.name != "accuracy") == certified] for images in drawn}
        _draw_curves(above, rows, side)
        found = [row for measure in side["real"] for row in _doublings(measure, rows)]
        _draw_doublings(below, found, side["real"])
        doublings += found
    _decorate(panels, preset, rows)
    figure.suptitle(f"{STUDY.title}: {preset.dataset}", fontsize=10.5)
    together = pd.concat([each.assign(images=images) for images, each in rows.items()], ignore_index=True)
    caption = _caption(preset, records, rows) + diverged(together)
    return Drawing(figure, {"": together, "_doublings": pd.DataFrame(doublings, columns=COLUMNS)}, caption)


def _measures(preset: Preset) -> list[Measure]:
    return [measure for measure in scaled_measures(preset) if measure.model in networks(preset)]


def _draw_curves(axes: Axes, rows: dict[str, pd.DataFrame], side: dict[str, list[Measure]]) -> None:
    for images, style in (("real", "-"), ("generated", "--")):
        sizes = rows[images]["size"].unique().astype(float)
        for measure in side[images]:
            result = summary(rows[images], measure)
            label = measure.model.classifier if images == "real" else "_"
            Curve(label, sizes, result.mean, result.low, result.high, measure.color, style).plot(axes)


def _doublings(measure: Measure, rows: dict[str, pd.DataFrame]) -> list[dict[str, Any]]:
    """Points per doubling in each of ``RANGES`` that has two sizes."""
    real, generated = (set(rows[images]["size"]) for images in ("real", "generated"))
    wanted = {"sizes of both": real & generated, "beyond the real ones": {n for n in generated if n >= max(real)}}
    found = []
    for images, name, _ in RANGES:
        sizes = wanted[name]
        gained = gain(measure, rows[images][rows[images]["size"].isin(sizes)]) if len(sizes) > 1 else None
        if gained is not None:
            measured = (min(sizes), max(sizes), gained.slope, *gained.interval)
            row = (measure.model.classifier, measure.name, images, name, *measured)
            found.append(dict(zip(COLUMNS, row, strict=True)))
    return found


def _draw_doublings(axes: Axes, found: Sequence[dict[str, Any]], measures: Sequence[Measure]) -> None:
    places = {measure.model.classifier: place for place, measure in enumerate(measures)}
    colors = {measure.model.classifier: measure.color for measure in measures}
    for row in found:
        kinds = [kind[:2] for kind in RANGES]
        kind = kinds.index((row["images"], row["range"]))
        place, color = places[row["model"]] + 0.22 * (kind - 1), colors[row["model"]]
        face = color if row["images"] == "real" else "white"
        axes.vlines(place, 100 * row["low"], 100 * row["high"], color=color, linewidth=1.2)
        axes.plot(place, 100 * row["per_doubling"], RANGES[kind][2], color=color, markerfacecolor=face, markersize=5.5)
    axes.set_xticks(list(places.values()), list(places))
    axes.set_xlim(-0.6, len(places) - 0.4)


def _decorate(panels: NDArray[Any], preset: Preset, rows: dict[str, pd.DataFrame]) -> None:
    decorate(panels, preset)
    above, below = panels
    lowest = min(each["value"].min() for each in rows.values())
    above[0].set_ylim(np.floor(10 * lowest) / 10 if lowest > 0 else 0, 1)
    own = rows["real"]["size"].max()
    for axes in above:
        axes.axvline(own, color="#888888", linewidth=0.8, linestyle=":")
        axes.set(xscale="log", xlabel="training images")
        lines = [Line2D([], [], color="#222222", linestyle=style) for style in ("-", "--")]
        handles, labels = axes.get_legend_handles_labels()
        axes.legend([*handles, *lines], [*labels, "real images", "generated"], loc="lower right", fontsize=7.5)
    marks = [
        Line2D([], [], color="#222222", linestyle="", marker=mark, markerfacecolor="#222222" if real else "white")
        for mark, real in (("o", True), ("s", False), ("^", False))
    ]
    below[0].legend(marks, [f"{images}: {name}" for images, name, _ in RANGES], loc="best", fontsize=7.5)


def _caption(preset: Preset, records: Records, rows: dict[str, pd.DataFrame]) -> str:
    generated, grid = preset.generated, preset.on_generated()
    assert generated is not None  # noqa: S101  # on_generated has refused it
    own, largest = int(rows["real"]["size"].max()), rows["generated"]["size"].max()
    means = [
        np.nanmean([accuracy(records[each.trial(each.standard, seed, size=size)]) for seed in preset.seeds])
        for each, size in ((preset, None), (grid, own))
    ]
    return (
        f"{setting(preset, networks(preset))} Dashed above, hollow below: trained on images {generated.origin}, up to "
        f"{largest:,}, at the learning rates chosen on real images, and tested on the real test images; on {own:,} "
        f"of them {preset.standard.classifier} has {means[1]:.1%} accuracy, on as many real ones {means[0]:.1%}. "
        f"Dotted: number of real images. Subsets are nested and class-balanced, each seed's its own; of all "
        f"{largest:,} there is one set. {certificate(preset)} {INTERVALS}"
        f"{budget(networks(preset), largest)}"
    )


STUDY = Study(
    name="generated_scaling",
    title="Accuracy and certified accuracy against generated data",
    question="Does a network gain as much from generated images as from real ones, and further where those end?",
    trials=trials,
    draw=draw,
)
