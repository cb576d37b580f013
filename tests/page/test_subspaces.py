"""The explorer of subspaces: its numbers are those of analysis.subspaces, its images those of the projections."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis import datasets, subspaces
from analysis.page import write_page
from analysis.studies import STUDIES
from analysis.studies.presets import DIGITS
from analysis.studies.recorded import radii
from analysis.studies.slices import trials
from analysis.trials import Slices, run_trials
from tests.page.conftest import Reader, fill

SETTINGS = 200
RELATIVE = 1e-6
SHOWN = "bandExplorer?.bands"  # once the explorer has something to show


@pytest.fixture(scope="module")
def space() -> subspaces.Subspace:
    return subspaces.principal_subspace(datasets.load("digits").train.images)


@pytest.fixture(scope="module")
def recorded() -> dict[str, Any]:
    """Accuracies that nobody measured: each band's is its own."""
    known = [[0.9 - 0.1 * place, 0.8 - 0.1 * place, 0.95 - 0.1 * place] for place in range(5)]
    bands = [None, ((0, 16),), ((16, None),), ((32, None),), ((0, 4), (32, None))]
    rings = radii(DIGITS)
    return {
        "radius": DIGITS.radius,
        "radii": rings,
        "seeds": 5,
        "bands": [
            {
                "components": band,
                "standard": {"model": "MLP", "accuracy": each},
                "robust": {
                    "model": "AOL-MLP",
                    "accuracy": each,
                    "certified": [[each[0] / 2, None, None] for _ in rings],
                },
            }
            for band, each in zip(bands, known, strict=True)
        ],
    }


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, recorded: dict[str, Any]) -> Path:
    """A page of digits, and of a set of the user's that keeps eight directions only."""
    folder = fill(tmp_path_factory.mktemp("figures"))
    index = json.loads((folder / "drawn.json").read_text())
    for shelf, spec in (("digits", Slices(dataset="digits")), ("letters", Slices(dataset="digits", kept=8))):
        (record,) = run_trials([spec])
        compute = STUDIES["slices"].draw(DIGITS, {trials(DIGITS)[0]: record}).explored
        assert compute is not None
        (folder / shelf / "slices.json").write_text(json.dumps(compute()))
        index[f"{shelf}/slices"] = {"key": "", "files": [f"{shelf}/slices.json"]}
    (folder / "digits" / "subspace_accuracy.json").write_text(json.dumps(recorded))
    index["digits/subspace_accuracy"] = {"key": "", "files": ["digits/subspace_accuracy.json"]}
    (folder / "drawn.json").write_text(json.dumps(index))
    return write_page(folder)


@pytest.fixture
def explorer(page: Path, reader: Reader) -> Reader:
    return reader.open(page).wait_for(SHOWN)


MOVE = """arguments[0].map(([first, last]) => {
  bandExplorer.set(first, last);
  document.getElementById("bands-last").dispatchEvent(new Event("input"));
  const { share, norm } = document.getElementById("bands-words").dataset;
  return [Number(share), Number(norm)];
})"""


def test_share_and_norm_are_those_of_the_subspace(explorer: Reader, space: subspaces.Subspace) -> None:
    generator = np.random.default_rng(0)
    settings = [np.sort(generator.choice(62, size=2, replace=False)).tolist() for _ in range(SETTINGS)]
    for (first, last), (share, norm) in zip(settings, explorer.ask(MOVE, settings), strict=True):
        assert share == pytest.approx(space.variance_share(first, last), rel=RELATIVE)
        assert norm == pytest.approx(subspaces.typical_norm(space.band(first, last)), rel=RELATIVE)


PART = """((shelf, first, last) => bandsOf(shelf).then(({ slices }) => {
  const [from, to] = nearestCut(slices, first, last);
  return [from, to, [...putTogether(slices, from, to)]];
}))(...arguments)"""


@pytest.mark.parametrize(("shelf", "bands"), [("digits", [(0, 61), (16, 61), (3, 40)]), ("letters", [(2, 8), (5, 61)])])
def test_images_are_the_projections(
    page: Path, reader: Reader, space: subspaces.Subspace, shelf: str, bands: list[tuple[int, int]]
) -> None:
    """Up to the bytes that directions are rounded to: a hundredth."""
    reader.open(page)
    images = run_trials([Slices(dataset="digits")])[0]["arrays"]["images"] / 255
    for first, last in bands:
        from_, to, part = reader.wait(PART, shelf, first, last)
        assert (from_, to) == (first, last)
        expected = space.band(first, last).project(images) - space.mean.reshape(8, 8, 1)
        np.testing.assert_allclose(np.array(part).reshape(images.shape), expected, atol=0.01)


