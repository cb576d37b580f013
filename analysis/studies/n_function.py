"""The function N: what networks of two slopes cannot represent, how near they come, and what N-activations do.

Question: how near do networks with MaxMin, absolute values and N-activations come to a function that only N represents?

Run:    python -m analysis run n_function
Draw:   python -m analysis draw n_function
Cost:   ten minutes of one core for a thousand networks; the records are kept with the code (n-function, 0.2 MB).
Expect: 5/9 with one layer of MaxMin from width 4 on, about a sixth of that with each further layer, and never 0; with
        N-activations as little as can be measured at widths 2 to 8, and little more at 16.
"""

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from analysis.plots import COLORS, new_figure, tidy
from analysis.scaling import estimate
from analysis.studies.measures import LEVEL
from analysis.studies.preset import Preset
from analysis.studies.study import Drawing, Records, Study
from analysis.theory import NFunction
from analysis.trials import Fit

N = NFunction()
WIDTHS, DEPTHS = (2, 4, 8, 16, 24, 32, 40), (1, 2, 3, 4)  # MaxMin takes pairs
SWEPT = {"MaxMin": WIDTHS, "N-near": (2, 4, 8, 16)}  # one N-activation is N, whatever stands beside it
TOY_WIDTH, TOY_DEPTH, TOY_STEPS = 40, 2, 10_000
TOY = {  # activation to its name in the figure, and its color: those of the published experiment first
    "MaxMin": ("MaxMin", COLORS["certified"]),
    "Abs": ("absolute\nvalue", COLORS["robust"]),
    "N-near": ("N, start\n(-1, 0),\n(0, 0)", COLORS["standard"]),
    "N": ("N, start\n|x|, x", COLORS["smoothed"]),
    "N-zeros": ("N, start\nx", COLORS["other"]),
    "N-random": ("N, start\nrandom", COLORS["certified by noise"]),
}
SHADES = dict(zip(DEPTHS, colormaps["viridis"](np.linspace(0.05, 0.85, len(DEPTHS))), strict=True))
MEASURES = {"mse": "mean squared error", "low": "largest error"}  # arrays of a record, and their names
SMALL: dict[str, Any] = {"fontsize": 8, "frameon": False}


def trials(preset: Preset) -> list[Fit]:
    """Networks of every width and depth, and the toy experiment; the same for every preset.

    Args:
        preset: Not used.

    Returns:
        The specifications.
    """
    return [*_grid(), *map(toy, TOY)]


def _grid() -> list[Fit]:
    return [swept(name, width, depth) for name, widths in SWEPT.items() for depth in DEPTHS for width in widths]


def swept(activation: str, width: int, depth: int) -> Fit:
    """Fits in the maximum norm, by networks with Cayley layers.

    Args:
        activation: Name of it.
        width: Channels of every hidden layer.
        depth: Number of activations.

    Returns:
        The specification of all restarts.
    """
    return Fit(activation=activation, width=width, depth=depth)


def toy(activation: str) -> Fit:
    """The toy experiment of Prach and Lampert 2023, all seeds of one activation.

    Args:
        activation: Name of it, with its start.

    Returns:
        The specification.
    """
    sizes = {"width": TOY_WIDTH, "depth": TOY_DEPTH, "steps": TOY_STEPS}
    return Fit(activation=activation, aim="squares", layer="AOL", spread=0.0, **sizes)


def draw(preset: Preset, records: Records) -> Drawing:
    """Fits and their errors above; below distances against width and depth, and the toy experiment's errors.

    Args:
        preset: Not used.
        records: Of the fits.

    Returns:
        The figure; tables of the distances, of the exact ones (``_exact``), of the toy experiment (``_toy``), and of
        the curves that are drawn (``_curves``).
    """
    distances = pd.DataFrame([_distance(spec, records[spec]) for spec in _grid()])
    exact, errors, curves = _exact(), _toy(records), _curves(records)
    figure = new_figure(13, 8)
    panels = figure.subplot_mosaic("FFFEEE;DDMMLL")
    _plot_fits(panels["F"], curves)
    _plot_errors(panels["E"], curves)
    _plot_distances(panels["D"], distances, exact)
    for panel, name in zip("ML", MEASURES, strict=True):
        _plot_toy(panels[panel], records, errors, name)
    for axes in panels.values():
        tidy(axes)
    tables = {"": distances, "_exact": exact, "_toy": errors, "_curves": curves}
    return Drawing(figure, tables, _caption(distances, exact, errors))


