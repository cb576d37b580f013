"""What a training step of each 1-Lipschitz layer costs, as a network grows.

Question: how long does a training step of each layer take, how much does it hold, and how fast is a prediction?

Run:    python -m analysis run layers_cost --preset mnist --executor serial
Draw:   python -m analysis draw layers_cost --preset mnist
Cost:   one record. digits: half a minute. mnist: one and a half minutes.
Expect: figures/mnist/layers_cost.csv. Budgets of equal time are turned into steps by the same record.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator

from analysis.plots import new_figure, tidy
from analysis.studies.layers_compared import COLORS
from analysis.studies.preset import Preset
from analysis.studies.study import Drawing, Records, Study
from analysis.trials import Pace, step_seconds

PANELS = {
    "training_ms": "training: ms a step",
    "memory_mb": "training: MB a step",
    "images_per_second": "prediction: images a second",
}


def trials(preset: Preset) -> list[Pace]:
    """Find what is timed: every compared method at every width that is to be timed.

    Args:
        preset: The grid.

    Returns:
        One specification, so that all networks take turns on one core; none without budgets.
    """
    if preset.budgets is None or not preset.compared:
        return []
    first = preset.compared[0]
    return [
        Pace(
            dataset=preset.dataset,
            models=tuple(trial.model for trial in preset.compared),
            widths=preset.budgets.timed,
            depth=first.depth,
            batch_size=first.batch_size,
            rounds=preset.budgets.rounds,
        )
    ]


def paces(preset: Preset, records: Records) -> dict[tuple[str, int], float]:
    """Read the seconds of a step of each network.

    Args:
        preset: The grid.
        records: Of its paces, or none.

    Returns:
        By model and width.
    """
    found = [spec for spec in trials(preset) if spec in records]
    return {network: pace for spec in found for network, pace in step_seconds(spec, records[spec]).items()}


def draw(preset: Preset, records: Records) -> Drawing:
    """Time and memory of a step, and predictions a second, against the width.

    Args:
        preset: The grid.
        records: Of its paces.

    Returns:
        The figure and its table.
    """
    (spec,) = trials(preset)
    rows = costs(spec, records)
    figure = new_figure(10, 3.6)
    for axes, (column, label) in zip(figure.subplots(1, len(PANELS)), PANELS.items(), strict=True):
        _panel(axes, spec, rows, column)
        axes.set(xlabel="width", title=label)
    axes.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), fontsize=8, frameon=False)
    figure.suptitle(f"{STUDY.title}: {preset.dataset}", fontsize=10.5)
    return Drawing(figure, {"": rows}, _caption(spec, rows))


def costs(spec: Pace, records: Records) -> pd.DataFrame:
    """Costs of each network.

    Args:
        spec: Which networks.
        records: Of it.

    Returns:
        Columns ``model``, ``width``, those of ``PANELS``, ``images_trained_per_second``, and ``rounds_median``: the
        median round's time of a step over that of the fastest, which is the one that counts.
    """
    arrays = records[spec]["arrays"]
    training, inference = (np.asarray(arrays[name]) for name in ("training", "inference"))
    rows = []
    for place, model in enumerate(spec.models):
        for column, width in enumerate(spec.widths):
            rounds = training[:, place, column]
            rows.append(
                {
                    "model": model,
                    "width": width,
                    "training_ms": 1e3 * rounds.min(),
                    "images_trained_per_second": spec.batch_size / rounds.min(),
                    "memory_mb": arrays["memory"][place, column] / 1e6,
                    "images_per_second": 1 / inference[:, place, column].min(),
                    "rounds_median": np.median(rounds) / rounds.min(),
                }
            )
    return pd.DataFrame(rows)


def _panel(axes: Axes, spec: Pace, rows: pd.DataFrame, column: str) -> None:
    for model, color in zip(spec.models, COLORS, strict=False):
        own = rows[rows["model"] == model]
        axes.plot(own["width"], own[column], "o-", color=color, markersize=4, label=model.partition("-")[0])
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter("{x:,g}")
    axes.set_xticks(spec.widths, [str(width) for width in spec.widths])
    axes.minorticks_off()
    tidy(axes)


def _caption(spec: Pace, rows: pd.DataFrame) -> str:
    widest = rows[rows["width"] == max(spec.widths)]
    slow, fast = (widest.loc[getattr(widest["training_ms"], which)()] for which in ("idxmax", "idxmin"))
    family = spec.models[0].partition("-")[2]
    depth = "its own depth" if spec.depth is None else f"depth {spec.depth}"
    times = slow["training_ms"] / fast["training_ms"]
    return (
        f"Data set: {spec.dataset}. Each method's {family} of {depth}, batches of {spec.batch_size}. {how_timed(spec)} "
        f"The median round took up to {rows['rounds_median'].max():.2f} times as long. Memory: of parameters, their "
        f"gradients and momentum, and of what is kept for the backward pass. Predictions: in evaluation mode, weights "
        f"derived before. At width {max(spec.widths)} a step of {_method(slow)} takes {times:.1f} times as long as one "
        f"of {_method(fast)}."
    )


def how_timed(spec: Pace) -> str:
    """Say how steps were timed, for captions.

    Args:
        spec: What was.

    Returns:
        A sentence.
    """
    return (
        f"Times: of the processor, one network at a time on one thread, the fastest of {spec.rounds} rounds in which "
        f"the networks take turns; other programs on the machine do not enter them."
    )


def _method(row: pd.Series) -> str:
    return str(row["model"]).partition("-")[0]


STUDY = Study(
    name="layers_cost",
    title="What 1-Lipschitz layers cost",
    question="How long does a training step of each layer take, how much does it hold, and how fast is a prediction?",
    trials=trials,
    draw=draw,
    tuned=False,
)