@pytest.mark.parametrize(("asked", "shown"), [((9, 61), (8, 61)), ((15, 30), (16, 32)), ((20, 21), (16, 24))], ids=str)
def test_beyond_the_kept_directions_the_nearest_cut_is_shown(
    page: Path, reader: Reader, asked: tuple[int, int], shown: tuple[int, int]
) -> None:
    reader.open(page)
    assert tuple(reader.wait(PART, "letters", *asked)[:2]) == shown


def test_the_images_on_the_screen_are_these(explorer: Reader, space: subspaces.Subspace) -> None:
    explorer.ask(MOVE, [[16, 61]])
    pixels = explorer.ask(
        "[...document.querySelectorAll('#bands-images canvas')].map((each) => "
        "[...each.getContext('2d').getImageData(0, 0, 8, 8).data].filter((_, place) => place % 4 === 0))"
    )
    images = run_trials([Slices(dataset="digits")])[0]["arrays"]["images"]
    assert np.array_equal(np.array(pixels[:8]).reshape(images.shape), images)
    expected = 255 * space.band(16).project(images / 255).clip(0, 1)
    np.testing.assert_allclose(np.array(pixels[8:16]).reshape(images.shape), expected, atol=0.01 * 255 + 0.5)


def test_the_nearest_recorded_band_is_told(explorer: Reader, recorded: dict[str, Any]) -> None:
    for (first, last), place in {(0, 16): 1, (0, 15): 1, (16, 61): 2, (20, 61): 2, (33, 60): 3, (0, 61): 0}.items():
        explorer.ask(MOVE, [[first, last]])
        means = explorer.ask("[...document.querySelectorAll('#bands-table tbody tr')].map((each) => each.dataset.mean)")
        mean = recorded["bands"][place]["standard"]["accuracy"][0]
        assert [float(each) for each in means] == pytest.approx([mean, mean, mean / 2])


def test_the_radius_decides_whether_a_band_can_be_erased(explorer: Reader, space: subspaces.Subspace) -> None:
    norm = subspaces.typical_norm(space.band(32))
    for radius in radii(DIGITS):
        explorer.ask(
            "(document.getElementById('bands-radius').value = String(arguments[0]), "
            "document.getElementById('bands-radius').dispatchEvent(new Event('change')))",
            radius,
        )
        explorer.ask(MOVE, [[32, 61]])
        words = explorer.ask("document.getElementById('bands-words').textContent")
        assert ("no more than the radius" in words) == (norm <= radius)


def test_the_sliders_move_with_the_keyboard(explorer: Reader) -> None:
    explorer.ask(MOVE, [[16, 61]])
    explorer.ask("document.getElementById('bands-first').focus()")
    explorer.press("\ue014")  # right
    assert explorer.ask("document.getElementById('bands-first-number').value") == "17"
    explorer.press("\ue010")  # end: the last gives way
    assert explorer.ask(
        "[document.getElementById('bands-first').value, document.getElementById('bands-last').value]"
    ) == [
        "60",
        "61",
    ]


def test_moving_takes_less_than_fifty_milliseconds(explorer: Reader) -> None:
    """The quickest of five, so that what else the machine does does not count."""
    times = explorer.ask(
        "Array.from({ length: 5 }, (_, each) => { const start = performance.now();"
        "document.getElementById('bands-first').value = each;"
        "document.getElementById('bands-first').dispatchEvent(new Event('input'));"
        "return performance.now() - start; })"
    )
    assert min(times) < 50


def test_another_data_set_is_one_more_choice(explorer: Reader) -> None:
    assert explorer.ask("[...document.getElementById('bands-shelf').options].map((each) => each.value)") == [
        "digits",
        "letters",
    ]
    explorer.ask(
        "(document.getElementById('bands-shelf').value = 'letters', "
        "document.getElementById('bands-shelf').dispatchEvent(new Event('change')))"
    )
    explorer.wait("new Promise((done) => setTimeout(done, 300))")
    assert "No accuracies are recorded" in explorer.ask("document.getElementById('bands-table').textContent")
    assert explorer.complaints() == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [400, 1400])
def test_the_explorer_is_readable(page: Path, reader: Reader, width: int, dark: bool) -> None:
    reader.open(page, width=width, dark=dark).wait_for(SHOWN)
    assert reader.sticking_out() == 0
    assert reader.unreadable() == []
    assert reader.complaints() == []


def test_the_explorer_s_controls_are_reached_and_named(explorer: Reader) -> None:
    assert explorer.unreachable() == []
    assert explorer.unnamed() == []
