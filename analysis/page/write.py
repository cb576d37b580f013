"""The page: everything it shows, and the code that shows it, put into one file."""

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from analysis import published
from analysis.claims import VERDICTS, Claim
from analysis.page.chapters import chapters
from analysis.page.drawn import FIRST, Shown, Table, by_study, shown, undrawn
from analysis.page.packed import packed
from analysis.runner.files import write_whole

PAGE = "index.html"
SCRIPTS = ("packs", "numbers", "elements", "tables", "reading", "slices", "subspaces", "laws", "scaling", "start")
EXPLORED = ("sample_complexity", "slices", "subspace_accuracy", "subspace_sweep")
LIBRARIES = ("d3", "plot")  # the second uses the first
ASSETS = files("analysis.page") / "assets"


def write_page(folder: str | Path, claims: Sequence[Claim] = ()) -> Path:
    """Write the page of a folder of figures; the same figures give the same bytes.

    Args:
        folder: Of a :class:`~analysis.gallery.Gallery`, with whatever is drawn there; what is missing is said on the
            page.
        claims: Those that stand on top, with their verdicts.

    Returns:
        The file, ``index.html`` in that folder. It needs nothing else: no server, no network, no other file.

    Example:
        >>> write_page("figures")
        PosixPath('figures/index.html')
    """
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["packed"] = packed
    path = Path(folder) / PAGE
    template = environment.from_string(_asset("page.html"))
    write_whole(path, template.render(contents(Path(folder), claims)).encode())
    return path


def contents(folder: Path, claims: Sequence[Claim]) -> dict[str, Any]:
    """Everything the template asks for.

    Args:
        folder: Of figures.
        claims: Those that stand on top.

    Returns:
        By name.
    """
    figures = shown(folder)
    grouped = dict(by_study(figures))
    named = {study.name: study for study in grouped}
    shelves = sorted({each.shelf for each in figures if each.study.shelf is None})
    return {
        "claims": [(claim, _anchor(claim, figures)) for claim in claims],
        "verdicts": {verdict: sum(claim.verdict == verdict for claim in claims) for verdict in VERDICTS},
        "chapters": chapters(named),
        "studies": named,
        "figures": {study.name: inside for study, inside in grouped.items()},
        "shelves": [*(shelf for shelf in FIRST if shelf in shelves), *(s for s in shelves if s not in FIRST)],
        "explored": [each for each in figures if each.explored and each.study.name in EXPLORED],
        "published": {name: (table, _published(name)) for name, table in published.TABLES.items()},
        "problems": [*_problems(figures), *undrawn(figures)],
        "style": _asset("page.css"),
        "scripts": [_asset(f"scripts/{name}.js") for name in SCRIPTS],
        "libraries": [_asset(f"libraries/{name}.min.js") for name in LIBRARIES],
        "licences": {name: _asset(f"libraries/{name}.LICENSE") for name in LIBRARIES},
    }


def _anchor(claim: Claim, figures: Sequence[Shown]) -> str:
    """Of the figure that shows it; empty where that is not on the page."""
    names = {f"{each.shelf}/{each.study.name}": each.name for each in figures}
    return names.get(claim.figure, "")


def _published(name: str) -> Table:
    return Table(f"{name}.csv", published.load(name).to_csv(index=False, lineterminator="\n"))


def _problems(figures: list[Shown]) -> list[str]:
    return [problem for figure in figures for problem in figure.problems]


def _asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")
