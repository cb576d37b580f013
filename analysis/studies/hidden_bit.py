"""Theory: an accurate classifier is easy to learn, a robust one needs exponentially many samples.

Question: how many samples does robustness need in the worst case?

Draw:   python -m analysis draw hidden_bit
Cost:   seconds; nothing is trained.
Expect: simulation on the closed forms, and all dimensions on one curve against n / 2^d.
"""

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.plots import new_figure, tidy
from analysis.scaling import estimate
from analysis.studies.measures import LEVEL
from analysis.studies.preset import Preset
from analysis.studies.study import Drawing, Records, Study
from analysis.theory import HiddenBit, simulate

DIMENSIONS = (4, 6, 8, 10)
REPEATS = 50
NUISANCE = RADIUS = 0.1


def draw(preset: Preset, records: Records) -> Drawing:
    """Errors against samples on the left, robust errors against samples per corner of the cube on the right.

    Args:
        preset: Not used: the theory is the same for every data set.
        records: Not used: the simulation takes seconds.

    Returns:
        The figure and its table.
    """
    figure = new_figure(10, 4)
    left, right = figure.subplots(1, 2, sharey=True)
    colors = colormaps["viridis"](np.linspace(0.05, 0.85, len(DIMENSIONS)))
    tables = []
    for dimension, color in zip(DIMENSIONS, colors, strict=True):
        model = HiddenBit(dimension=dimension, nuisance=NUISANCE, radius=RADIUS)
        sizes = 2 ** np.arange(dimension + 3)
        tables.append(_table(model, sizes))
        _plot(left, right, tables[-1], model, color)
    _decorate(figure, left, right)
    caption = (
        f"Data set: none; the hidden-bit model: labels are a random function of d signs, and a last coordinate of size "
        f"{NUISANCE:g} that gives them away; l2 radius {RADIUS:g}. Sizes 1 to 4 x 2^d. Lines: closed forms. "
        f"Marks: simulation, mean over {REPEATS} seeds with 90 % intervals (Student's t). Robust error is that of the "
        f"best learner there can be (which memorises); standard error is that of a learner that reads the last "
        f"coordinate; crosses: nearest "
        f"neighbour, which is not sample-efficient here. A construction of this project with the three properties that "
        f"the thesis states, not the thesis's own."
    )
    return Drawing(figure, {"": pd.concat(tables, ignore_index=True)}, caption)


def _table(model: HiddenBit, sizes: np.ndarray) -> pd.DataFrame:
    """Closed form and simulation of every learner at every size."""
    rows = []
    for kind, learner in (("robust", "table"), ("standard", "coordinate"), ("standard", "nearest")):
        for n in sizes:
            simulated = simulate(model, int(n), learner=learner, repeats=REPEATS, seed=0)
            result = estimate(getattr(simulated, kind)[None], level=LEVEL, bounds=(0, 1))
            rows.append(
                {
                    "dimension": model.dimension,
                    "error": kind,
                    "learner": learner,
                    "samples": int(n),
                    "closed_form": _closed_form(model, kind, learner, int(n)),
                    "simulated": result.mean[0],
                    "low": result.low[0],
                    "high": result.high[0],
                }
            )
    return pd.DataFrame(rows)


def _closed_form(model: HiddenBit, kind: str, learner: str, n: int) -> float:
    if learner == "nearest":
        return float("nan")
    return float(model.robust_error(n) if kind == "robust" else model.standard_error(n, learner=learner))


def _plot(left: Axes, right: Axes, rows: pd.DataFrame, model: HiddenBit, color: np.ndarray) -> None:
    robust, standard, nearest = (rows[rows["learner"] == name] for name in ("table", "coordinate", "nearest"))
    every = np.unique(np.geomspace(1, robust["samples"].max(), 200).round().astype(int))
    errors = np.stack((robust["simulated"] - robust["low"], robust["high"] - robust["simulated"]))
    for axes, scale in ((left, 1), (right, 2**model.dimension)):
        axes.plot(every / scale, model.robust_error(every), "-", color=color, label=f"d = {model.dimension}")
        axes.errorbar(
            robust["samples"] / scale, robust["simulated"], errors, fmt="o", markersize=3.5, color=color, elinewidth=1
        )
    left.plot(standard["samples"], standard["closed_form"], "--", color=color)
    left.plot(standard["samples"], standard["simulated"], "s", markersize=3, color=color)
    left.plot(nearest["samples"], nearest["simulated"], "x", markersize=4, color=color, alpha=0.7)


def _decorate(figure: Figure, left: Axes, right: Axes) -> None:
    left.set(xscale="log", xlabel="samples n", ylabel="error", title="Error against samples", ylim=(-0.02, 0.55))
    right.set(xscale="log", xlabel="samples per corner of the cube, $n / 2^d$", title="Robust error collapses")
    kinds = [
        Line2D([], [], color="#444444", marker="o", markersize=4, label="robust, best learner"),
        Line2D([], [], color="#444444", linestyle="--", marker="s", markersize=3, label="standard, last coordinate"),
        Line2D([], [], color="#444444", linestyle="", marker="x", label="standard, nearest neighbour"),
    ]
    handles = [*right.get_legend_handles_labels()[0], *kinds]
    figure.legend(handles=handles, fontsize=8, loc="outside upper center", ncols=len(handles), frameon=False)
    for axes in (left, right):
        tidy(axes)


STUDY = Study(
    name="hidden_bit",
    title="Samples that robustness needs, in the worst case",
    question="How many samples does robustness need in the worst case?",
    draw=draw,
    tuned=False,
    shelf="theory",
)
