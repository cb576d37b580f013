"""Accuracy and certified accuracy for several offsets of the margin loss.

Question: what does a larger offset cost in accuracy, and what does it gain at large radii?

Run:    python -m analysis run margin_loss --preset mnist --executor processes
Draw:   python -m analysis draw margin_loss --preset mnist
Cost:   digits, 25 trials: 15 seconds on 2 cores. mnist, 20 trials: 3 minutes on 2 cores.
Expect: figures/mnist/margin_loss.csv; beyond the preset's offset accuracy falls, and large radii gain.
"""

from dataclasses import replace
from fractions import Fraction
from math import sqrt
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from analysis import published
from analysis.plots import Curve, new_figure, tidy
from analysis.scaling import Estimate, estimate
from analysis.studies.captions import certificate, counted, left_out, network
from analysis.studies.measures import INTERVALS, LEVEL, certified_accuracy
from analysis.studies.preset import Preset
from analysis.studies.study import Drawing, Records, Study
from analysis.trials import Trial

FACTORS = (1 / 16, 1 / 4, 1.0, 4.0, 16.0)  # of the preset's offset; those of the published ablation
STEPS = ((0, 2), (2, 3))  # of the factors, over which the trade-off is read: published, 4 certifies the most at 1
PUBLISHED = "arXiv 2208.03160 Table 5"
SHARES = {  # of the radius that the preset's offset aims at; those of the published ablation, where that radius is 1
    0.0: "accuracy_percent",
    36 / 255: "cra_36_255_percent",
    72 / 255: "cra_72_255_percent",
    108 / 255: "cra_108_255_percent",
    1.0: "cra_1_percent",
}
WIDE = 4.0  # times that radius: asked for by 4 times the offset, and not published
DRAWN = (*SHARES, WIDE)
SHADES = ("#222222", "#9ECAE1", "#6BAED6", "#3182BD", "#08519C", "#CC79A7")  # accuracy, then rising radii
COLORS = ("#FDAE6B", "#E6550D", "#222222", "#31A354", "#756BB1")  # of the offsets
POINTS = 61  # of each curve against the radius


def trials(preset: Preset) -> list[Trial]:
    """The 1-Lipschitz network at every offset and seed, on all training images.

    The temperature grows with the offset, as in the published ablation: the loss keeps its shape, and so its gradients
    and the learning rate that suits them; only the margin that it asks for changes.

    Args:
        preset: The grid.

    Returns:
        The trials, those of one seed together.
    """
    return [preset.trial(_scaled(preset.robust, factor), seed) for seed in preset.seeds for factor in FACTORS]


def draw(preset: Preset, records: Records) -> Drawing:
    """Certified accuracy against the radius on the left; against the offset in the middle, and as published right.

    Args:
        preset: The grid.
        records: Of its trials.

    Returns:
        The figure, its table, and what changes between neighbouring offsets (``_changes``).
    """
    radii, aim = np.linspace(0, _end(preset, records), POINTS), _aim(preset)
    curves = _certified(preset, records, radii)
    ours = _certified(preset, records, np.array([share * aim for share in DRAWN]))
    theirs = _published()
    figure = new_figure(11, 4.1)
    left, middle, right = figure.subplots(1, 3, width_ratios=(1.4, 1, 1))
    for factor, values, color in zip(FACTORS, curves, COLORS, strict=True):
        result = estimate(values, level=LEVEL, bounds=(0, 1))
        left.plot(radii, result.mean, color=color, label=_named(factor))
        left.fill_between(radii, result.low, result.high, color=color, alpha=0.2, linewidth=0)
    _against_the_offset(middle, estimate(ours.reshape(-1, ours.shape[2]), level=LEVEL, bounds=(0, 1)))
    for values, color in zip(theirs.T, SHADES, strict=True):  # nan where nothing is published
        right.plot(FACTORS, values, "o-", markersize=3.5, color=color)
    _decorate(left, middle, right, preset)
    tables = {"": _table(preset, radii, curves), "_changes": _changes(ours, theirs)}
    return Drawing(figure, tables, _caption(preset, ours, theirs))


def _scaled(model: Trial, factor: float) -> Trial:
    return replace(model, offset=factor * model.offset, temperature=factor * model.temperature)


def _aim(preset: Preset) -> float:
    """Radius that the preset's offset asks for."""
    return preset.robust.offset / sqrt(2)


def _end(preset: Preset, records: Records) -> float:
    """Radius up to which curves are drawn: beyond it no offset certifies more than one example in a hundred."""
    kept = [records[trial]["arrays"].get("radii") for trial in trials(preset)]
    return max([np.quantile(radii, 0.99) for radii in kept if radii is not None], default=_aim(preset))


def _certified(preset: Preset, records: Records, radii: NDArray[np.float64]) -> NDArray[np.float64]:
    """Certified accuracy, shape ``(factors, radii, seeds)``; nan where training diverged."""
    return np.array(
        [
            [
                [
                    certified_accuracy(records[preset.trial(_scaled(preset.robust, factor), seed)], radius)
                    for seed in preset.seeds
                ]
                for radius in radii
            ]
            for factor in FACTORS
        ]
    )


