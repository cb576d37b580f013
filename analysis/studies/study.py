"""What a study is: a question, the trials that answer it, and how the answer is drawn."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from analysis.studies.preset import Preset
from analysis.trials import Spec

Records = Mapping[Any, Mapping[str, Any]]  # from a specification to its record


@dataclass(frozen=True, eq=False)
class Drawing:
    """A figure, the numbers behind it, and what its reader must know.

    Attributes:
        figure: Without its caption.
        tables: Suffix of the file name to the numbers; the main table's suffix is empty.
        caption: Data set, sizes, seeds, radius, what intervals mean.
        explored: Computes what the page of all figures needs to answer questions about it, as JSON values; None for
            nothing.
        documents: Ending of the file name to text that belongs to the figure, such as a table in LaTeX.
    """

    figure: Figure
    tables: Mapping[str, pd.DataFrame]
    caption: str
    explored: Callable[[], Mapping[str, Any]] | None = None
    documents: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Study:
    """One figure of the thesis.

    Attributes:
        name: What the command line and the files call it.
        title: Headline of the figure.
        question: What the figure answers, one sentence.
        trials: From a preset to the specifications that are run; by default none.
        draw: From a preset and the records of those to the drawing.
        tuned: Whether the trials use learning rates that the search has chosen.
        timed: Whether the trials' steps follow from the paces that were measured.
        slow: Whether drawing takes so long that it is begun before the others.
        shelf: Folder of its figure where that is the same for every preset; None for the preset's own.
    """

    name: str
    title: str
    question: str
    draw: Callable[[Preset, Records], Drawing]
    trials: Callable[[Preset], Sequence[Spec]] = field(default=lambda preset: ())
    tuned: bool = True
    timed: bool = False
    slow: bool = False
    shelf: str | None = None
