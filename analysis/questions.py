"""How much data does an error need? Asked of a table of sizes and errors, with sliders in a notebook."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import scaling
from analysis.plots import COLORS, Curve, Prediction, house_style, new_figure, tidy

NEEDED = ("size", "error")
OPTIONAL: dict[str, Any] = {
    "seed": 0,
    "model": "classifier",
    "radius": 0.0,
}  # and what they are where the table has no such column
LAWS = ("auto", "M1", "M2", "M3", "M4", "log-linear")
BEYOND = 100.0  # times the largest size, to which laws are drawn
POINTS = 81
NOBODY = "-"


@dataclass(frozen=True, eq=False)
class Answer:
    """What a law says of a target.

    Attributes:
        text: In words.
        figure: The measured errors, the law, and the target.
        fit: The law.
    """

    text: str
    figure: Figure
    fit: scaling.Fit


class Question:
    """Learning curves of which one asks how many samples an error needs.

    Args:
        source: A CSV file, or a table: columns ``size`` and ``error`` (in [0, 1]), and where there are several,
            ``seed`` (of the subset), ``model`` and ``radius`` (at which errors are certified; 0 for plain errors).
        chance: Error of guessing, if it is known.
        test_images: Images behind each error, if their noise is to be part of the intervals.

    Attributes:
        table: Checked, with all five columns.

    Raises:
        ValueError: If a column is missing, or the table is empty.

    Example:
        >>> Question("errors.csv").sliders()
    """

    def __init__(
        self, source: str | Path | pd.DataFrame, *, chance: float | None = None, test_images: int | None = None
    ) -> None:
        read = source if isinstance(source, pd.DataFrame) else pd.read_csv(source)
        missing = [name for name in NEEDED if name not in read.columns]
        if missing or read.empty:
            found = ", ".join(map(str, read.columns))
            raise ValueError(
                f"a table of errors has columns size and error, and may have {', '.join(OPTIONAL)}; "
                f"got {len(read)} rows of {found}"
            )
        absent = {name: value for name, value in OPTIONAL.items() if name not in read.columns}
        self.table = read.assign(**absent)[[*NEEDED, *OPTIONAL]]
        self._options: dict[str, Any] = {"chance": chance, "test_images": test_images}
        self.fit = cache(self._fit)

    @property
    def models(self) -> list[str]:
        """Names of the classifiers."""
        return [str(name) for name in dict.fromkeys(self.table["model"])]

    def radii(self, model: str) -> list[float]:
        """Radii at which a classifier's errors are known.

        Args:
            model: One of ``self.models``.

        Returns:
            Rising.
        """
        return sorted(float(radius) for radius in self._of(model)["radius"].unique())

    def _of(self, model: str) -> pd.DataFrame:
        chosen = self.table[self.table["model"].astype(str) == model]
        if chosen.empty:
            raise ValueError(f"unknown model {model!r}: the table has {', '.join(self.models)}")
        return chosen

    def _curve(self, model: str, radius: float) -> pd.DataFrame:
        chosen = self._of(model)
        chosen = chosen[chosen["radius"] == radius]
        if chosen.empty:
            known = ", ".join(f"{one:g}" for one in self.radii(model))
            raise ValueError(f"{model} has no errors at radius {radius:g}: the table has {known}")
        return chosen

    def _fit(self, model: str, radius: float, law: str) -> scaling.Fit:
        curve = self._curve(model, radius)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", scaling.NotIdentifiableWarning)  # the answer says so
            return scaling.fit(curve["size"], curve["error"], law, curve["seed"], **self._options)

    def answer(
        self,
        target: float,
        *,
        model: str | None = None,
        radius: float | None = None,
        law: str = "auto",
        against: str | None = None,
        level: float = 0.9,
    ) -> Answer:
        """Say how many samples an error needs, and draw it.

        Args:
            target: The error, strictly between 0 and 1.
            model: Which classifier; the first if None.
            radius: At which radius; the smallest if None.
            law: As for ``scaling.fit``.
            against: A classifier whose plain error (at its smallest radius) is compared; None for no comparison.
            level: Of the intervals.

        Returns:
            Words, figure and fit.
        """
        name = self.models[0] if model is None else model
        place = self.radii(name)[0] if radius is None else radius
        found = self.fit(name, place, law)
        text = scaling.statement(found, target, level)
        if against is not None and against != NOBODY:
            text += " " + self._compared(found, self.fit(against, self.radii(against)[0], law), target, level, against)
        notes = f" ({'; '.join(found.notes)})" if found.notes else ""
        return Answer(text + notes, self._drawing(name, place, found, target, level), found)

    @staticmethod
    def _compared(found: scaling.Fit, other: scaling.Fit, target: float, level: float, name: str) -> str:
        low, times, high = scaling.ratio(found, other, target, level)
        if np.isnan(times):
            return f"There is no multiple of {name}'s number."
        if np.isinf(times):
            return f"{name} reaches it, with {scaling.number(other.samples_needed(target, level)[1])}."
        end = "or more" if np.isinf(high) else f"to {high:.3g}"
        return f"That is {times:.3g} times as many as {name} needs ({low:.3g} {end})."

    def _drawing(self, model: str, radius: float, found: scaling.Fit, target: float, level: float) -> Figure:
        curve = self._curve(model, radius)
        wide = curve.pivot_table("error", "size", "seed")
        result = scaling.estimate(wide.to_numpy(), level=level, bounds=(0.0, 1.0))
        with house_style():
            figure = new_figure(7, 4)
            axes = figure.subplots()
            color = COLORS["certified" if radius else "standard"]
            Curve("measured", wide.index, result.mean, result.low, result.high, color, "none").plot(axes)
            if found.form is not None:
                self._law(axes, found, level, color)
            axes.axhline(target, color=COLORS["smoothed"], linestyle=":", label=f"target {100 * target:.3g} %")
            title = f"{model}{f', certified at {radius:g}' if radius else ''}"
            axes.set(xscale="log", yscale="log", xlabel="training samples", ylabel="error", title=title)
            tidy(axes)
            axes.legend(fontsize=8)
        return figure

    @staticmethod
    def _law(axes: Axes, found: scaling.Fit, level: float, color: str) -> None:
        n = np.geomspace(found.sizes[0], BEYOND * found.sizes[-1], POINTS)
        low, high = found.interval(n, level)
        Prediction(found.law, n, found.predict(n), low, high, color, scaling.FAR * found.sizes[-1]).plot(axes)

    def sliders(self) -> Any:
        """The same with a slider for each choice, for a notebook.

        Returns:
            A widget of ipywidgets; its last child shows the answer.
        """
        import ipywidgets as widgets
        from IPython.display import Markdown, display

        model = widgets.Dropdown(options=self.models, description="classifier")
        radius = widgets.SelectionSlider(options=self.radii(self.models[0]), description="radius")
        law = widgets.Dropdown(options=LAWS, description="law")
        target = widgets.FloatLogSlider(value=0.1, min=-3, max=-0.05, step=0.01, description="error")
        against = widgets.Dropdown(options=[NOBODY, *self.models], description="against")
        shown = widgets.Output()

        def adapt(change: Any) -> None:
            radius.options = self.radii(model.value)

        def update(change: Any = None) -> None:
            with shown:
                shown.clear_output(wait=True)
                told = self.answer(
                    target.value, model=model.value, radius=radius.value, law=law.value, against=against.value
                )
                display(Markdown(told.text), told.figure)  # type: ignore[no-untyped-call]

        _follow(model, adapt)
        for control in (model, radius, law, target, against):
            _follow(control, update)
        update()
        return widgets.VBox([widgets.HBox([model, radius, law]), widgets.HBox([target, against]), shown])


def _follow(control: Any, action: Callable[[Any], None]) -> None:
    control.observe(action, names="value")
