"""How near trained layers are to isometries, and how near a network's slopes come to the proven bound.

Question: is an almost-orthogonal layer almost orthogonal once it is trained, and is its bound tight?

The networks are trained as for the study of activations, and looked into between their steps.

Run:    python -m analysis run orthogonality --preset mnist --executor processes
Draw:   python -m analysis draw orthogonality --preset mnist
Cost:   digits, 15 trials: 15 seconds on 2 cores. mnist, 12 trials: 2 minutes on 2 cores.
Expect: figures/mnist/orthogonality.csv; AOL leaves the isometries; its bound is loose after 10 steps, less at the end.
"""

from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from analysis.plots import new_figure, tidy
from analysis.scaling import estimate
from analysis.studies.captions import counted, left_out
from analysis.studies.measures import LEVEL
from analysis.studies.preset import Preset
from analysis.studies.study import Drawing, Records, Study
from analysis.trials import Trial

Array = NDArray[np.float64]
Style = Literal["-", "--", "-.", ":"]
Entry = tuple[str, str, Style]  # of a legend: label, colour, style of the line
LOOKS = (0, 10, 30, 100, 300)  # steps, and the last one
COLORS = ("#D55E00", "#009E73", "#0072B2")  # of the methods
SHADES: tuple[Style, ...] = ("-", "--", "-.", ":")  # of the layers, from the first
COLUMNS = ("distance", "largest", "smallest")


def trials(preset: Preset) -> list[Trial]:
    """Every network of the comparison of activations, with MaxMin, and seed, on all training images.

    Args:
        preset: The grid.

    Returns:
        The trials, those of one seed together.
    """
    return [_looked(preset.trial(model, seed)) for seed in preset.seeds for model in preset.activated]


def distance(values: Array) -> Array:
    r"""Distance of a matrix J from the isometries: :math:`\|J^\top J - I\|_F / \sqrt n`.

    Of a wide matrix, which is none, that of its transpose; n is the smaller side.

    Args:
        values: Singular values, shape ``(..., n)``; nan is left out.

    Returns:
        Shape ``(...)``: 0 for an isometry, 1 for zero.

    Example:
        >>> float(distance(np.array([1.0, 0.0])))
        0.707...
    """
    squares = np.nanmean((values**2 - 1) ** 2, axis=-1)
    found: Array = np.sqrt(squares)
    return found


def draw(preset: Preset, records: Records) -> Drawing:
    """Distances and singular values of layers above, the bound of the network and a matrix below.

    Args:
        preset: The grid.
        records: Of its trials.

    Returns:
        The figure, the layers' table, and the networks' (``_networks``).
    """
    layers, networks = _layers(preset, records), _networks(preset, records)
    figure = new_figure(10.5, 7.2)
    (far, extreme), (steep, matrix) = figure.subplots(2, 2)
    for model, color in zip(preset.activated, COLORS, strict=False):
        _lines(far, layers[layers["model"] == model.model], "distance", color)
        own = networks[networks["model"] == model.model]
        _curve(steep, own, "bound", color, "--")
        _curve(steep, own, "slope", color, "-")
    main = preset.activated[0]
    for column, color in (("largest", COLORS[0]), ("smallest", "#888888")):
        _lines(extreme, layers[layers["model"] == main.model], column, color)
    _matrix(matrix, preset, records, main)
    _decorate(preset, far, extreme, steep)
    return Drawing(figure, {"": layers, "_networks": networks}, _caption(preset, layers, networks))


def _looked(trial: Trial) -> Trial:
    last = trial.total_steps
    return replace(trial, looks=(*(look for look in LOOKS if look < last), last))


def _found(preset: Preset, records: Records) -> list[tuple[Trial, dict[str, Any]]]:
    """Trials that did not diverge, with what was found."""
    pairs = [(trial, records[trial]["arrays"]) for trial in trials(preset)]
    return [(trial, arrays) for trial, arrays in pairs if "singular_values" in arrays]


def _layers(preset: Preset, records: Records) -> pd.DataFrame:
    """Of every layer at every look: distance from the isometries, and the extreme singular values."""
    rows = []
    for trial, arrays in _found(preset, records):
        for step, of_layers in zip(trial.looks, arrays["singular_values"], strict=True):
            for layer, values in enumerate(of_layers, start=1):
                extremes = (float(distance(values)), np.nanmax(values), np.nanmin(values))
                row = {"model": trial.model, "layer": layer, "step": step, "seed": trial.seed}
                rows.append(row | dict(zip(COLUMNS, extremes, strict=True)))
    return pd.DataFrame(rows, columns=["model", "layer", "step", "seed", *COLUMNS])


def _networks(preset: Preset, records: Records) -> pd.DataFrame:
    """Of every network at every look: the proven bound of its Lipschitz constant, and the largest slope found."""
    rows = [
        {"model": trial.model, "step": step, "seed": trial.seed, "bound": bound, "slope": slope}
        for trial, arrays in _found(preset, records)
        for step, bound, slope in zip(trial.looks, arrays["bounds"], arrays["slopes"], strict=True)
    ]
    return pd.DataFrame(rows, columns=["model", "step", "seed", "bound", "slope"])


def _lines(axes: Axes, rows: pd.DataFrame, column: str, color: str) -> None:
    for layer in rows["layer"].unique():
        _curve(axes, rows[rows["layer"] == layer], column, color, SHADES[(layer - 1) % len(SHADES)])


