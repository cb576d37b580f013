"""Our comparison of 1-Lipschitz layers against the published ones.

Question: does the order of the layers that was published for CIFAR return on small networks and other data?

Run:    python -m analysis run layers_published --preset mnist --executor processes
Draw:   python -m analysis draw layers_published --preset mnist
Cost:   nothing beside layers_compared, whose records these are.
Expect: figures/mnist/layers_published.csv; of seven methods, chance gives a rank correlation beyond 0.78 once in 20.
"""

from collections.abc import Callable, Iterator, Mapping
from math import factorial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from analysis import published
from analysis.plots import COLORS, new_figure, tidy
from analysis.scaling import estimate
from analysis.studies.captions import counted
from analysis.studies.layers_compared import trials
from analysis.studies.measures import INTERVALS, LEVEL, accuracy, certified_accuracy
from analysis.studies.preset import Preset
from analysis.studies.study import Drawing, Records, Study

TABLES = {"CIFAR-10": "layers_compared_cifar10", "CIFAR-100": "layers_compared_cifar100"}
TINTS = {"CIFAR-10": COLORS["certified"], "CIFAR-100": COLORS["standard"]}
SIZES = ("XS", "S", "M", "L")
MARKS = {2: "o", 10: "s", 24: "^"}  # hours of training
CLOSEST = ("XS", 2)  # to ours: the smallest network and the shortest training
MEASURES = {"accuracy": "accuracy_percent", "certified": "cra_36_255_percent"}  # ours, and the published column
FEWEST = 4  # methods: of three, even a perfect agreement comes up in a third of all orders
SURE = 0.05


def draw(preset: Preset, records: Records) -> Drawing:
    """Published against ours for CIFAR-10 and CIFAR-100, and the rank correlation with every published column.

    Args:
        preset: The grid.
        records: Of its trials.

    Returns:
        The figure, the numbers of every method, and the correlations (``_correlation``).
    """
    ours = _ours(preset, records)
    rows = pd.concat([_beside(ours, dataset) for dataset in TABLES], ignore_index=True)
    correlation = pd.DataFrame(_correlations(rows))
    figure = new_figure(11, 3.9)
    *scatters, right = figure.subplots(1, 3, width_ratios=(1, 1, 1.1))
    for axes, dataset in zip(scatters, TABLES, strict=True):
        closest = (rows["published"] == dataset) & (rows["size"] == CLOSEST[0]) & (rows["hours"] == CLOSEST[1])
        _scatter(axes, rows[closest], dataset)
    scatters[0].set_ylabel("published certified accuracy at 36/255")
    for axes in scatters:
        axes.set_xlabel(f"ours on {preset.dataset}, certified at {preset.radius:.3g}")
    figure.suptitle(f"{STUDY.title}: {preset.dataset}", fontsize=10.5)
    _plot_correlations(right, correlation[correlation["measure"] == "certified"])
    return Drawing(figure, {"": rows, "_correlation": correlation}, _caption(preset, ours, correlation))


def _ours(preset: Preset, records: Records) -> pd.DataFrame:
    """Mean and interval of both measures, a row for each method."""
    measured: dict[str, Callable[[Mapping[str, Any]], float]] = {
        "accuracy": accuracy,
        "certified": lambda record: certified_accuracy(record, preset.radius),
    }
    columns: dict[str, Any] = {"method": [model.model.partition("-")[0] for model in preset.compared]}
    for name, value in measured.items():
        values = [[value(records[preset.trial(model, seed)]) for seed in preset.seeds] for model in preset.compared]
        result = estimate(values, level=LEVEL, bounds=(0, 1))
        columns |= {name: result.mean, f"{name}_low": result.low, f"{name}_high": result.high}
    return pd.DataFrame(columns)


def _beside(ours: pd.DataFrame, dataset: str) -> pd.DataFrame:
    """Published rows of methods that are ours too; without trainings that diverged, which certify nothing."""
    table = published.load(TABLES[dataset])
    kept = table[table["cra_36_255_percent"] > 0]
    columns = {"method": kept["layer"], "size": kept["size"], "hours": kept["budget_hours"], "source": kept["source"]}
    shares = {f"published_{name}": kept[column] / 100 for name, column in MEASURES.items()}
    rows = pd.DataFrame({"published": dataset} | columns | shares)
    return rows.merge(ours, on="method")


