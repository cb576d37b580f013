"""Radar charts: several scores of several things, each on a spoke."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

RINGS = (0.25, 0.5, 0.75, 1.0)


def plot_radar(axes: Axes, spokes: Sequence[str], scores: Mapping[str, Sequence[float]], colors: Sequence[str]) -> None:
    """Draw one closed line per thing; the outer ring is the best of each spoke.

    Args:
        axes: With a polar projection.
        spokes: Names of the scores, clockwise from the top.
        scores: Of each thing one number in [0, 1] per spoke, 1 the best; nan where there is none.
        colors: One per thing.

    Raises:
        ValueError: If a thing has not one score per spoke.

    Example:
        >>> axes = figure.add_subplot(projection="polar")
        >>> plot_radar(axes, ["accuracy", "speed", "memory"], {"AOL": [1, 0.5, 0.7]}, ["black"])
    """
    angles = 2 * np.pi * np.arange(len(spokes)) / len(spokes)
    axes.set_theta_offset(np.pi / 2)  # type: ignore[attr-defined]
    axes.set_theta_direction(-1)  # type: ignore[attr-defined]
    for (name, values), color in zip(scores.items(), colors, strict=True):
        if len(values) != len(spokes):
            raise ValueError(f"{name} has {len(values)} scores for {len(spokes)} spokes")
        closed = np.append(values, values[0])
        axes.plot(np.append(angles, angles[0]), closed, color=color, label=name, linewidth=1.4)
    axes.set_xticks(angles, spokes)
    for label, angle in zip(axes.get_xticklabels(), angles, strict=True):
        label.set_horizontalalignment(
            "center" if np.isclose(np.sin(angle), 0) else "left" if angle < np.pi else "right"
        )
    axes.set_ylim(0, 1)
    axes.set_yticks(RINGS, [""] * len(RINGS))
    axes.grid(color="#DDDDDD", linewidth=0.6)
