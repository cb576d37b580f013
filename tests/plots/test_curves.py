"""A curve on axes is the curve that was given: the same points, the same intervals, gaps where nothing was measured."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgba
from numpy.typing import NDArray

from analysis.plots import Curve, new_figure

CURVE = Curve("network", [1, 2, 4], [0.2, 0.5, 0.6], [0.1, 0.4, 0.5], [0.3, 0.6, 0.8], "#D55E00", "--")


@pytest.fixture
def axes() -> Axes:
    drawn: Axes = new_figure(3, 2).subplots()
    return drawn


def corners(band: PolyCollection) -> set[tuple[float, float]]:
    return {(float(x), float(y)) for path in band.get_paths() for x, y in path.vertices}


def points(x: list[float], *ends: NDArray[np.float64]) -> set[tuple[float, float]]:
    return {(float(a), float(b)) for end in ends for a, b in zip(x, end, strict=True)}


def test_the_line_is_the_means(axes: Axes) -> None:
    CURVE.plot(axes)
    (line,) = axes.lines
    np.testing.assert_array_equal(line.get_xydata(), [[1, 0.2], [2, 0.5], [4, 0.6]])
    assert (line.get_label(), line.get_color(), line.get_linestyle()) == ("network", "#D55E00", "--")


def test_the_band_is_the_intervals_in_the_line_s_colour(axes: Axes) -> None:
    CURVE.plot(axes)
    (band,) = axes.collections
    assert corners(band) == points([1, 2, 4], CURVE.low, CURVE.high)
    assert tuple(band.get_facecolor()[0][:3]) == to_rgba("#D55E00")[:3]


def test_only_the_line_is_in_the_legend(axes: Axes) -> None:
    CURVE.plot(axes)
    assert axes.get_legend_handles_labels()[1] == ["network"]


@pytest.mark.parametrize("missing", [[1], [0, 2], [0, 1, 2]], ids=["middle", "ends", "all"])
def test_what_was_not_measured_is_a_gap(axes: Axes, missing: list[int]) -> None:
    mean, low, high = (np.array(values) for values in (CURVE.mean, CURVE.low, CURVE.high))
    for values in (mean, low, high):
        values[missing] = np.nan
    replace(CURVE, mean=mean, low=low, high=high).plot(axes)
    axes.figure.draw_without_rendering()
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), mean)
    assert {x for x, _ in corners(axes.collections[0])} <= {1, 2, 4} - {[1, 2, 4][i] for i in missing}


def test_means_without_intervals_are_drawn(axes: Axes) -> None:
    nothing = np.full(3, np.nan)
    replace(CURVE, low=nothing, high=nothing).plot(axes)
    axes.figure.draw_without_rendering()
    assert axes.lines[0].get_ydata().tolist() == [0.2, 0.5, 0.6]
    assert corners(axes.collections[0]) == set()


@pytest.mark.parametrize("name", ["x", "mean", "low", "high"])
def test_lengths_that_differ_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=rf"lengths differ.*'{name}': 2"):
        replace(CURVE, **{name: [0.1, 0.2]})