def _correlations(rows: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Of every published column, by each measure."""
    for dataset in TABLES:
        for size in SIZES:
            for hours in MARKS:
                chosen = (rows["published"] == dataset) & (rows["size"] == size) & (rows["hours"] == hours)
                for measure in MEASURES:
                    pairs = rows.loc[chosen, [measure, f"published_{measure}"]].dropna()
                    rho, p = _rank_correlation(*pairs.to_numpy(dtype=float).T)
                    place = {"published": dataset, "size": size, "hours": hours, "measure": measure}
                    yield place | {"methods": len(pairs), "rho": rho, "p": p}


def _rank_correlation(first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """Spearman's rank correlation, and its two-sided p-value over all orders; nan where there is none."""
    from scipy.stats import permutation_test, rankdata

    if min(len(np.unique(first)), len(np.unique(second)), len(first) - FEWEST + 2) < 2:
        return float("nan"), float("nan")
    ranks, others = (rankdata(values) - (len(values) + 1) / 2 for values in (first, second))
    others /= np.sqrt((ranks**2).sum() * (others**2).sum())
    result = permutation_test(
        (ranks,),
        lambda order, axis: (order * others).sum(axis=axis),
        permutation_type="pairings",
        n_resamples=factorial(len(ranks)),
        vectorized=True,
    )
    return float(result.statistic), float(result.pvalue)


def _scatter(axes: Axes, rows: pd.DataFrame, dataset: str) -> None:
    errors = np.nan_to_num([rows["certified"] - rows["certified_low"], rows["certified_high"] - rows["certified"]])
    theirs = rows["published_certified"]
    axes.errorbar(rows["certified"], theirs, xerr=errors, fmt="o", markersize=4, elinewidth=1, color=TINTS[dataset])
    middle = rows["certified"].median()
    for name, x, y in zip(rows["method"], rows["certified"].to_numpy(), theirs, strict=True):
        if np.isfinite(x):
            side: Any = ("right", -4) if x < middle else ("left", 4)
            axes.annotate(name, (x, y), (side[1], 4), textcoords="offset points", fontsize=8, ha=side[0])
    axes.set_title(f"{dataset}, {CLOSEST[0]}, {CLOSEST[1]} hours", fontsize=9.5)
    axes.margins(x=0.2, y=0.12)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
        axis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.3g}%"))
    tidy(axes)


def _plot_correlations(axes: Axes, correlation: pd.DataFrame) -> None:
    """A mark for every published column, filled where chance is unlikely."""
    kinds = [(dataset, hours) for dataset in TABLES for hours in MARKS]
    for place, (dataset, hours) in enumerate(kinds):
        rows = correlation[(correlation["published"] == dataset) & (correlation["hours"] == hours)]
        x = np.arange(len(SIZES)) + 0.11 * (place - (len(kinds) - 1) / 2)
        color = TINTS[dataset]
        faces = [color if p < SURE else "white" for p in rows["p"]]
        style: dict[str, Any] = {"marker": MARKS[hours], "color": color, "markersize": 5, "linestyle": ""}
        for left, rho, face in zip(x, rows["rho"], faces, strict=True):
            axes.plot(left, rho, markerfacecolor=face, **style)
        axes.plot([], [], markerfacecolor="white", label=f"{dataset}, {hours} hours", **style)
    axes.axhline(0, color="#222222", linewidth=0.8)
    axes.set(ylim=(-1.05, 1.65), ylabel="rank correlation with ours", xlabel="published size")
    axes.set_xticks(range(len(SIZES)), SIZES)
    axes.set_yticks([-1, -0.5, 0, 0.5, 1])
    axes.legend(fontsize=7, ncols=2, loc="upper center")
    tidy(axes)


def _in_words(correlation: pd.DataFrame) -> str:
    """The correlations of the scatters, and how many of all are unlikely."""
    judged = correlation[correlation["measure"] == "certified"]
    closest = judged[judged["size"].eq(CLOSEST[0]) & judged["hours"].eq(CLOSEST[1])]
    found = [
        f"{row['published']}: {row['rho']:+.2f}, p = {row['p']:.2f}, {row['methods']} methods"
        if np.isfinite(row["rho"])
        else f"{row['published']}: none, {row['methods']} methods"
        for row in closest.to_dict("records")
    ]
    sure = (judged["p"] < SURE).sum()
    return (
        f"Spearman's rank correlation of the scatters: {'; '.join(found)}. Right: of all {len(judged)} published "
        f"columns; filled, {sure} of them, where its two-sided p-value over all orders of methods is below {SURE:g}, "
        f"as of one in twenty by chance; columns are not independent."
    )


def _caption(preset: Preset, ours: pd.DataFrame, correlation: pd.DataFrame) -> str:
    trial = preset.compared[0]
    family = trial.model.partition("-")[2]
    lost = int(ours["certified"].isna().sum())
    sources = " and ".join(published.TABLES[name].place for name in TABLES.values())
    return (
        f"Data set: {preset.dataset}. {counted(preset.seeds)}. Ours: {family} of width {trial.width} and depth "
        f"{trial.depth}, {trial.total_steps:,} steps of {trial.batch_size}, each method at its own learning rate; "
        f"certified within l2 radius {preset.radius:g} (pixels in [0, 1]). Published: {sources} of arXiv 2311.16833, "
        f"convolutional networks of size XS to L, 2 to 24 hours on an A100, augmented, one run each, those that "
        f"diverged left out. Other data, budget and size: orders compare, values do not. "
        f"{_in_words(correlation)} {INTERVALS}"
        + (f" {lost} of our methods diverged at every seed and are left out." if lost else "")
    )


STUDY = Study(
    name="layers_published",
    title="1-Lipschitz layers, published and ours",
    question="Does the order of the layers that was published for CIFAR return on small networks and other data?",
    trials=trials,
    draw=draw,
)
