"""What the page is made of: chapters, figures without captions, packed text, and what a folder holds."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from analysis.gallery import INDEX
from analysis.page import write_page
from analysis.page.chapters import CHAPTERS, chapters
from analysis.page.drawn import shown, undrawn
from analysis.page.packed import packed, unpacked
from analysis.page.vector import without_caption
from analysis.published import TABLES
from analysis.studies import STUDIES
from tests.page.conftest import CAPTION, DRAWN


def test_every_study_has_one_place() -> None:
    found = chapters(STUDIES)
    assert sorted(name for chapter in found for name in chapter.studies) == sorted(STUDIES)
    assert [chapter.name for chapter in found][: len(CHAPTERS)] == [chapter.name for chapter in CHAPTERS]


def test_chapters_follow_the_thesis_and_what_they_do_not_name_comes_last() -> None:
    order = [chapter.name for chapter in chapters(["new", "spectrum"])]
    assert order == ["margins", "layers", "activations", "scaling", "subspaces", "theory", "more"]
    assert chapters(["new", "spectrum"])[-1].studies == ("new",)


def test_published_tables_beside_chapters_exist() -> None:
    assert {name for chapter in CHAPTERS for name in chapter.published} <= TABLES.keys()


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "≤ √2 </script>" * 1000])
def test_packed_text_comes_back_and_cannot_end_a_script(text: str) -> None:
    assert unpacked(packed(text)) == text
    assert packed(text) == packed(text)
    assert packed(text).isascii()
    assert "<" not in packed(text)


def test_the_caption_and_its_room_are_cut_off(drawn_once: Path) -> None:
    entry = json.loads((drawn_once / INDEX).read_text())["mnist/data_scaling"]
    text = (drawn_once / "mnist" / "data_scaling.svg").read_text()
    assert entry["caption"] == CAPTION
    assert entry["height"] == 180
    vector = without_caption(text, entry["height"])
    assert (vector.width, vector.height) == (432, 180)
    root = ElementTree.fromstring(vector.text)  # noqa: S314
    whole = ElementTree.fromstring(text)  # noqa: S314
    assert root.attrib["viewBox"] == "0 0 432 180"
    assert float(whole.attrib["viewBox"].split()[-1]) > 180
    names = [[each.get("id") for each in tree.iter() if each.get("id")] for tree in (whole, root)]
    assert set(names[0]) - set(names[1]) >= {"caption"}
    assert "axes_1" in names[1]
    assert "metadata" not in vector.text


def test_without_a_caption_nothing_is_cut_off() -> None:
    text = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 30 20"><g id="axes"/></svg>'
    assert without_caption(text, 10).height == 20


@pytest.mark.parametrize("text", ["", "<svg", "<svg/>", '<svg viewBox="a b c d"/>'])
def test_what_is_no_figure_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no SVG"):
        without_caption(text)


def test_figures_are_found_with_their_captions_and_numbers(drawn_once: Path) -> None:
    found = shown(drawn_once)
    assert sorted(f"{each.shelf}/{each.study.name}" for each in found) == sorted(DRAWN)
    assert all(each.caption == CAPTION and not each.problems for each in found)
    assert {tuple(table.rows for table in each.tables) for each in found} == {(2, 2)}


def test_what_is_not_drawn_is_named_with_its_command(drawn_once: Path) -> None:
    lines = undrawn(shown(drawn_once))
    assert "Nothing is drawn of cifar10-jpeg: python -m analysis figures --preset cifar10-jpeg" in lines
    (line,) = [line for line in lines if "“Spectrum” of mnist" in line]
    assert line.endswith("run spectrum --preset mnist, then python -m analysis draw spectrum --preset mnist")
    assert any("run theory_curves" in line for line in lines)
    assert not any("hidden_bit" in line or "data_scaling --preset mnist" in line for line in lines)


def test_the_same_figures_give_the_same_bytes(figures: Path) -> None:
    first = write_page(figures).read_bytes()
    assert write_page(figures).read_bytes() == first
    (figures / "digits" / "data_scaling.csv").write_text("a\n1\n")
    assert write_page(figures).read_bytes() != first


def test_no_path_of_the_machine_is_on_the_page(figures: Path) -> None:
    (figures / "mnist" / "data_scaling.svg").unlink()
    assert str(figures.parent) not in write_page(figures).read_text()
