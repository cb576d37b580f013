"""Theory: closed forms of four settings in which robustness is dear, with their simulations.

Question: what makes robustness take more data, other features, and a margin?

Draw:   python -m analysis draw theory_curves
Cost:   seconds; nothing is trained.
Expect: simulation on the closed forms; a ratio of samples that grows with dimension and radius; tail bands that are
        accurate and not robust; margins that follow the offset once they are in conflict.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from analysis.plots import COLORS, Bars, new_figure, plot_groups, tidy
from analysis.scaling import estimate
from analysis.studies.captions import band
from analysis.studies.measures import LEVEL
from analysis.studies.preset import Preset
from analysis.studies.study import Drawing, Records, Study
from analysis.theory import GaussianMixture, HiddenLabel, SpikedLinear, TwoPoints, simulate

REPEATS = 30
LABELS = HiddenLabel(dimension=10, classes=10, noise=0.2)
GAUSSIAN = GaussianMixture(dimension=1_000, noise=1_000**0.25, radius=0.5)
ROUND = replace(GAUSSIAN, norm="l2", radius=0.5 * 1_000**0.5)  # reaches as far towards the other class
CURVES = (  # panel, label, setting, kind of error, learner, number of doublings
    ("labels", "robust, best learner", LABELS, "robust", "table", 13),
    ("labels", "standard, best learner", LABELS, "standard", "vote", 13),
    ("gaussian", f"robust, l2 radius {ROUND.radius:.3g}", ROUND, "robust", "mean", 10),
    ("gaussian", f"robust, l-infinity radius {GAUSSIAN.radius:g}", GAUSSIAN, "robust", "mean", 10),
    ("gaussian", "standard", GAUSSIAN, "standard", "mean", 10),
)
CURVE_COLORS = ("certified", "standard", "robust", "certified", "standard")
TARGET, RADII = 0.01, (0.1, 0.25, 0.5)
DIMENSIONS = tuple(10**power for power in range(3, 9))
SPIKED = SpikedLinear()
BANDS = (((0, None),), ((0, 1),), ((0, 129),), ((1, None),), ((257, None),), ((0, 1), (257, None)))
POINTS = 500  # drawn in each repeat
CONFLICT = TwoPoints(half_distance=0.5, share=0.7)
TEMPERATURES = (0.02, 0.1, 0.25)
ASKED = np.linspace(0, 1.5, 31)  # radii that offsets ask for


def draw(preset: Preset, records: Records) -> Drawing:
    """Five panels: hidden labels, Gaussian classes, samples they need, bands of a spiked model, margins.

    Args:
        preset: Not used: the theory is the same for every data set.
        records: Not used: the simulation takes seconds.

    Returns:
        The figure and its tables.
    """
    figure = new_figure(13, 8)
    axes = figure.subplot_mosaic([["labels", "gaussian", "needed"], ["spiked", "spiked", "margin"]])
    curves, needed, spiked, margins = _curves(), _needed(), _spiked(), _margins()
    for panel in ("labels", "gaussian"):
        _plot_curves(axes[panel], curves[curves["panel"] == panel])
    _plot_needed(axes["needed"], needed)
    _plot_spiked(axes["spiked"], spiked)
    _plot_margins(axes["margin"], margins)
    axes["labels"].set_title(f"Hidden label: {LABELS.classes} classes, noise {LABELS.noise:g}")
    axes["gaussian"].set(title=f"Gaussian classes, d = {GAUSSIAN.dimension:,}", yscale="log")
    for each in axes.values():
        tidy(each)
    tables = {"": curves, "_samples_needed": needed, "_bands": spiked, "_margins": margins}
    return Drawing(figure, tables, _caption())


def _curves() -> pd.DataFrame:
    """Errors against samples, in closed form and simulated."""
    rows = []
    for panel, label, world, kind, learner, doublings in CURVES:
        for n in 2 ** np.arange(doublings):
            simulated = getattr(simulate(world, int(n), learner=learner, repeats=REPEATS), kind)
            exact = world.standard_error(int(n)) if kind == "standard" else world.robust_error(int(n))
            rows.append(
                {"panel": panel, "label": label, "samples": int(n), "closed_form": exact} | _interval(simulated)
            )
    return pd.DataFrame(rows)


def _needed() -> pd.DataFrame:
    """Samples for the target error in each dimension, norm and radius."""
    rows = []
    for dimension in DIMENSIONS:
        for radius in RADII:
            linf = GaussianMixture(dimension, noise=dimension**0.25, radius=radius)
            standard = linf.samples_needed(TARGET, robust=False)
            for model in (linf, replace(linf, norm="l2", radius=radius * dimension**0.5)):
                if model.best_robust_error < TARGET:
                    robust = model.samples_needed(TARGET)
                    row = {"dimension": dimension, "norm": model.norm, "share": radius, "radius": model.radius}
                    rows.append(row | {"standard": standard, "robust": robust, "ratio": robust / standard})
    return pd.DataFrame(rows)


def _spiked() -> pd.DataFrame:
    """Accuracies of the most accurate and of the most robust classifier on each band."""
    rows, asked = [], []
    for bands in BANDS:
        accurate, robust = SPIKED.standard_classifier(*bands), SPIKED.robust_classifier(*bands)
        for name, weights, radius in (
            ("standard accuracy of the most accurate", accurate, 0.0),
            ("robust accuracy of the most robust", robust, SPIKED.radius),
            ("robust accuracy of the most accurate", accurate, SPIKED.radius),
        ):
            exact = 1 - SPIKED.errors(weights)[int(radius > 0)]
            rows.append({"band": band(bands), "norm": SPIKED.norm(*bands), "measure": name, "closed_form": exact})
            asked.append((weights, radius))
    simulated = np.array([_accuracies(asked, seed) for seed in range(REPEATS)])
    return pd.DataFrame([row | _interval(each) for row, each in zip(rows, simulated.T, strict=True)])


def _accuracies(asked: Sequence[tuple[np.ndarray, float]], seed: int) -> list[float]:
    """Shares of drawn points that weights answer rightly after the worst perturbation; without weights, a coin."""
    points, labels = SPIKED.sample(POINTS, seed)
    coins = 2 * np.random.default_rng(seed + REPEATS).integers(2, size=POINTS) - 1
    scores = [points @ weights if weights.any() else coins for weights, _ in asked]
    lost = [radius * np.linalg.norm(weights) for weights, radius in asked]
    return [float((labels * score > each).mean()) for score, each in zip(scores, lost, strict=True)]


def _margins() -> pd.DataFrame:
    """Optimal radii of both points against the radius that the offset asks for."""
    rows = []
    for temperature in TEMPERATURES:
        for asked in ASKED:
            world = replace(CONFLICT, offset=2**0.5 * asked, temperature=temperature)
            row = {"temperature": temperature, "offset": world.offset, "asked": asked}
            row |= {"frequent": world.radii[0], "rare": world.radii[1]}
            drawn = (
                np.array([_trained(world, seed) for seed in range(REPEATS)]) if asked in ASKED[::5] else np.array([])
            )
            rows.append(row | (_interval(drawn, (-np.inf, np.inf)) if drawn.size else {}))
    return pd.DataFrame(rows)


def _trained(world: TwoPoints, seed: int) -> float:
    """Radius of the more frequent point where the loss of drawn points is smallest, found by a general solver."""
    from scipy.optimize import minimize_scalar  # slow to import, and seldom needed

    drawn = replace(world, share=float((world.sample(POINTS, seed)[1] == 0).mean()))
    found = minimize_scalar(drawn.expected_loss, bounds=(-3.0, 6.0), method="bounded", options={"xatol": 1e-8})
    return float(found.x) / 2**0.5


def _interval(simulated: np.ndarray, bounds: tuple[float, float] = (0, 1)) -> dict[str, float]:
    """Mean over the repeats, and its interval."""
    result = estimate(simulated[None], level=LEVEL, bounds=bounds)
    return {"simulated": result.mean[0], "low": result.low[0], "high": result.high[0]}


def _marks(axes: Axes, x: Any, rows: pd.DataFrame, color: str) -> None:
    """Simulated means with their intervals."""
    lengths = np.stack((rows["simulated"] - rows["low"], rows["high"] - rows["simulated"]))
    axes.errorbar(x, rows["simulated"], lengths, fmt="o", markersize=3.5, elinewidth=1, color=color)


def _plot_curves(axes: Axes, rows: pd.DataFrame) -> None:
    labels: Sequence[str] = [curve[1] for curve in CURVES]
    for label, part in rows.groupby("label", sort=False):
        color = COLORS[CURVE_COLORS[labels.index(str(label))]]
        axes.plot(part["samples"], part["closed_form"], color=color, label=label)
        _marks(axes, part["samples"], part, color)
    axes.set(xscale="log", xlabel="samples n", ylabel="error")
    axes.legend(fontsize=8, frameon=False, loc="lower left")


def _plot_needed(axes: Axes, rows: pd.DataFrame) -> None:
    shades = dict(zip(RADII, ("robust", "certified", "standard"), strict=True))
    for share, norm in product(RADII, ("linf", "l2")):
        part = rows[(rows["norm"] == norm) & (rows["share"] == share)]
        style = "-" if norm == "linf" else "--"
        label = f"l-infinity, r = {share:g}" if norm == "linf" else f"l2, r = {share:g} $\\sqrt{{d}}$"
        axes.plot(
            part["dimension"], part["ratio"], style, marker="o", markersize=3, color=COLORS[shades[share]], label=label
        )
    ends = np.array([DIMENSIONS[0], DIMENSIONS[-1]])
    axes.plot(ends, 0.5 * (ends / ends[0]) ** 0.5, ":", color=COLORS["share"], label="slope of $\\sqrt{d}$")
    axes.set(
        xscale="log", yscale="log", xlabel="dimension d", ylabel="robust / standard", title="Times as many samples"
    )
    axes.legend(fontsize=8, frameon=False, loc="upper left")


def _plot_spiked(axes: Axes, rows: pd.DataFrame) -> None:
    none = np.full(len(BANDS), np.nan)
    colors = [COLORS[name] for name in ("standard", "certified", "robust")]
    parts = [part for _, part in rows.groupby("measure", sort=False)]
    bars = [
        Bars(part["measure"].iloc[0], part["closed_form"].to_numpy(), none, none, color)
        for part, color in zip(parts, colors, strict=True)
    ]
    groups = [f"{name}\nnorm {norm:.2f}" for name, norm in zip(parts[0]["band"], parts[0]["norm"], strict=True)]
    plot_groups(axes, groups, bars)
    boxes = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    centers = np.array([box.get_x() + box.get_width() / 2 for box in boxes]).reshape(len(parts), -1)
    for x, part in zip(centers, parts, strict=True):
        _marks(axes, x, part, "#222222")
    axes.axhline(0.5, color="#444444", linewidth=0.8, linestyle=":")
    axes.set(ylabel="accuracy", ylim=(0, 1.32), xlabel="directions kept")
    axes.set_yticks(np.linspace(0, 1, 6))
    axes.set_title(f"A spike and {SPIKED.weak} weak directions, l2 radius {SPIKED.radius:g}")
    axes.legend(fontsize=8, frameon=False, loc="upper center", ncols=3)


def _plot_margins(axes: Axes, rows: pd.DataFrame) -> None:
    shades = ("standard", "certified", "robust")
    for (temperature, part), shade in zip(rows.groupby("temperature"), shades, strict=True):
        axes.plot(part["asked"], part["frequent"], color=COLORS[shade], label=f"t = {temperature:g}")
        axes.plot(part["asked"], part["rare"], "--", color=COLORS[shade])
        marked = part.dropna(subset="simulated")
        _marks(axes, marked["asked"], marked, COLORS[shade])
    axes.plot(ASKED, ASKED, ":", color=COLORS["share"], label="asked for")
    axes.axvline(CONFLICT.half_distance, color=COLORS["share"], linewidth=0.8)
    axes.set(xlabel="radius asked for, offset / $\\sqrt{2}$", ylabel="optimal radius", title="Margin loss, two points")
    axes.legend(fontsize=8, frameon=False, loc="lower left")


def _caption() -> str:
    return (
        f"Data sets: none; four settings of theory. Lines and bars: closed forms. Marks: simulation, mean over "
        f"{REPEATS} seeds with 90 % intervals (Student's t). Hidden label: d = {LABELS.dimension}, nuisance and l2 "
        f"radius {LABELS.radius:g}; smallest errors of any learner. Gaussian classes (Schmidt et al. 2018): "
        f"coordinates of mean 1 and standard deviation d^(1/4), mean classifier; in l2 the radius is r times the "
        f"square root of d, which reaches as far towards the other class. Times as many samples: for error {TARGET:g}, "
        f"where the best classifier has less. Spike: {POINTS} points per seed; norm: root mean square of the points on "
        f"the directions kept; dotted: a coin. Margin loss: points of different classes at distance "
        f"{2 * CONFLICT.half_distance:g}, the more frequent one ({CONFLICT.share:.0%}) solid, the other dashed; "
        f"upright line: radius up to which there is room for both; t: temperature; marks: smallest loss of {POINTS} "
        f"points per seed."
    )


STUDY = Study(
    name="theory_curves",
    title="What robustness costs, in closed form",
    question="What makes robustness take more data, other features, and a margin?",
    draw=draw,
    tuned=False,
    shelf="theory",
)
