"""One look for all figures, set without touching matplotlib's global state."""

from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

COLORS = {  # Okabe and Ito
    "standard": "#D55E00",
    "robust": "#56B4E9",
    "certified": "#0072B2",
    "smoothed": "#CC79A7",
    "certified by noise": "#009E73",
    "other": "#F0C040",
    "other certified": "#A06000",
    "share": "#888888",
}
CAPTION_LINE = 0.16  # inches
DIGITS = 6  # of a place, relative to the figure
CAPTION = "caption"  # name of its group in an SVG, where a page that has the words as words leaves them out


def house_style() -> AbstractContextManager[None]:
    """Settings under which figures are drawn and saved; equal figures are then saved as equal bytes.

    Returns:
        A context; matplotlib's own settings return at its end.

    Example:
        >>> with house_style():
        ...     figure = new_figure(6, 4)
    """
    return rc_context(
        {
            "font.size": 9.5,
            "axes.titlesize": 10.5,
            "savefig.dpi": 150,
            "pdf.fonttype": 42,  # text as text, that a reader can search
            "svg.hashsalt": "analysis",  # fixed names of clip paths
        }
    )


def new_figure(width: float, height: float, **options: Any) -> Figure:
    """Make a figure that no window manager knows of.

    Args:
        width: Inches.
        height: Inches, without the caption.
        **options: Passed to ``Figure``.

    Returns:
        An empty figure.

    Example:
        >>> axes = new_figure(6, 4).subplots()
    """
    figure = Figure(figsize=(width, height), layout="constrained", **options)
    FigureCanvasAgg(figure)
    return figure


def tidy(axes: Any) -> None:
    """Drop the frame's upper and right line, and draw a light horizontal grid.

    Args:
        axes: To be changed.
    """
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#DDDDDD", linewidth=0.6)
    axes.set_axisbelow(True)


def add_caption(figure: Figure, lines: list[str]) -> None:
    """Write a caption below a figure, which grows to make room.

    Args:
        figure: To be changed.
        lines: Lines of the caption.
    """
    room = CAPTION_LINE * (len(lines) + 0.5)
    width, height = figure.get_size_inches()
    figure.set_size_inches(width, height + room)
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.set(rect=(0, room / (height + room), 1, height / (height + room)))  # type: ignore[call-arg]
    options = {"fontsize": 7, "color": "#555555", "va": "bottom", "ha": "left", "linespacing": 1.4}
    figure.text(0.01, 0.01, "\n".join(lines), gid=CAPTION, **options)  # type: ignore[arg-type]


def settle(figure: Figure) -> None:
    """Lay a figure out for good, to a millionth of its size.

    The last digits of the solver that finds the layout differ from process to process, and files print ten of them.

    Args:
        figure: To be changed; what is drawn into it afterwards makes no room for itself.
    """
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for axes in figure.axes:
        for which in ("original", "active"):
            box = axes.get_position(original=which == "original")
            axes.set_position(Bbox(np.round(box.get_points(), DIGITS)), which=which)
    for text in figure.texts:
        x, y = text.get_position()
        text.set_position((round(x, DIGITS), round(y, DIGITS)))
