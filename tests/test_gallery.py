"""Figures on disk: four formats, the same bytes each time, drawn again only when something changed."""

import json
import os
import re
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from analysis import gallery
from analysis.gallery import DRAWING_CODE, INDEX, Gallery, drawing_key, printed
from analysis.plots import Curve, house_style, new_figure
from analysis.studies.presets import DIGITS
from analysis.studies.study import Drawing

TABLE = pd.DataFrame(
    {
        "model": ["MLP", "AOL-MLP", "AOL-MLP"],
        "point": ["0-4 + 32-", "all", "a, b"],
        "size": [20, 60_000, 81],
        "value": [0.9876, np.nan, 1 / 3],
    }
)
NAME, KEY = "digits/curves", "0123456789abcdef"


def small_drawing() -> Drawing:
    """A line, a band, clipped points, text, mathematics and a legend: what figures are made of."""
    with house_style():
        figure = new_figure(4, 2)
        axes: Axes = figure.subplots()
        Curve("network", [1, 2, 4], [0.1, 0.5, np.nan], [0.0, 0.4, np.nan], [0.2, 0.6, np.nan], "#D55E00").plot(axes)
        axes.set(xscale="log", title="Title, with a $n / 2^d$", ylim=(0.05, 1))
        axes.legend()
    return Drawing(figure, {"": TABLE, "_growth": TABLE[["model", "value"]]}, "A caption. " * 30)


def blank_drawing() -> Drawing:
    """Quick to save, for tests of what is kept and not of how it looks."""
    return Drawing(new_figure(1, 1), {"": TABLE, "_growth": TABLE[["model", "value"]]}, "Caption.")


@pytest.fixture
def figures(tmp_path: Path) -> Gallery:
    return Gallery(tmp_path / "figures")


def test_all_formats_and_tables_are_written(figures: Gallery) -> None:
    paths = figures.write(NAME, printed(blank_drawing()), KEY)
    written = {path.relative_to(figures.folder).as_posix() for path in figures.folder.rglob("*") if path.is_file()}
    names = {f"{NAME}.{suffix}" for suffix in ("pdf", "png", "svg", "csv")} | {f"{NAME}_growth.csv"}
    assert written == names | {INDEX}
    assert set(paths) == {figures.folder / name for name in names}


def test_what_a_page_needs_is_written_beside(figures: Gallery) -> None:
    asked = {"sizes": [20, None], "errors": {"MLP": 0.1}}
    paths = figures.write(NAME, printed(replace(blank_drawing(), explored=lambda: asked)), KEY)
    assert json.loads((figures.folder / f"{NAME}.json").read_text()) == asked
    assert figures.folder / f"{NAME}.json" in paths


def test_files_are_what_their_names_say(figures: Gallery) -> None:
    contents = {path.suffix: path.read_bytes() for path in figures.write(NAME, printed(blank_drawing()), KEY)}
    assert contents[".pdf"].startswith(b"%PDF")
    assert contents[".png"].startswith(b"\x89PNG")
    assert b"<svg" in contents[".svg"][:1000]