def _distance(spec: Fit, record: Mapping[str, Any]) -> dict[str, Any]:
    """Of the nearest of all restarts, and of the median one."""
    return {
        "activation": spec.activation,
        "width": spec.width,
        "depth": spec.depth,
        "restarts": spec.restarts,
        "distance": record["outcome"]["distance"],
        "certified": record["outcome"]["certified"],
        "median": np.median(record["arrays"]["low"]),
    }


def _exact() -> pd.DataFrame:
    """Distances that are proven: lower and upper bounds, equal where there is a closed form."""
    line, layer = N.best_affine()[1], N.one_layer_distance()
    classes = {
        "affine": (line, line),
        "at most two one-dimensional folds": N.fold_distance(),
        "one activation, any width": (layer, layer),
    }
    return pd.DataFrame([{"class": name, "low": low, "high": high} for name, (low, high) in classes.items()])


def _toy(records: Records) -> pd.DataFrame:
    """Errors of the toy experiment: means over seeds with Student's t intervals, and the spread of the seeds."""
    rows = []
    for activation in TOY:
        for array, measure in MEASURES.items():
            values = records[toy(activation)]["arrays"][array]
            mean = estimate(values[None], level=LEVEL, bounds=(0, np.inf))
            row = {"activation": activation, "measure": measure, "seeds": len(values)}
            row |= {"mean": mean.mean[0], "low": mean.low[0], "high": mean.high[0]}
            rows.append(row | {"median": np.median(values), "smallest": values.min(), "largest": values.max()})
    return pd.DataFrame(rows)


def _curves(records: Records) -> pd.DataFrame:
    """N, what is nearest to it of affine functions and of every depth with MaxMin, and the toy's best."""
    specs = {f"MaxMin_depth_{depth}": swept("MaxMin", WIDTHS[-1], depth) for depth in DEPTHS}
    specs |= {f"toy_{activation}": toy(activation) for activation in TOY}
    found = {name: records[spec]["arrays"]["curve"].astype(np.float64) for name, spec in specs.items()}
    x = np.linspace(-N.reach, N.reach, len(found["MaxMin_depth_1"]))
    return pd.DataFrame({"x": x, "N": N(x), "affine": N.best_affine()[0] * x} | found)


def _plot_fits(axes: Axes, curves: pd.DataFrame) -> None:
    axes.plot(curves["x"], curves["N"], color="#BBBBBB", linewidth=5, label="N")
    axes.plot(curves["x"], curves["affine"], ":", color="#444444", label="nearest line")
    for depth in DEPTHS[:2]:
        label = f"MaxMin, depth {depth}"
        axes.plot(curves["x"], curves[f"MaxMin_depth_{depth}"], color=SHADES[depth], label=label)
    axes.plot(curves["x"], curves["toy_N-near"], "--", color=TOY["N-near"][1], label="N-activations, depth 2")
    axes.set(xlabel="x", title="A 1-Lipschitz function, and networks that are near it")
    axes.legend(**SMALL, loc="upper left")


def _plot_errors(axes: Axes, curves: pd.DataFrame) -> None:
    for activation, (name, color) in TOY.items():
        error = curves[f"toy_{activation}"] - curves["N"]
        axes.plot(curves["x"], error, color=color, label=name.replace("\n", " "), linewidth=1.2)
    axes.set(xlabel="x", ylabel="network - N", title="Toy experiment: the nearest of all seeds")
    axes.legend(**SMALL, loc="upper center", ncols=3)
    axes.set_ylim(top=1.5 * axes.get_ylim()[1])


