"""A radar chart closes its lines and starts at the top."""

import numpy as np
import pytest

from analysis.plots import new_figure, plot_radar


def test_lines_are_closed_and_spokes_equally_far() -> None:
    axes = new_figure(3, 3).add_subplot(projection="polar")
    plot_radar(axes, ["a", "b", "c"], {"x": [1.0, 0.5, 0.2], "y": [0.3, 1.0, 1.0]}, ["black", "red"])
    x, y = axes.lines
    np.testing.assert_allclose(x.get_ydata(), [1.0, 0.5, 0.2, 1.0])
    np.testing.assert_allclose(np.mod(y.get_xdata(), 2 * np.pi), [0, 2 * np.pi / 3, 4 * np.pi / 3, 0])
    assert axes.get_theta_offset() == np.pi / 2
    assert [label.get_text() for label in axes.get_xticklabels()] == ["a", "b", "c"]
    assert [line.get_label() for line in axes.lines] == ["x", "y"]


def test_a_thing_without_a_score_for_every_spoke_is_refused() -> None:
    axes = new_figure(3, 3).add_subplot(projection="polar")
    with pytest.raises(ValueError, match="x has 2 scores for 3 spokes"):
        plot_radar(axes, ["a", "b", "c"], {"x": [1.0, 0.5]}, ["black"])
