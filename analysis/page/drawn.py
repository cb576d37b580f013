"""What lies in a folder of figures, and what is missing or broken there."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analysis.gallery import Gallery
from analysis.page.vector import Vector, without_caption
from analysis.studies import STUDIES
from analysis.studies.presets import PRESETS
from analysis.studies.study import Study

SUFFIXES = (".svg", ".csv", ".json")
FIRST = ("mnist", "cifar10-jpeg", "digits")  # of the data sets that a study was drawn for; others follow


@dataclass(frozen=True)
class Table:
    """Numbers behind a figure.

    Attributes:
        name: Of the file.
        text: CSV.
    """

    name: str
    text: str

    @property
    def rows(self) -> int:
        """Number of rows, without the header."""
        return max(len(self.text.splitlines()) - 1, 0)


@dataclass(frozen=True)
class Shown:
    """A figure as it was found.

    Attributes:
        study: What it answers.
        shelf: Its folder: a data set, or a place that all data sets share.
        caption: Data set, sizes, seeds, radius, hardware and commit of the records; empty if it is not known.
        vector: The figure; None where its file is missing or broken.
        tables: The numbers behind it.
        explored: What answers questions about it, JSON; empty where there is nothing.
        problems: What is missing or broken, a sentence each.
    """

    study: Study
    shelf: str
    caption: str = ""
    vector: Vector | None = None
    tables: tuple[Table, ...] = ()
    explored: str = ""
    problems: tuple[str, ...] = field(default=())

    @property
    def name(self) -> str:
        """In links."""
        return f"{self.shelf}-{self.study.name}"


def shown(folder: Path) -> list[Shown]:
    """Read all figures of a folder.

    Args:
        folder: Of a :class:`~analysis.gallery.Gallery`.

    Returns:
        One entry per figure that was drawn, the data sets of a study in a fixed order; those of unknown studies are
        left out.
    """
    entries = Gallery(folder).entries()
    found = [_read(folder, name, entry) for name, entry in entries.items() if name.rpartition("/")[2] in STUDIES]
    return sorted(found, key=lambda each: (list(STUDIES).index(each.study.name), _rank(each.shelf), each.shelf))


def undrawn(figures: list[Shown]) -> list[str]:
    """What could be drawn of the presets and is not, with the command that draws it.

    Args:
        figures: Those there are.

    Returns:
        A line each; one for all studies of a preset of which there is nothing.
    """
    there = {(each.shelf, each.study.name) for each in figures}
    shelves = {shelf for shelf, _ in there}
    lines = []
    for preset in FIRST:
        wanted = [s for s in STUDIES.values() if s.shelf is None and s.trials(PRESETS[preset])]
        missing = [study for study in wanted if (preset, study.name) not in there]
        if preset not in shelves:
            lines.append(f"Nothing is drawn of {preset}: python -m analysis figures --preset {preset}")
        else:
            lines += [_advice(study, preset) for study in missing]
    shared = [study for study in STUDIES.values() if study.shelf and (study.shelf, study.name) not in there]
    return [*lines, *(_advice(study, None) for study in shared)]


def _advice(study: Study, preset: str | None) -> str:
    options = f"{study.name}{f' --preset {preset}' if preset else ''}"
    place = f" of {preset}" if preset else ""
    return (
        f"There is no figure “{study.title}”{place}: python -m analysis run {options}, then python -m analysis draw "
        f"{options}"
    )


def _rank(shelf: str) -> int:
    return FIRST.index(shelf) if shelf in FIRST else len(FIRST)


def _read(folder: Path, name: str, entry: Mapping[str, Any]) -> Shown:
    shelf, _, study = name.rpartition("/")
    problems: list[str] = []
    vector, tables, explored = None, [], ""
    for file in entry["files"]:
        path = folder / str(file)
        if path.suffix not in SUFFIXES:
            continue
        try:
            text = path.read_text(encoding="utf-8")
            if path.suffix == ".csv":
                tables.append(Table(path.name, text))
            elif path.suffix == ".json":
                json.loads(text)
                explored = text
            else:
                vector = without_caption(text, entry.get("height"))
        except (OSError, ValueError) as error:
            problems.append(_described(path, error))
    if vector is None and not any(f"{study}.svg" in problem for problem in problems):
        problems.append(f"{name}.svg is missing")
    caption = str(entry.get("caption", ""))
    return Shown(STUDIES[study], shelf, caption, vector, tuple(tables), explored, tuple(problems))


def _described(path: Path, error: Exception) -> str:
    """Without the folder, which is of whoever drew the page."""
    place = f"{path.parent.name}/{path.name}"
    return f"{place} is missing" if isinstance(error, FileNotFoundError) else f"{place} cannot be read"


def by_study(figures: list[Shown]) -> Iterator[tuple[Study, list[Shown]]]:
    """Group figures.

    Args:
        figures: From :func:`shown`.

    Yields:
        Each study with its figures.
    """
    for study in STUDIES.values():
        inside = [each for each in figures if each.study is study]
        if inside:
            yield study, inside
