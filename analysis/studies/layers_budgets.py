"""All 1-Lipschitz layers once more, in budgets of equal training time instead of equal steps.

Question: which 1-Lipschitz layer is the most robust for its training time, and does more time change that?

Run:    python -m analysis run layers_budgets --preset mnist --executor processes
Draw:   python -m analysis draw layers_budgets --preset mnist
Cost:   its budgets: digits, 54 trials: 97 seconds of one core; mnist, 108 trials: 54 minutes of one core, less where
        networks are trained together.
Expect: figures/mnist/layers_budgets.csv.
"""

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter, PercentFormatter
from scipy.stats import rankdata, spearmanr

from analysis.plots import new_figure, tidy
from analysis.studies.captions import counted, left_out
from analysis.studies.layers_compared import COLORS
from analysis.studies.layers_cost import costs, how_timed
from analysis.studies.layers_cost import trials as timed
from analysis.studies.measures import accuracy, certified_accuracy
from analysis.studies.preset import Preset
from analysis.studies.study import Drawing, Records, Study
from analysis.trials import Spec, Trial

KEYS = ["width", "seconds"]


def trials(preset: Preset) -> list[Spec]:
    """Every method, width, budget and seed, trained for as many steps as the budget pays for; and the paces.

    Args:
        preset: The grid; its budgets know their paces.

    Returns:
        The specifications; none without budgets.
    """
    return [*timed(preset), *(trial for _, _, trial in grid(preset))]


def grid(preset: Preset) -> list[tuple[str, float, Trial]]:
    """List what is trained.

    Args:
        preset: The grid.

    Returns:
        Model, budget in seconds, and trial.
    """
    budgets = preset.budgets
    if budgets is None:
        return []
    return [
        (
            model.model,
            seconds,
            replace(preset.trial(model, seed), width=width, steps=budgets.steps(model.model, width, seconds)),
        )
        for seed in preset.seeds[: budgets.repeats]
        for model, width, seconds in product(preset.compared, budgets.widths, budgets.seconds)
    ]


def table(preset: Preset, records: Records) -> pd.DataFrame:
    """What was reached in each budget.

    Args:
        preset: The grid.
        records: Of its trials.

    Returns:
        Columns ``model``, ``width``, ``seconds``, ``seed``, ``steps``, ``learning_rate``, ``accuracy``, ``certified``
        (at the preset's radius).
    """
    rows = [
        {
            "model": model,
            "width": trial.width,
            "seconds": seconds,
            "seed": trial.seed,
            "steps": trial.total_steps,
            "learning_rate": trial.learning_rate,
            "accuracy": accuracy(records[trial]),
            "certified": certified_accuracy(records[trial], preset.radius),
        }
        for model, seconds, trial in grid(preset)
    ]
    return pd.DataFrame(rows)


def ranked(rows: pd.DataFrame) -> pd.DataFrame:
    """Order the methods in every budget, at every width.

    Args:
        rows: From :func:`table`.

    Returns:
        A row per width, budget and method: the mean of ``certified`` over seeds, that of those that are left where
        some diverged and 0 where all did, and its ``rank``, 1 for the best.
    """
    means = rows.groupby([*KEYS, "model"], sort=False)["certified"].mean().fillna(0.0).reset_index()
    means["rank"] = means.groupby(KEYS)["certified"].transform(lambda values: rankdata(-values))
    return means


def draw(preset: Preset, records: Records) -> Drawing:
    """Certified accuracy against the budget, a panel for each width; time and memory of a step on the right.

    Args:
        preset: The grid.
        records: Of its trials and paces.

    Returns:
        The figure, its table, and the methods' ranks.
    """
    (spec,) = timed(preset)
    rows = table(preset, records)
    order = ranked(rows)
    widths = preset.budgets.widths if preset.budgets else ()
    figure = new_figure(3 + 3.4 * (len(widths) + 1), 4.4)
    *panels, last = figure.subplots(1, len(widths) + 1)
    colors = {trial.model: color for trial, color in zip(preset.compared, COLORS, strict=False)}
    for axes in panels[1:]:
        axes.sharey(panels[0])  # before anything is drawn, so that what is lowest in any of them is seen
    for width, axes in zip(widths, panels, strict=True):
        _panel(axes, preset, rows[rows["width"] == width], colors)
        axes.set_title(f"width {width}")
    panels[0].set_ylabel(f"certified at {preset.radius:g}")
    _costs(last, costs(spec, records), colors)
    last.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), fontsize=8, frameon=False)
    figure.suptitle(f"{STUDY.title}: {preset.dataset}", fontsize=10.5)
    machine = records[spec]["provenance"]["device"]
    caption = f"{_setting(preset, machine)} {how_timed(spec)} {_verdict(preset, order)}"
    return Drawing(figure, {"": rows, "_ranks": order}, caption + left_out(int(rows["accuracy"].isna().sum())))