def _plot_distances(axes: Axes, rows: pd.DataFrame, exact: pd.DataFrame) -> None:
    styles: dict[str, Any] = dict(zip(SWEPT, ("-", "--"), strict=True))
    for activation, depth in product(SWEPT, DEPTHS):
        part = rows[(rows["activation"] == activation) & (rows["depth"] == depth)]
        style = {"linestyle": styles[activation], "marker": "o" if activation == "MaxMin" else "s"}
        axes.plot(part["width"], part["certified"], **style, markersize=3.5, color=SHADES[depth])
    for value, name, side in zip(exact["high"][1:], ("two folds", "one layer"), ("bottom", "top"), strict=True):
        axes.axhline(value, color="#444444", linestyle=":", linewidth=1)
        axes.annotate(
            f"exact: {name}, {value:.4f}",
            (WIDTHS[-1], value),
            (0, 2 if side == "bottom" else -2),
            textcoords="offset points",
            fontsize=7,
            ha="right",
            va=side,
        )
    axes.set(xscale="log", yscale="log", xlabel="width", ylabel="distance in the maximum norm, at most")
    axes.set_xticks(WIDTHS, [str(width) for width in WIDTHS])
    axes.set_xticks([], minor=True)
    axes.set_ylim(top=4)
    lines = [Line2D([], [], color=SHADES[depth], label=f"depth {depth}") for depth in DEPTHS]
    lines += [Line2D([], [], color="#444444", linestyle=styles[name], label=name.split("-")[0]) for name in SWEPT]
    axes.legend(handles=lines, **SMALL, loc="upper center", ncols=3)
    axes.set_title("Best of 20 restarts")


def _plot_toy(axes: Axes, records: Records, rows: pd.DataFrame, array: str) -> None:
    """Every seed, and the mean with its interval beside them."""
    for place, (activation, (_, color)) in enumerate(TOY.items()):
        values: NDArray[np.float64] = records[toy(activation)]["arrays"][array]
        axes.plot(place - 0.2 + 0.25 * _spread(values), values, "o", color=color, markersize=3.5, alpha=0.7)
        row = rows[(rows["activation"] == activation) & (rows["measure"] == MEASURES[array])]
        mean, low, high = row[["mean", "low", "high"]].to_numpy(dtype=np.float64)[0]
        low = max(low, values.min())  # a logarithm has no place for less, which no seed reached
        bars = [[mean - low], [high - mean]]
        axes.errorbar([place + 0.25], [mean], bars, fmt="_", color="#222222", markersize=9, elinewidth=1.2)
    axes.set_xticks(range(len(TOY)), [name for name, _ in TOY.values()], fontsize=7)
    axes.set(yscale="log", title=f"Toy experiment: {MEASURES[array]}")


def _spread(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Places from 0 to 1 in the order of the values, so that equal ones lie side by side."""
    return values.argsort().argsort() / max(1, len(values) - 1)


def _caption(distances: pd.DataFrame, exact: pd.DataFrame, errors: pd.DataFrame) -> str:
    best = distances[distances["activation"] == "MaxMin"].groupby("depth")["certified"].min()
    found, steps = ", ".join(f"{value:.2g}" for value in best), _grid()[0].steps
    fold = exact.iloc[1]
    return (
        f"Data set: none; N(x) = x - 2 min(max(x, -1/2), 1/2) on [-3, 3]. Networks of two slopes (MaxMin, absolute "
        f"values) cannot represent it (theorem in analysis.theory.NFunction); one N-activation does. Left below: best "
        f"of {distances['restarts'].iloc[0]} restarts of {steps:,} steps, widths {', '.join(map(str, WIDTHS))} "
        f"(MaxMin takes pairs), Cayley layers: the best found, so an upper bound on the distance of networks of that "
        f"shape, certified between the 24,001 points where it is measured by proven Lipschitz bounds; these add "
        f"2.5e-4, where N's curves lie at most widths. Over all widths MaxMin came as near as {found} at depths 1 to "
        f"{DEPTHS[-1]}. Dotted: proven distances, {fold['low']:.4f} to {fold['high']:.4f} for compositions of at most "
        f"two one-dimensional folds (by enumeration), 5/9 for one activation of any width (closed form). Other "
        f"panels: toy experiment of Prach and Lampert (arXiv 2311.06103): AOL, width {TOY_WIDTH}, depth {TOY_DEPTH}, "
        f"mean squared error, {TOY_STEPS:,} steps of 100 of 1,000 inputs, {errors['seeds'].iloc[0]} seeds (dots); "
        f"bars: mean and 90 % interval (Student's t), cut at the smallest value."
    )


STUDY = Study(
    name="n_function",
    title="A function that two slopes cannot represent",
    question="How near do MaxMin, absolute values and N-activations come to a function that only N represents?",
    trials=trials,
    draw=draw,
    tuned=False,
    shelf="theory",
)
