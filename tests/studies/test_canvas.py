"""Nothing of a figure is cut off: titles, labels, legends and the whole caption lie inside, and not on each other."""

from collections.abc import Callable
from typing import Any

import pytest

from analysis import gallery
from analysis.gallery import printed
from analysis.plots import house_style
from analysis.studies import STUDIES, hidden_bit, theory_curves
from analysis.studies.preset import Preset
from analysis.studies.presets import DIGITS, MNIST
from analysis.studies.study import Study

Invent = Callable[[Study, Preset], dict[Any, dict[str, Any]]]
PIXEL = 1.0


@pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES)
def test_everything_lies_inside_the_figure(study: Study, invent: Invent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gallery, "FORMATS", {})  # the layout is all that matters here
    for study_of_theory in (hidden_bit, theory_curves):
        monkeypatch.setattr(study_of_theory, "REPEATS", 2)
    with house_style():
        preset = MNIST if study.shelf or study.trials(MNIST) else DIGITS
        drawing = study.draw(preset, invent(study, preset))
        printed(drawing)
        figure = drawing.figure
        figure.draw_without_rendering()
        canvas, caption = figure.bbox, figure.texts[-1].get_window_extent()
        drawn = figure.get_tightbbox().transformed(figure.dpi_scale_trans)
        lowest = min(axes.get_tightbbox().y0 for axes in figure.get_axes() if axes.get_visible())
    assert drawn.x0 >= canvas.x0 - PIXEL
    assert drawn.y0 >= canvas.y0 - PIXEL
    assert drawn.x1 <= canvas.x1 + PIXEL
    assert drawn.y1 <= canvas.y1 + PIXEL
    assert caption.x1 <= canvas.x1
    assert caption.y1 <= lowest + PIXEL
