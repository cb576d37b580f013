"""Bars on axes have the given heights and intervals, side by side in their groups; nothing measured, nothing drawn."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.container import BarContainer

from analysis.plots import Bars, new_figure, plot_groups

GROUPS = ["all", "0-4", "32-"]


def bars(label: str, mean: list[float], color: str) -> Bars:
    heights = np.array(mean)
    return Bars(label, heights, heights - 0.05, heights + 0.1, color)


STANDARD = bars("standard", [0.9, 0.5, 0.7], "#d55e00")
ROBUST = bars("robust", [0.8, 0.45, 0.2], "#56b4e9")


@pytest.fixture
def axes() -> Axes:
    drawn: Axes = new_figure(4, 3).subplots()
    return drawn


def drawn_bars(axes: Axes) -> list[BarContainer]:
    return [container for container in axes.containers if isinstance(container, BarContainer)]


def interval_ends(axes: Axes) -> list[list[float]]:
    """Low and high ends of the vertical lines, shape (bars, 2)."""
    return [sorted(path.vertices[:, 1].tolist()) for lines in axes.collections for path in lines.get_paths()]


def test_heights_labels_and_colours_are_the_measures(axes: Axes) -> None:
    plot_groups(axes, GROUPS, [STANDARD, ROBUST])
    for drawn, given in zip(drawn_bars(axes), (STANDARD, ROBUST), strict=True):
        assert [bar.get_height() for bar in drawn] == given.mean.tolist()
        assert drawn.get_label() == given.label
        assert {to_hex(bar.get_facecolor()) for bar in drawn} == {given.color}


def test_intervals_reach_from_low_to_high(axes: Axes) -> None:
    plot_groups(axes, GROUPS, [STANDARD, ROBUST])
    expected = [ends for each in (STANDARD, ROBUST) for ends in zip(each.low, each.high, strict=True)]
    np.testing.assert_allclose(interval_ends(axes), expected, rtol=1e-14)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_bars_of_a_group_stand_around_its_name_without_overlap(axes: Axes, count: int) -> None:
    plot_groups(axes, GROUPS, [STANDARD] * count)
    lefts = np.array([[bar.get_x() for bar in drawn] for drawn in drawn_bars(axes)])
    rights = lefts + drawn_bars(axes)[0][0].get_width()
    assert (rights[:-1] <= lefts[1:]).all()
    assert (rights[-1, :-1] < lefts[0, 1:]).all()
    np.testing.assert_allclose((lefts[0] + rights[-1]) / 2, axes.get_xticks(), atol=1e-12)
    assert [label.get_text() for label in axes.get_xticklabels()] == GROUPS


def test_every_bar_has_its_percentage_above_its_interval(axes: Axes) -> None:
    plot_groups(axes, GROUPS, [STANDARD])
    assert [text.get_text() for text in axes.texts] == ["90", "50", "70"]
    assert all(text.get_position()[1] > high for text, high in zip(axes.texts, STANDARD.high, strict=True))


def test_what_was_not_measured_has_no_bar_no_interval_and_no_number(axes: Axes) -> None:
    gap = np.array([0.8, np.nan, 0.2])
    plot_groups(axes, GROUPS, [replace(ROBUST, mean=gap, low=gap - 0.05, high=gap + 0.1)])
    axes.figure.draw_without_rendering()
    heights = [bar.get_height() for bar in drawn_bars(axes)[0]]
    np.testing.assert_array_equal(heights, gap)
    assert [text.get_text() for text in axes.texts] == ["80", "20"]
    assert np.isfinite(interval_ends(axes)).all(axis=1).sum() == 2


def test_a_single_repeat_has_a_bar_without_an_interval(axes: Axes) -> None:
    nothing = np.full(3, np.nan)
    plot_groups(axes, GROUPS, [replace(ROBUST, low=nothing, high=nothing)])
    assert [bar.get_height() for bar in drawn_bars(axes)[0]] == ROBUST.mean.tolist()
    assert all(low == high for low, high in interval_ends(axes))


@pytest.mark.parametrize("length", [1, 2])
@pytest.mark.parametrize("name", ["mean", "low", "high"])
def test_lengths_that_differ_are_refused(name: str, length: int) -> None:
    with pytest.raises(ValueError, match=rf"lengths differ.*'{name}': {length}"):
        replace(STANDARD, **{name: np.full(length, 0.5)})


@pytest.mark.parametrize("groups", [["one"], ["one", "two"]], ids=len)
def test_measures_of_other_groups_are_refused(axes: Axes, groups: list[str]) -> None:
    with pytest.raises(ValueError, match=f"standard has 3 bars for {len(groups)} groups"):
        plot_groups(axes, groups, [STANDARD])
