"""The page in a real browser: opened from its file, read at two widths, in light and dark, with the keyboard alone."""

import csv
import io
import time
from pathlib import Path

import pytest

from analysis.gallery import Gallery
from analysis.page import write_page
from tests.page.conftest import CAPTION, DRAWN, Reader

WIDTHS = (400, 1400)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_everything_is_readable(page: Path, reader: Reader, width: int, dark: bool) -> None:
    """Nothing sticks out sideways; text has 12 pixels or more, and the contrast that WCAG 2.2 (1.4.3) asks for."""
    reader.open(page, width=width, dark=dark)
    assert reader.sticking_out() == 0
    assert reader.unreadable() == []
    assert reader.complaints() == []


def test_every_figure_is_there_on_white_paper(page: Path, reader: Reader) -> None:
    reader.open(page, dark=True)
    reader.wait("showAllDrawings()")
    widths = reader.ask("[...document.querySelectorAll('img')].map((each) => each.naturalWidth)")
    assert len(widths) == len(DRAWN)
    assert all(width > 100 for width in widths)
    papers = reader.ask(
        "[...document.querySelectorAll('.paper')].map((each) => getComputedStyle(each).backgroundColor)"
    )
    assert set(papers) == {"rgb(255, 255, 255)"}


def test_figures_come_without_being_asked_for(page: Path, reader: Reader) -> None:
    """The first one is on the screen, so it is unpacked."""
    reader.open(page)
    end = time.monotonic() + 5
    while not reader.ask("document.querySelector('img').naturalWidth") and time.monotonic() < end:
        time.sleep(0.02)
    assert reader.ask("document.querySelector('img').naturalWidth") > 100


def test_it_needs_no_other_file_and_no_network(page: Path, tmp_path: Path, reader: Reader) -> None:
    alone = tmp_path / "sent to a colleague.html"
    alone.write_bytes(page.read_bytes())
    reader.open(alone)
    reader.wait("showAllDrawings()")
    fetched = reader.ask("performance.getEntriesByType('resource').map((each) => each.name)")
    assert [name for name in fetched if not name.startswith(("blob:", "data:"))] == []
    assert reader.complaints() == []


def test_it_opens_in_less_than_two_seconds(page: Path, reader: Reader) -> None:
    reader.open(page)
    assert reader.ask("performance.getEntriesByType('navigation')[0].loadEventEnd") < 2000


def test_one_data_set_of_a_study_is_shown_at_a_time(page: Path, reader: Reader) -> None:
    """A data set of the user's is one more choice."""
    reader.open(page)
    shown = "[...document.querySelectorAll('#study-data_scaling figure')].filter((e) => !e.hidden).map((e) => e.id)"
    labels = "[...document.querySelectorAll('#study-data_scaling label')].map((each) => each.textContent.trim())"
    assert reader.ask(labels) == ["mnist", "digits", "letters"]
    assert reader.ask(shown) == ["mnist-data_scaling"]
    reader.ask("document.querySelector('#study-data_scaling input[value=letters]').click()")
    assert reader.ask(shown) == ["letters-data_scaling"]
    everywhere = "document.getElementById('everywhere')"
    reader.ask(f"{everywhere}.value = 'digits', {everywhere}.dispatchEvent(new Event('change'))")
    assert reader.ask(shown) == ["digits-data_scaling"]
    assert reader.ask("document.querySelector('#study-margin_loss figure').hidden") is False, "there is no other"


def test_a_link_to_a_hidden_figure_shows_it(page: Path, reader: Reader) -> None:
    reader.open(page, at="#letters-data_scaling")
    assert reader.ask("document.getElementById('letters-data_scaling').hidden") is False
    assert reader.ask("document.getElementById('mnist-data_scaling').hidden") is True
    reader.wait("new Promise((done) => setTimeout(done, 300))")
    assert abs(reader.ask("document.getElementById('letters-data_scaling').getBoundingClientRect().top")) < 450


def test_captions_are_words_and_not_drawn_twice(page: Path, reader: Reader) -> None:
    reader.open(page)
    captions = reader.ask("[...document.querySelectorAll('figcaption')].map((each) => each.textContent)")
    assert captions == [CAPTION] * len(DRAWN)
    sizes = reader.ask("[...document.querySelectorAll('img')].map((each) => [each.width, each.height])")
    ratio = sizes[0][0] / sizes[0][1]
    assert ratio == pytest.approx(6 / 2.5, rel=0.01), "the room of the caption is cut off"


def test_the_numbers_behind_a_figure_are_those_of_its_file(page: Path, reader: Reader) -> None:
    reader.open(page)
    reader.ask("document.querySelector('#mnist-data_scaling details').open = true")
    reader.wait("new Promise((done) => setTimeout(done, 200))")
    rows = "[...document.querySelectorAll('#mnist-data_scaling tr')].map((r) => [...r.cells].map((c) => c.textContent))"
    text = (page.parent / "mnist" / "data_scaling.csv").read_text()
    assert reader.ask(rows) == list(csv.reader(io.StringIO(text)))
    assert reader.wait("unpacked(document.querySelector('#mnist-data_scaling .table'))") == text


def test_numbers_can_be_copied(page: Path, reader: Reader) -> None:
    reader.open(page)
    reader.ask("document.querySelector('#mnist-data_scaling details').open = true")
    reader.wait("new Promise((done) => setTimeout(done, 200))")
    reader.driver.execute_cdp_cmd("Browser.grantPermissions", {"permissions": ["clipboardReadWrite"]})
    reader.ask("document.querySelector('#mnist-data_scaling button').click()")
    reader.wait("new Promise((done) => setTimeout(done, 200))")
    assert reader.wait("navigator.clipboard.readText()") == (page.parent / "mnist" / "data_scaling.csv").read_text()
    assert reader.ask("document.getElementById('said').textContent") == "data_scaling.csv is copied"


@pytest.mark.parametrize("width", WIDTHS)
def test_every_control_is_reached_and_named_with_the_keyboard_alone(page: Path, reader: Reader, width: int) -> None:
    reader.open(page, width=width)
    assert reader.unreachable() == []


def test_every_control_has_a_name_that_can_be_said(page: Path, reader: Reader) -> None:
    reader.open(page)
    assert reader.unnamed() == []


def test_an_empty_folder_makes_a_page_that_says_so(tmp_path: Path, reader: Reader) -> None:
    reader.open(write_page(Gallery(tmp_path).folder))
    text = reader.ask("document.body.innerText")
    assert "There are no figures yet: python -m analysis figures draws them." in text
    assert "Nothing is drawn of mnist" in text
    assert reader.complaints() == []


def test_broken_files_are_named_and_the_rest_is_there(figures: Path, reader: Reader) -> None:
    (figures / "mnist" / "data_scaling.svg").write_text("<svg>")
    (figures / "mnist" / "data_scaling_growth.csv").unlink()
    (figures / "mnist" / "margin_loss.csv").write_bytes(b"\xff\xfe\x00")
    reader.open(write_page(figures))
    text = reader.ask("document.body.innerText")
    for sentence in (
        "mnist/data_scaling.svg cannot be read",
        "mnist/data_scaling_growth.csv is missing",
        "mnist/margin_loss.csv cannot be read",
    ):
        assert text.count(sentence) == 2, "in its place, and in the list of what is missing"
    reader.wait("showAllDrawings()")
    assert all(reader.ask("[...document.querySelectorAll('img')].map((each) => each.naturalWidth > 100)"))
    assert reader.complaints() == []