def test_the_same_drawing_is_the_same_bytes_at_another_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Matplotlib takes its dates from this variable: were one in a file, the files would differ."""
    contents = []
    for folder, now in (("first", "0"), ("second", "1000000000")):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", now)
        paths = Gallery(tmp_path / folder).write(NAME, printed(small_drawing()), KEY)
        contents.append({path.name: path.read_bytes() for path in paths})
    assert contents[0].keys() == contents[1].keys()
    assert [name for name in contents[0] if contents[0][name] != contents[1][name]] == []


def test_what_a_layout_s_last_digits_change_is_in_no_file() -> None:
    """They differ from run to run, with where in memory the solver keeps its variables."""
    files = []
    for left in (0.2, np.nextafter(0.2, 1)):
        drawing = small_drawing()
        drawing.figure.set_layout_engine(None)
        drawing.figure.get_axes()[0].set_position((left, 0.3, 0.5, 0.6))
        files.append(printed(drawing).files)
    assert [ending for ending in files[0] if files[0][ending] != files[1][ending]] == []
    assert re.search(rb'clip-path="url\(#(\w+)\)".*<clipPath id="\1">', files[0][".svg"], re.S), "still found"


def test_the_caption_is_on_the_figure_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gallery, "FORMATS", {})
    drawing = small_drawing()
    height = drawing.figure.get_size_inches()[1]
    printed(drawing)
    caption = drawing.figure.texts[-1]
    assert caption.get_text().split() == drawing.caption.split()
    assert drawing.figure.get_size_inches()[1] > height
    assert drawing.figure.bbox.containsx(caption.get_window_extent().x1)
    assert drawing.figure.bbox.containsy(caption.get_window_extent().y0)


def test_saving_leaves_matplotlib_as_it_was() -> None:
    before = dict(dict.items(mpl.rcParams))
    printed(blank_drawing())
    assert dict(dict.items(mpl.rcParams)) == before


def test_tables_come_back_from_csv(figures: Gallery) -> None:
    figures.write(NAME, printed(blank_drawing()), KEY)
    rows = pd.read_csv(figures.folder / f"{NAME}.csv")
    pd.testing.assert_frame_equal(rows, TABLE, rtol=5e-6)  # six digits are written
    assert rows["value"][0] == 0.9876


def test_a_figure_is_current_only_under_its_key(figures: Gallery) -> None:
    assert not figures.is_current(NAME, KEY)
    figures.write(NAME, printed(blank_drawing()), KEY)
    assert figures.is_current(NAME, KEY)
    assert not figures.is_current(NAME, KEY[::-1])
    assert not figures.is_current("digits/others", KEY)


def test_a_figure_that_lost_a_file_is_not_current(figures: Gallery) -> None:
    for path in figures.write(NAME, printed(blank_drawing()), KEY):
        content = path.read_bytes()
        path.unlink()
        assert not figures.is_current(NAME, KEY), path
        path.write_bytes(content)
    assert figures.is_current(NAME, KEY)


@pytest.mark.parametrize(
    "index",
    [
        b"",
        b'{"digits/cur',
        b"\xff\xfe\x00",
        b"[]",
        b"3",
        b'{"digits/curves": 3}',
        b'{"digits/curves": {"key": "0123456789abcdef"}}',
        b'{"digits/curves": {"key": "0123456789abcdef", "files": []}}',
        b'{"digits/curves": {"key": "0123456789abcdef", "files": null}}',
    ],
    ids=["empty", "cut", "bytes", "list", "number", "entry-number", "no-files", "files-empty", "files-null"],
)
def test_under_a_corrupt_index_nothing_is_current(tmp_path: Path, index: bytes) -> None:
    (tmp_path / INDEX).write_bytes(index)
    assert not Gallery(tmp_path).is_current(NAME, KEY)


@pytest.mark.parametrize("index", [b'{"digits/cur', b"[]", b'{"mnist/curves": 3}'], ids=["cut", "list", "number"])
def test_drawing_mends_a_corrupt_index(figures: Gallery, index: bytes) -> None:
    (figures.folder / INDEX).write_bytes(index)
    figures.write(NAME, printed(blank_drawing()), KEY)
    assert figures.is_current(NAME, KEY)


def test_figures_do_not_forget_each_other(figures: Gallery) -> None:
    figures.write(NAME, printed(blank_drawing()), KEY)
    figures.write("mnist/curves", printed(blank_drawing()), KEY[::-1])
    assert figures.is_current(NAME, KEY)
    assert Gallery(figures.folder).is_current("mnist/curves", KEY[::-1])


def test_a_gallery_can_be_moved(figures: Gallery) -> None:
    figures.write(NAME, printed(blank_drawing()), KEY)
    moved = figures.folder.rename(figures.folder.with_name("moved"))
    assert Gallery(moved).is_current(NAME, KEY)
    assert str(figures.folder.parent) not in (moved / INDEX).read_text()


@pytest.mark.parametrize("inside", ["", "deeper"])
def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path, inside: str) -> None:
    blocked = tmp_path / "figures"
    blocked.write_text("not a folder")
    with pytest.raises(PermissionError, match=f"figures cannot be written to {blocked / inside}"):
        Gallery(blocked / inside)
    assert blocked.read_text() == "not a folder"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of a few files, in whose place the gallery believes to be."""
    folder = tmp_path / "package"
    for part in (*DRAWING_CODE, "trials", "runner"):
        path = folder / part if part.endswith(".py") else folder / part / "code.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {part}")
    monkeypatch.setattr(gallery, "__file__", str(folder / "gallery.py"))
    return folder


@pytest.fixture
def record_files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{name}.npz" for name in "ab"]
    for path in paths:
        path.write_bytes(path.name.encode())
    return paths


def test_the_key_changes_with_the_bytes_of_a_record(package: Path, record_files: list[Path]) -> None:
    before = drawing_key(DIGITS, record_files)
    assert drawing_key(DIGITS, record_files[::-1]) == before
    assert drawing_key(DIGITS, record_files[:1]) != before
    record_files[1].write_bytes(b"b.npy")
    assert drawing_key(DIGITS, record_files) != before


def test_the_key_does_not_change_with_the_time_of_a_file(package: Path, record_files: list[Path]) -> None:
    before = drawing_key(DIGITS, record_files)
    os.utime(record_files[0], (0, 0))
    os.utime(package / "gallery.py", (0, 0))
    assert drawing_key(DIGITS, record_files) == before


def test_the_key_changes_with_the_settings(package: Path) -> None:
    others = [
        replace(DIGITS, radius=0.3),
        replace(DIGITS, seeds=(0,)),
        DIGITS.tuned({DIGITS.name_of(trial): 1.0 for trial in DIGITS.searched}),
        None,
    ]
    assert len({drawing_key(settings, []) for settings in (DIGITS, *others)}) == 5
    assert drawing_key(replace(DIGITS), []) == drawing_key(DIGITS, [])


@pytest.mark.parametrize("part", DRAWING_CODE)
def test_the_key_changes_with_the_code_that_draws(package: Path, part: str) -> None:
    before = drawing_key(DIGITS, [])
    path = package / part if part.endswith(".py") else package / part / "code.py"
    path.write_text("# changed")
    assert drawing_key(DIGITS, []) != before


@pytest.mark.parametrize("part", ["studies", "plots"])
def test_the_key_changes_with_a_new_file_of_that_code(package: Path, part: str) -> None:
    before = drawing_key(DIGITS, [])
    (package / part / "deeper").mkdir()
    (package / part / "deeper" / "new.py").write_text("")
    assert drawing_key(DIGITS, []) != before


def test_the_key_does_not_change_with_other_code(package: Path) -> None:
    """What trains is in the records already."""
    before = drawing_key(DIGITS, [])
    (package / "trials" / "code.py").write_text("# changed")
    (package / "studies" / "notes.txt").write_text("no code")
    assert drawing_key(DIGITS, []) == before


def test_the_code_that_draws_exists() -> None:
    """A folder that was renamed would silently drop out of the key."""
    folder = Path(gallery.__file__).parent
    assert all((folder / part).exists() for part in DRAWING_CODE)


@pytest.mark.parametrize("library", ["matplotlib", "numpy", "pandas"])
def test_the_key_changes_with_the_libraries(package: Path, library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = drawing_key(DIGITS, [])
    monkeypatch.setattr(f"{library}.__version__", "0.0.0")
    assert drawing_key(DIGITS, []) != before