def _published() -> NDArray[np.float64]:
    """Shares of the published ablation, shape ``(factors, radii)``; nan at the radius that it lacks."""
    rows = published.load("aol_cifar10")
    rows = rows[rows["source"] == PUBLISHED].set_index("offset").sort_index()
    np.testing.assert_allclose(rows.index, [factor * sqrt(2) for factor in FACTORS])
    shares = rows[list(SHARES.values())].to_numpy(dtype=np.float64) / 100
    return np.column_stack((shares, np.full(len(FACTORS), np.nan)))


def _named(factor: float) -> str:
    return f"{Fraction(factor)} times"


def _against_the_offset(axes: Axes, result: Estimate) -> None:
    shape = (len(FACTORS), len(DRAWN))
    mean, low, high = (values.reshape(shape).T for values in (result.mean, result.low, result.high))
    for line, (share, color) in enumerate(zip(DRAWN, SHADES, strict=True)):
        Curve(_share(share), FACTORS, mean[line], low[line], high[line], color).plot(axes)


def _share(share: float) -> str:
    if not share:
        return "accuracy"
    return "certified at r" if share == 1 else f"certified at {share:.2g} r"


def _decorate(left: Axes, middle: Axes, right: Axes, preset: Preset) -> None:
    left.axvline(preset.radius, color="#888888", linestyle="--", linewidth=1)
    left.set(xlabel="l2 radius", ylabel="test accuracy that is certified", title=f"{STUDY.title}: {preset.dataset}")
    left.legend(title="offset", fontsize=8, title_fontsize=8)
    middle.set_title(f"{preset.dataset}, r = {_aim(preset):.3g}", fontsize=9.5)
    right.set_title("published: CIFAR-10, r = 1", fontsize=9.5)
    middle.legend(fontsize=7)
    for axes, unit in ((middle, f"{preset.robust.offset:.3g}"), (right, "sqrt2")):
        axes.set(xscale="log", xlabel=f"offset / {unit}")
        axes.set_xticks(FACTORS, [str(Fraction(factor)) for factor in FACTORS])
        axes.minorticks_off()
    for axes in (left, middle, right):
        axes.set_ylim(0, 1)
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        tidy(axes)


def _table(preset: Preset, radii: NDArray[np.float64], curves: NDArray[np.float64]) -> pd.DataFrame:
    places = np.meshgrid(FACTORS, radii, preset.seeds, indexing="ij")
    factor, radius, seed = (values.ravel() for values in places)
    columns = {"factor": factor, "offset": factor * preset.robust.offset, "radius": radius, "seed": seed}
    return pd.DataFrame(columns | {"certified": curves.ravel()})


def _changes(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> pd.DataFrame:
    """What changes from each offset to the next, paired by seed."""
    rows: list[dict[str, Any]] = []
    for place, share in enumerate(DRAWN):
        result = estimate(np.diff(ours[:, place], axis=0), level=LEVEL)
        rows += [
            {"from": FACTORS[step], "to": FACTORS[step + 1], "share_of_radius": share, "change": mean, "low": low}
            | {"high": high, "published": theirs[step + 1, place] - theirs[step, place]}
            for step, (mean, low, high) in enumerate(zip(result.mean, result.low, result.high, strict=True))
        ]
    return pd.DataFrame(rows)


def _verdict(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> str:
    """Whether accuracy is traded for certificates: up to the preset's offset, and beyond it, in words."""
    said = []
    for (first, last), share in zip(STEPS, (1.0, WIDE), strict=True):
        places = [0, DRAWN.index(share)]
        change = estimate((ours[last] - ours[first])[places], level=LEVEL)
        there = (theirs[last] - theirs[first])[places]
        accuracy, certified = (
            f"{100 * mean:+.1f} [{100 * low:+.1f}, {100 * high:+.1f}]"
            + ("" if np.isnan(value) else f" (published {100 * value:+.1f})")
            for mean, low, high, value in zip(change.mean, change.low, change.high, there, strict=True)
        )
        traded = "a trade-off" if change.high[0] < 0 < change.low[1] else "no trade-off"
        said.append(
            f"From {Fraction(FACTORS[first])} to {Fraction(FACTORS[last])} times: accuracy {accuracy} points, "
            f"{_share(share)} {certified}: {traded}."
        )
    return " ".join(said)


def _caption(preset: Preset, ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> str:
    model = preset.robust
    lost = int(np.isnan(ours[:, 0]).sum())
    return (
        f"Data set: {preset.dataset}. {counted(preset.seeds)}. {network(model)} at factor 1, temperature in "
        f"proportion, one learning rate for all. {certificate(preset)[:-1]}, dashed; r is what the offset at factor 1 "
        f"asks for. {_verdict(ours, theirs)} {INTERVALS} Right: one run each of AOL-Small, convolutional, 1,000 epochs "
        f"with augmentation, offset over temperature {4 * sqrt(2):.3g} (here {model.offset / model.temperature:.3g}), "
        f"{PUBLISHED}: other data, budget and size, so that only the shapes compare."
        f"{left_out(lost)}"
    )


STUDY = Study(
    name="margin_loss",
    title="Offsets of the margin loss",
    question="What does a larger offset cost in accuracy, and what does it gain at large radii?",
    trials=trials,
    draw=draw,
)
