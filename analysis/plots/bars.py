"""Groups of bars with intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

WIDTH = 0.8  # of a group


@dataclass(frozen=True, eq=False)
class Bars:
    """One measure of several things.

    Attributes:
        label: Name in the legend.
        mean: Heights, fractions, shape ``(groups,)``; nan where nothing was measured.
        low: Lower ends of the intervals, shape ``(groups,)``; nan where there is none.
        high: Upper ends, shape ``(groups,)``.
        color: As matplotlib takes it.

    Raises:
        ValueError: If the lengths differ.
    """

    label: str
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    color: str

    def __post_init__(self) -> None:
        lengths = {name: len(getattr(self, name)) for name in ("mean", "low", "high")}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"lengths differ: {lengths}")


def plot_groups(axes: Axes, groups: Sequence[str], measures: Sequence[Bars]) -> None:
    """Draw the measures side by side in each group, with the value in percent on top.

    Args:
        axes: To draw on.
        groups: Label under each group.
        measures: Each with one bar per group.

    Raises:
        ValueError: If a measure has not one bar per group.
    """
    for bars in measures:
        if len(bars.mean) != len(groups):
            raise ValueError(f"{bars.label} has {len(bars.mean)} bars for {len(groups)} groups")
    positions = np.arange(len(groups))
    width = WIDTH / len(measures)
    for index, bars in enumerate(measures):
        x = positions + (index + 0.5) * width - WIDTH / 2
        errors = np.nan_to_num(np.stack((bars.mean - bars.low, bars.high - bars.mean)))
        axes.bar(x, bars.mean, width * 0.95, label=bars.label, color=bars.color)
        axes.errorbar(x, bars.mean, errors, fmt="none", ecolor="#222222", elinewidth=0.9, capsize=2)
        for left, height, above in zip(x, bars.mean, errors[1], strict=True):
            if np.isfinite(height):
                axes.text(left, height + above + 0.01, f"{100 * height:.0f}", ha="center", va="bottom", fontsize=7)
    axes.set_xticks(positions, groups)
