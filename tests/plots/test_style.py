"""The look of the figures leaves matplotlib as it was, and captions find room on the figure they describe."""

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

from analysis.plots import add_caption, house_style, new_figure, tidy

LINE = "Data set: digits. 5 seeds. Certified: correct, and provably so within an l2 radius."


def settings() -> dict[str, object]:
    """All of matplotlib's, without asking for the backend, which would choose one."""
    return dict(dict.items(mpl.rcParams))


@pytest.fixture
def figure() -> Figure:
    made = new_figure(6, 3)
    axes = made.subplots()
    axes.plot([1, 2], [3, 4])
    axes.set(xlabel="training images", ylabel="accuracy", title="Title")
    return made


def test_settings_return_at_the_end() -> None:
    before = settings()
    with house_style():
        assert settings() != before
    assert settings() == before


def test_settings_return_after_an_error() -> None:
    before = settings()
    with pytest.raises(KeyError), house_style():
        raise KeyError("drawing failed")
    assert settings() == before


def test_a_new_figure_has_the_size_that_was_asked_for() -> None:
    assert new_figure(5, 2.5).get_size_inches().tolist() == [5, 2.5]


@pytest.mark.parametrize("lines", [1, 3, 8])
def test_a_caption_fits_on_the_figure_that_grew_for_it(figure: Figure, lines: int) -> None:
    add_caption(figure, [LINE] * lines)
    figure.draw_without_rendering()
    caption = figure.texts[-1].get_window_extent()
    assert figure.get_size_inches()[0] == 6
    assert figure.get_size_inches()[1] > 3
    assert figure.bbox.x0 <= caption.x0
    assert caption.x1 <= figure.bbox.x1
    assert figure.bbox.y0 <= caption.y0
    assert caption.y1 <= figure.axes[0].get_tightbbox().y0
    assert figure.axes[0].get_tightbbox().y1 <= figure.bbox.y1


def test_every_line_of_a_caption_is_there(figure: Figure) -> None:
    add_caption(figure, ["first", "second"])
    assert figure.texts[-1].get_text() == "first\nsecond"


def test_a_caption_does_not_shrink_the_axes(figure: Figure) -> None:
    figure.draw_without_rendering()
    before = figure.axes[0].get_window_extent().height
    add_caption(figure, [LINE] * 5)
    figure.draw_without_rendering()
    assert figure.axes[0].get_window_extent().height >= before - 1  # pixel


def test_tidy_axes_have_a_grid_behind_and_two_lines_of_a_frame(figure: Figure) -> None:
    axes = figure.axes[0]
    tidy(axes)
    assert {name for name, spine in axes.spines.items() if spine.get_visible()} == {"left", "bottom"}
    assert axes.get_axisbelow() is True