def _panel(axes: Axes, preset: Preset, rows: pd.DataFrame, colors: dict[str, str]) -> None:
    for model, color in colors.items():
        own = rows[rows["model"] == model]
        means = own.groupby("seconds")["certified"].mean()
        axes.plot(means.index, means, "-", color=color)
        axes.plot(own["seconds"], own["certified"], "o", color=color, markersize=3)
    budgets = sorted(rows["seconds"].unique())
    axes.set_xscale("log")
    axes.set_xticks(budgets, [f"{seconds:g}" for seconds in budgets])
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set(xlabel="training budget: seconds of one core")
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    tidy(axes)


def _costs(axes: Axes, found: pd.DataFrame, colors: dict[str, str]) -> None:
    """Memory against images trained on in a second, larger marks for wider networks."""
    for model, color in colors.items():
        own = found[found["model"] == model]
        name = model.partition("-")[0]
        axes.plot(own["images_trained_per_second"], own["memory_mb"], "-", color=color, linewidth=0.8, label=name)
        sizes = 8 + 14 * np.arange(len(own))
        axes.scatter(own["images_trained_per_second"], own["memory_mb"], sizes, color=color, zorder=3)
    axes.set(xscale="log", yscale="log", xlabel="training: images a second", ylabel="MB a training step")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter("{x:,g}")
        axis.set_minor_formatter(NullFormatter())
    axes.tick_params(axis="x", labelrotation=45)
    axes.set_title(f"what they cost at widths {', '.join(map(str, sorted(found['width'].unique())))}", fontsize=9)
    tidy(axes)


def _setting(preset: Preset, machine: str) -> str:
    model, budgets = preset.compared[0], preset.budgets
    family = model.model.partition("-")[2]
    if budgets is None:
        raise ValueError(f"preset {preset.name} has no budgets")
    times = ", ".join(f"{seconds:g}" for seconds in budgets.seconds)
    return (
        f"Data set: {preset.dataset}. {counted(preset.seeds[: budgets.repeats])}: points; lines join their means. Each "
        f"method's {family} of depth {model.depth}, batches of {model.batch_size}, loss offset {model.offset:.3g}, for "
        f"the steps that it takes in {times} s of one core of {machine}, so that the one with the longest steps sees "
        f"the fewest images; the rate of each method is the one chosen for the comparison at equal steps and width "
        f"{model.width}. Certified: correct, and provably so within l2 radius {preset.radius:g} (pixels in [0, 1])."
    )


def _verdict(preset: Preset, order: pd.DataFrame) -> str:
    """Who leads in each budget, and how much of the first order is left in the last."""
    return " ".join(_verdict_at(preset, width, order[order["width"] == width]) for width in order["width"].unique())


def _verdict_at(preset: Preset, width: int, order: pd.DataFrame) -> str:
    certified, ranks = (order.pivot(index="model", columns="seconds", values=name) for name in ("certified", "rank"))
    leaders = "; ".join(
        f"{seconds:g} s: {_named(certified[seconds].idxmax())} {certified[seconds].max():.1%}" for seconds in certified
    )
    first, last = certified.columns[0], certified.columns[-1]
    moved = ranks[first] - ranks[last]
    words = f"Width {width}, the most certified: {leaders}."
    if len(ranks) < 3:
        return words
    kept = spearmanr(ranks[first], ranks[last]).statistic
    return (
        f"{words} Of the order at {first:g} s, {last:g} s keep a rank correlation of {kept:.2f}; "
        f"{_named(moved.idxmax())} gains the most places ({moved.max():g}), {_named(moved.idxmin())} loses the most "
        f"({-moved.min():g})."
    )


def _named(model: object) -> str:
    return str(model).partition("-")[0]


STUDY = Study(
    name="layers_budgets",
    title="1-Lipschitz layers in equal training time",
    question="Which 1-Lipschitz layer is the most robust for its training time, and does more time change that?",
    trials=trials,
    draw=draw,
    timed=True,
)
