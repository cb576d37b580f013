"""Theory: an accurate classifier is easy to learn, a robust one needs exponentially many samples.

Question: how many samples does robustness need in the worst case?

Draw:   python -m analysis draw hidden_bit
Cost:   seconds; nothing is trained.
Expect: simulation on the closed forms and below the bounds, and all dimensions on one curve against n / 2^d.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from analysis.plots import new_figure, tidy
from analysis.scaling import estimate
from analysis.studies.measures import LEVEL
from analysis.studies.preset import Preset
from analysis.studies.study import Drawing, Records, Study
from analysis.theory import HiddenBit, linear_error_bound, nearest_error, signed_error_bound, simulate

DIMENSIONS = (4, 6, 8, 10)
REPEATS = 50
NUISANCE = RADIUS = 0.1
ALWAYS = (("robust", "table"), ("standard", "coordinate"))  # drawn in all dimensions
EASY = {  # standard errors, drawn in the largest dimension: name in the legend, color
    "coordinate": ("knows the coordinate", "#444444"),
    "signed": ("signed coordinates (bound)", "#009E73"),
    "linear": ("hard-margin linear (bound)", "#0072B2"),
    "nearest": ("nearest neighbour", "#D55E00"),
    "table": ("table of corners", "#CC79A7"),
}
BOUNDS = {"signed": signed_error_bound, "linear": linear_error_bound}
MARKS: dict[str, Any] = {"fmt": "o", "markersize": 3.5, "elinewidth": 1}
LEGEND: dict[str, Any] = {"fontsize": 8, "frameon": False, "loc": "upper center", "ncols": 2}


def draw(preset: Preset, records: Records) -> Drawing:
    """Errors against samples, robust errors against samples per corner of the cube, and who is accurate how soon.

    Args:
        preset: Not used: the theory is the same for every data set.
        records: Not used: the simulation takes seconds.

    Returns:
        The figure and its table.
    """
    figure = new_figure(13, 4.2)
    left, right, easy = figure.subplots(1, 3, sharey=True)
    colors = colormaps["viridis"](np.linspace(0.05, 0.85, len(DIMENSIONS)))
    tables = []
    for dimension, color in zip(DIMENSIONS, colors, strict=True):
        model = HiddenBit(dimension=dimension, nuisance=NUISANCE, radius=RADIUS)
        last = dimension == DIMENSIONS[-1]
        kinds = [*ALWAYS, *(("standard", learner) for learner in EASY if last and learner != "coordinate")]
        tables.append(_table(model, kinds))
        _plot(left, right, tables[-1], model, color)
    _plot_easy(easy, tables[-1])
    _decorate(figure, left, right, easy)
    caption = (
        f"Data set: none; the hidden-bit model: labels are a random function of d signs, and a last coordinate of size "
        f"{NUISANCE:g} that gives them away; l2 radius {RADIUS:g}. Sizes 1 to 4 x 2^d. Lines: closed forms, and on the "
        f"right upper bounds where the legend says so. Marks: simulation, mean over {REPEATS} seeds with 90 % "
        f"intervals (Student's t). Robust error is that of the best learner there can be (the table of the corners "
        f"seen); standard error on the left is that of a learner that reads the last coordinate. Right: standard "
        f"errors of learners that know less, for d = {DIMENSIONS[-1]}; nearest neighbour is not sample-efficient here. "
        f"A construction of this project with the three properties that the thesis states, not the thesis's own."
    )
    return Drawing(figure, {"": pd.concat(tables, ignore_index=True)}, caption)


def _table(model: HiddenBit, kinds: Sequence[tuple[str, str]]) -> pd.DataFrame:
    """Closed form or bound, and simulation, of each kind of error of a learner at every size."""
    rows = []
    for kind, learner in kinds:
        for n in 2 ** np.arange(model.dimension + 3):
            simulated = simulate(model, int(n), learner=learner, repeats=REPEATS, seed=0)
            result = estimate(getattr(simulated, kind)[None], level=LEVEL, bounds=(0, 1))
            exact, bound = _in_theory(model, kind, learner, n)
            rows.append(
                {
                    "dimension": model.dimension,
                    "error": kind,
                    "learner": learner,
                    "samples": int(n),
                    "closed_form": exact,
                    "upper_bound": bound,
                    "simulated": result.mean[0],
                    "low": result.low[0],
                    "high": result.high[0],
                }
            )
    return pd.DataFrame(rows)


def _in_theory(model: HiddenBit, kind: str, learner: str, n: Any) -> tuple[Any, Any]:
    """Closed form and upper bound, nan for the one that is not known; arrays for arrays."""
    if learner in BOUNDS:
        return np.full(np.shape(n), np.nan)[()], BOUNDS[learner](model, n)
    exact = nearest_error(model, n) if learner == "nearest" else getattr(model, f"{kind}_error")(n, learner)
    return exact, np.full(np.shape(n), np.nan)[()]


def _plot(left: Axes, right: Axes, rows: pd.DataFrame, model: HiddenBit, color: Any) -> None:
    robust = rows[rows["error"] == "robust"]
    standard = rows[(rows["error"] == "standard") & (rows["learner"] == "coordinate")]
    every = _every(robust)
    for axes, scale in ((left, 1), (right, 2**model.dimension)):
        axes.plot(every / scale, model.robust_error(every), "-", color=color, label=f"d = {model.dimension}")
        axes.errorbar(robust["samples"] / scale, robust["simulated"], _bars(robust), color=color, **MARKS)
    left.plot(standard["samples"], standard["closed_form"], "--", color=color)
    left.plot(standard["samples"], standard["simulated"], "s", markersize=3, color=color)


def _plot_easy(axes: Axes, rows: pd.DataFrame) -> None:
    model = HiddenBit(dimension=DIMENSIONS[-1], nuisance=NUISANCE, radius=RADIUS)
    for learner, (label, color) in EASY.items():
        chosen = rows[(rows["error"] == "standard") & (rows["learner"] == learner)]
        exact, bound = _in_theory(model, "standard", learner, _every(chosen))
        line, style = (bound, ":") if learner in BOUNDS else (exact, "-")
        axes.plot(_every(chosen), line, style, color=color, label=label)
        axes.errorbar(chosen["samples"], chosen["simulated"], _bars(chosen), color=color, **MARKS)


def _every(rows: pd.DataFrame) -> NDArray[np.int64]:
    """Sizes for lines, 200 or fewer."""
    return np.unique(np.geomspace(1, rows["samples"].max(), 200).round().astype(np.int64))


def _bars(rows: pd.DataFrame) -> NDArray[np.float64]:
    """Lengths of the intervals below and above the mean, shape ``(2, sizes)``."""
    return np.stack((rows["simulated"] - rows["low"], rows["high"] - rows["simulated"]))


def _decorate(figure: Figure, left: Axes, right: Axes, easy: Axes) -> None:
    left.set(xscale="log", xlabel="samples n", ylabel="error", title="Robustness is hard", ylim=(-0.02, 0.68))
    right.set(xscale="log", xlabel="samples per corner of the cube, $n / 2^d$", title="Robust error collapses")
    easy.set(xscale="log", xlabel="samples n", title=f"Accuracy is easy, but not for all (d = {DIMENSIONS[-1]})")
    kinds = [
        Line2D([], [], color="#444444", marker="o", markersize=4, label="robust, best learner"),
        Line2D([], [], color="#444444", linestyle="--", marker="s", markersize=3, label="standard, last coordinate"),
    ]
    left.legend(handles=[*right.get_legend_handles_labels()[0], *kinds], **LEGEND)
    easy.legend(**LEGEND)
    for axes in (left, right, easy):
        tidy(axes)


STUDY = Study(
    name="hidden_bit",
    title="Samples that robustness needs, in the worst case",
    question="How many samples does robustness need in the worst case?",
    draw=draw,
    tuned=False,
    shelf="theory",
)
