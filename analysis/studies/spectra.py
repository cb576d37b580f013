"""Spectra of several data sets side by side, and how much their tails hold.

Question: how much variance do the tails of different data sets hold, and how much of it is the photographs'?

Run:    python -m analysis run spectra --data-dir FOLDER
Draw:   python -m analysis draw spectra
Cost:   half a minute, most of it reading; the records are kept with the code.
Expect: figures/data/spectra_tails.csv; the tail of cifar10-jpeg is the codec's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.plots import COLORS, new_figure, tidy
from analysis.studies.captions import band
from analysis.studies.preset import Preset
from analysis.studies.spectrum import table
from analysis.studies.study import Drawing, Records, Study
from analysis.trials import Components, Spectrum

RADIUS = 36 / 255
SHARES = (0.9, 0.95, 0.99, 0.999)  # of the variance: how many directions hold it
MNIST_BANDS: Components = ((0, 16), (50, None), (200, None))
CIFAR_BANDS: Components = ((0, 16), (512, None), (2048, None))
STORED = 32 * 32 + 2 * 16 * 16  # numbers in a 4:2:0 image: brightness at full, two colours at half resolution


@dataclass(frozen=True, kw_only=True)
class Line:
    """One spectrum of the figure.

    Attributes:
        spec: What is measured.
        note: Words beside the data set's name.
        bands: Of which the statistics are tabled.
        color: Of the line.
        style: Of the line.
    """

    spec: Spectrum
    note: str
    bands: Components
    color: str
    style: str = "-"

    def name(self, images: int) -> str:
        """Data set and number of images, for a legend."""
        return f"{self.spec.dataset}, {images:,} images{self.note}"


_ENDS: dict[str, Any] = {"head": CIFAR_BANDS[:1], "tail": CIFAR_BANDS[-1:], "shown": 0}
PLAIN = Line(
    spec=Spectrum(dataset="mnist", head=MNIST_BANDS[:1], tail=MNIST_BANDS[-1:]),
    note="",
    bands=MNIST_BANDS,
    color="#444444",
)
LOSSLESS = Line(
    spec=Spectrum(dataset="cifar10-first4000", split="all", **_ENDS),
    note=", lossless",
    bands=CIFAR_BANDS,
    color=COLORS["certified"],
)
FEW = Line(
    spec=Spectrum(dataset="cifar10-jpeg", size=4000, **_ENDS),
    note="",
    bands=CIFAR_BANDS,
    color=COLORS["standard"],
    style="--",
)
WHOLE = Line(spec=Spectrum(dataset="cifar10-jpeg", **_ENDS), note="", bands=CIFAR_BANDS, color=COLORS["standard"])
LINES = (PLAIN, LOSSLESS, FEW, WHOLE)


def trials(preset: Preset) -> list[Spectrum]:
    """The decompositions, the same for every preset.

    Args:
        preset: Not used.

    Returns:
        The specifications.
    """
    return [line.spec for line in LINES]


def draw(preset: Preset, records: Records) -> Drawing:
    """Shares of variance against the direction on the left, norms of the bands on the right.

    Args:
        preset: Not used.
        records: Of the spectra.

    Returns:
        The figure; tables of the spectra, of their bands (``_tails``) and of their directions (``_counts``).
    """
    spectra = pd.concat([_spectrum(line, records[line.spec]) for line in LINES], ignore_index=True)
    tails = pd.concat([_tails(line, records[line.spec]) for line in LINES], ignore_index=True)
    counts = pd.DataFrame([_counts(line, records[line.spec]) for line in LINES])
    figure = new_figure(11, 4.2)
    small, large, norms = figure.subplots(1, 3, width_ratios=(1, 1.7, 1.5))
    _plot(small, (PLAIN,), records)
    _plot(large, (LOSSLESS, FEW, WHOLE), records)
    _decorate(small, large, records[PLAIN.spec]["outcome"])
    _plot_norms(norms, tails)
    return Drawing(figure, {"": spectra, "_tails": tails, "_counts": counts}, _caption(records))


def _spectrum(line: Line, record: Mapping[str, Any]) -> pd.DataFrame:
    source = {"dataset": line.spec.dataset, "images": record["outcome"]["images"]}
    rows = table(record["arrays"]["variances"])
    return pd.DataFrame(source, index=rows.index).join(rows)


def _norm(variances: np.ndarray) -> float:
    """Root mean square norm of the images along some directions, around the mean."""
    return float(np.sqrt(variances.sum()))


def _negligible(variances: np.ndarray) -> int:
    """First direction from which on the root mean square norm is at most the radius."""
    return int((np.sqrt(variances[::-1].cumsum()[::-1]) > RADIUS).sum())


def _tails(line: Line, record: Mapping[str, Any]) -> pd.DataFrame:
    variances, images = record["arrays"]["variances"], record["outcome"]["images"]
    rows = []
    for first, last in line.bands:
        kept = variances[first:last]
        rows.append(
            {
                "dataset": line.spec.dataset,
                "images": images,
                "directions": band(((first, last),)),
                "share": kept.sum() / variances.sum(),
                "norm": _norm(kept),
                "norm_in_radii": _norm(kept) / RADIUS,
            }
        )
    return pd.DataFrame(rows)


def _counts(line: Line, record: Mapping[str, Any]) -> dict[str, Any]:
    variances, outcome = record["arrays"]["variances"], record["outcome"]
    held = variances.cumsum() / variances.sum()
    return {
        "dataset": line.spec.dataset,
        **{name: outcome[name] for name in ("images", "features", "directions", "null_dimension")},
        "norm": _norm(variances),
        **{f"for_{100 * share:g}_percent": int((held < share).sum()) + 1 for share in SHARES},
        "below_radius_from": _negligible(variances),
    }


def _plot(axes: Axes, lines: tuple[Line, ...], records: Records) -> None:
    for line in lines:
        record = records[line.spec]
        rows = table(record["arrays"]["variances"])
        name = line.name(record["outcome"]["images"])
        axes.semilogy(rows["component"], rows["share_from_here"], line.style, color=line.color, label=name)
        here = rows.iloc[_negligible(record["arrays"]["variances"]) :][:1]  # none where even the last is longer
        axes.plot(here["component"], here["share_from_here"], "o", color=line.color, markersize=6)


def _decorate(small: Axes, large: Axes, outcome: Mapping[str, Any]) -> None:
    if outcome["null_dimension"]:
        small.axvspan(outcome["directions"] - 0.5, outcome["features"] - 0.5, color="#DDDDDD")
    small.set(ylabel="share of variance from this direction on", title=PLAIN.name(outcome["images"]))
    large.axvline(STORED, color="#888888", linestyle=":", label=f"{STORED:,}: numbers in a 4:2:0 image")
    large.plot([], [], "o", color="#888888", label="norm from here on: 36/255")
    large.set_title("CIFAR-10")
    large.legend(fontsize=7.5, loc="lower left", framealpha=1)
    for axes in (small, large):
        axes.set(xlabel="principal direction", ylim=(1e-10, 2))
        tidy(axes)


def _plot_norms(axes: Axes, tails: pd.DataFrame) -> None:
    """A dot for every band of every spectrum, its share of the variance beside it; names of the spectra in between."""
    axes.axvline(RADIUS, color="#888888", linestyle="--", linewidth=1)
    written: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "va": "center", "size": 7.5}
    places: list[int] = []
    for line, (_, rows) in zip(LINES, tails.groupby(["dataset", "images"], sort=False), strict=True):
        above = places[-1] + 1 if places else 0
        name = line.name(rows["images"].iloc[0])
        axes.text(0.01, above, name, color=line.color, bbox={"color": "white", "pad": 1}, **written)
        dots = range(above + 1, above + 1 + len(rows))
        filled = "none" if line.style == "--" else "full"
        axes.plot(rows["norm"], dots, linestyle="", marker="o", color=line.color, fillstyle=filled)
        for dot, share in zip(dots, rows["share"], strict=True):
            axes.text(1.01, dot, f"{100 * share:.2g} %", **written)
        places += dots
    axes.text(1.01, -0.2, "share of\nvariance", **written)
    axes.set_yticks(places, tails["directions"], fontsize=7.5)
    axes.set(xscale="log", xlabel="root mean square norm", ylim=(places[-1] + 0.7, -0.7))
    axes.set_title("Bands of principal directions")
    axes.margins(x=0.15)
    tidy(axes)


def _caption(records: Records) -> str:
    images = {line: records[line.spec]["outcome"]["images"] for line in LINES}
    plain = records[PLAIN.spec]
    null, features = (plain["outcome"][name] for name in ("null_dimension", "features"))
    black = int((plain["arrays"]["mean"] == 0).sum())
    return (
        f"Data sets: mnist, {images[PLAIN]:,} training images; cifar10-first4000, all {images[LOSSLESS]:,} images, "
        f"lossless; cifar10-jpeg, {images[WHOLE]:,} training images, and a class-balanced {images[FEW]:,} of them. "
        f"Variances divide by n; pixels in [0, 1], l2 norms; the upright dashed line is at 36/255. "
        f"The tail of cifar10-jpeg is the codec's, not the photographs': an image is stored as {STORED:,} numbers "
        f"(colour at half resolution), coarsely rounded, and of equally many images the directions from {STORED:,} on "
        f"hold {_ratio(records, LOSSLESS, FEW, STORED):.2g} times less variance than without loss, those from 2,048 on "
        f"{_ratio(records, LOSSLESS, FEW, 2048):.2g} times. Few images make tails too small (hence the dashed curve): "
        f"from 2,048 on, {images[FEW]:,} images of cifar10-jpeg show {_ratio(records, WHOLE, FEW, 2048):.2g} times "
        f"less than {images[WHOLE]:,}. mnist: along {null} of {features} directions nothing varies (shaded): {black} "
        f"pixels are black in every image, and the other {null - black} directions mix pixels that next to no image "
        f"lights."
    )


def _ratio(records: Records, more: Line, less: Line, first: int) -> float:
    """How many times larger a share of the variance one spectrum has from a direction on."""
    shares = [table(records[line.spec]["arrays"]["variances"])["share_from_here"][first] for line in (more, less)]
    return float(shares[0] / shares[1])


STUDY = Study(
    name="spectra",
    title="Spectra side by side",
    question="How much variance do the tails of different data sets hold, and how much of that is the photographs'?",
    trials=trials,
    draw=draw,
    tuned=False,
    shelf="data",
)