def _curve(axes: Axes, rows: pd.DataFrame, column: str, color: str, style: Style) -> None:
    """Means over seeds against the step, with their intervals."""
    if rows.empty:
        return
    wide = rows.pivot_table(column, "step", "seed")
    result = estimate(wide.to_numpy(dtype=np.float64), level=LEVEL)
    axes.plot(wide.index, result.mean, style, color=color, linewidth=1.3)
    axes.fill_between(wide.index, result.low, result.high, color=color, alpha=0.15, linewidth=0)


def _matrix(axes: Axes, preset: Preset, records: Records, model: Trial) -> None:
    """|J^T J| of the layer in the middle after training, of the first seed."""
    arrays = records[_looked(preset.trial(model, preset.seeds[0]))]["arrays"]
    axes.set(title=f"|JᵀJ| of the layer in the middle of {model.model}, after training", xticks=[], yticks=[])
    if "gram" in arrays:
        image = axes.imshow(np.abs(arrays["gram"]), cmap="Blues", vmin=0, vmax=1, interpolation="nearest")
        axes.figure.colorbar(image, ax=axes, shrink=0.9)


def _decorate(preset: Preset, far: Axes, extreme: Axes, steep: Axes) -> None:
    steps = trials(preset)[0].looks
    for axes in (far, extreme, steep):
        axes.set_xscale("symlog", linthresh=10, linscale=0.5)
        axes.set_xticks(steps, [f"{step:,}" for step in steps])
        axes.minorticks_off()
        axes.set(xlabel="training steps", ylim=(0, 1.05))
        tidy(axes)
    far.set(title=f"{STUDY.title}: {preset.dataset}", ylabel="distance from isometries")
    extreme.set(title=f"singular values of {preset.activated[0].model}'s layers", ylabel="largest and smallest")
    steep.set(title="Lipschitz constant of the network", ylabel="proven bound, largest slope found")
    methods: list[Entry] = [(model.model, color, "-") for model, color in zip(preset.activated, COLORS, strict=False)]
    depth = preset.activated[0].depth or 0
    layers: list[Entry] = [(f"layer {place + 1}", "#222222", SHADES[place % len(SHADES)]) for place in range(depth)]
    _legend(far, [*methods, *layers])
    _legend(extreme, [("largest", COLORS[0], "-"), ("smallest", "#888888", "-"), *layers])
    _legend(steep, [*methods, ("proven bound", "#222222", "--"), ("slope found", "#222222", "-")])


def _legend(axes: Axes, entries: list[Entry]) -> None:
    lines = [Line2D([], [], color=color, label=label) for label, color, _ in entries]
    for line, (_, _, style) in zip(lines, entries, strict=True):
        line.set_linestyle(style)
    axes.legend(handles=lines, fontsize=7, ncols=2)


def _last(rows: pd.DataFrame, model: str, column: str) -> str:
    """Mean over layers and seeds after training, and its interval over seeds, in words."""
    own = rows[(rows["model"] == model) & (rows["step"] == rows["step"].max())]
    result = estimate([own.groupby("seed")[column].mean()], level=LEVEL)
    return f"{result.mean[0]:.3f} [{result.low[0]:.3f}, {result.high[0]:.3f}]"


def _least(rows: pd.DataFrame, model: str, column: str) -> str:
    """Smallest mean over seeds during training, in words."""
    means = rows[rows["model"] == model].groupby("step")[column].mean()
    return f"{means.min():.3f} after {means.idxmin()} steps" if len(means) else "none"


def _verdict(preset: Preset, layers: pd.DataFrame, networks: pd.DataFrame) -> str:
    """How far from isometries each method's layers end, and how much of the proven bound is attained."""
    shares = networks.assign(share=networks["slope"] / networks["bound"])
    return "; ".join(
        f"{model.model}: distance {_last(layers, model.model, 'distance')}, largest singular value "
        f"{_last(layers, model.model, 'largest')}, slope found over proven bound {_last(shares, model.model, 'share')} "
        f"(least: {_least(shares, model.model, 'share')})"
        for model in preset.activated
    )


def _caption(preset: Preset, layers: pd.DataFrame, networks: pd.DataFrame) -> str:
    trial = preset.activated[0]
    lost = len(trials(preset)) - len(networks.drop_duplicates(["model", "seed"]))
    rates = ", ".join(f"{model.model} ({model.learning_rate:g})" for model in preset.activated)
    return (
        f"Data set: {preset.dataset}. {counted(preset.seeds)}. {rates} of width {trial.width} and depth {trial.depth} "
        f"with MaxMin, {trial.total_steps:,} steps of {trial.batch_size}; in brackets the learning rate. Distance: "
        f"Frobenius norm of JᵀJ - I over the root of its side, J the Jacobian of a layer (of CPL at a test image), "
        f"transposed where it is wide; every layer's norm is at most 1 by construction. Proven bound: product of exact "
        f"norms (CPL: 1). Slope found: largest singular value of the network's Jacobian at up to 1,000 test images, a "
        f"lower bound. After training, mean of layers: {_verdict(preset, layers, networks)}. Intervals: 90 %, "
        f"Student's t over seeds.{left_out(lost)}"
    )


STUDY = Study(
    name="orthogonality",
    title="How orthogonal layers stay",
    question="Is an almost-orthogonal layer almost orthogonal once it is trained, and is its bound tight?",
    trials=trials,
    draw=draw,
)
