"""The explorer of data scaling: its numbers are those of analysis.scaling, and its words follow from them."""

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis import scaling
from analysis.page import write_page
from analysis.scaling import Fit
from analysis.studies.all_laws import HELD_OUT, LAWS, TARGETS, grid_of, told
from analysis.studies.fitted import FittedCurve
from analysis.studies.measures import accurate
from analysis.studies.presets import DIGITS
from tests.page.conftest import Reader, fill

SETTINGS = 200
RELATIVE = 1e-6
SHOWN = "scalingExplorer?.curves"  # once the explorer has something to show
SIZES = 100.0 * 2.0 ** np.arange(8)
SHARED = {("MLP", 0.0): (0.02, 3.0, 0.5), ("AOL-MLP", 0.25): (0.1, 4.0, 0.4)}  # floor, scale and exponent
Fits = dict[tuple[str, float, str, bool], Fit]


def errors_of(floor: float, scale: float, exponent: float, seed: int) -> Any:
    noise = np.random.default_rng(seed).normal(0, 0.01, (len(SIZES), 4))
    return (floor + scale * SIZES**-exponent)[:, None] * np.exp(noise)


@pytest.fixture(scope="module")
def fits() -> Fits:
    """Each law on two curves, with and without the largest sizes."""
    found = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", scaling.NotIdentifiableWarning)
        for seed, ((model, radius), law) in enumerate(SHARED.items()):
            errors = errors_of(*law, seed)
            for held_out in (False, True):
                sizes = SIZES[: len(SIZES) - HELD_OUT * held_out]
                for name in LAWS:
                    made = scaling.fit(sizes, errors[: len(sizes)], name, np.arange(4), resamples=20)
                    found[model, radius, name, held_out] = made
    return found


def fitted(fit: Fit) -> FittedCurve:
    return FittedCurve(accurate(DIGITS.standard, ""), fit.sizes, np.empty((len(fit.sizes), 0)), fit, (0.0, 0.0, 0.0))


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, fits: Fits) -> Path:
    grid = grid_of(SIZES)
    curves = []
    for seed, ((model, radius), law) in enumerate(SHARED.items()):
        accuracy = 1 - errors_of(*law, seed)
        kinds = {"all": False, "smaller": True}
        curves.append(
            {
                "model": model,
                "radius": radius,
                "measured": [[n, each.mean(), each.min(), each.max()] for n, each in zip(SIZES, accuracy, strict=True)],
                "grid": grid.tolist(),
                "fits": {
                    kind: {name: told(fitted(fits[model, radius, name, out]), grid) for name in LAWS} | {"auto": "M2"}
                    for kind, out in kinds.items()
                },
            }
        )
    curves.append({"model": "AOL-MLP", "radius": 1.0, "measured": [[100.0, 0.0, None, None]], "grid": [], "fits": {}})
    explored = {"dataset": "digits", "radius": 0.25, "standard": "MLP", "robust": "AOL-MLP", "seeds": 4}
    explored |= {
        "level": 0.9,
        "visits": {"MLP": 10**6, "AOL-MLP": 12_000},
        "targets": TARGETS.tolist(),
        "curves": curves,
    }
    folder = fill(tmp_path_factory.mktemp("figures"))
    (folder / "digits" / "sample_complexity.json").write_text(json.dumps(explored))
    index = json.loads((folder / "drawn.json").read_text())
    index["digits/sample_complexity"] = {"key": "", "files": ["digits/sample_complexity.json"]}
    (folder / "drawn.json").write_text(json.dumps(index))
    return write_page(folder)


@pytest.fixture
def explorer(page: Path, reader: Reader) -> Reader:
    return reader.open(page).wait_for(SHOWN)


SET = """arguments[0].map(([model, radius, law, out, target]) => {
  const explorer = scalingExplorer;
  explorer.model.value = model;
  explorer.offerRadii(radius);
  explorer.law.value = law;
  explorer.heldOut.checked = out;
  explorer.aim(target);
  const { needed, ratio } = document.getElementById("scaling-words").dataset;
  return [...needed.split(" "), ...ratio.split(" ")];
})"""


def numbers(words: list[str]) -> list[float]:
    return [float(each.replace("Infinity", "inf")) for each in words]


def test_samples_needed_and_their_ratio_are_those_of_the_fits(explorer: Reader, fits: Fits) -> None:
    generator = np.random.default_rng(0)
    keys = list(SHARED)
    settings = []
    for _ in range(SETTINGS):
        model, radius = keys[generator.integers(2)]
        law, out = LAWS[generator.integers(len(LAWS))], bool(generator.integers(2))
        settings.append([model, radius, law, out, float(100 * TARGETS[generator.integers(len(TARGETS))])])
    largest = float(np.finfo(np.float32).max)
    for (model, radius, law, out, target), words in zip(settings, explorer.ask(SET, settings), strict=True):
        error = float(1 - TARGETS[round(2 * target) - 1])
        needed = fits[model, radius, law, out].samples_needed(error)
        ratio = scaling.ratio(fits[model, radius, law, out], fits["MLP", 0.0, law, out], error)
        if model == "MLP":
            ratio = (np.nan, np.nan, np.nan)
        if any(largest < each < np.inf for each in needed):
            continue  # no number of images
        np.testing.assert_allclose(numbers(words)[:3], needed, rtol=RELATIVE)
        np.testing.assert_allclose(numbers(words)[3:], ratio, rtol=RELATIVE)


def test_curves_and_bands_are_those_of_the_fits(explorer: Reader, fits: Fits) -> None:
    """To 1e-6 of the error, which is what float32 keeps of it."""
    script = (
        "(([model, radius, law, out]) => { const curve = scalingExplorer.curves.curves.find((each) => "
        "each.model === model && each.radius === radius); return alongLaw(curve, fitOf(curve, law, out).told)"
        ".map((each) => [each.n, each.mean, each.low, each.high]); })(arguments[0])"
    )
    for (model, radius, law, out), found in fits.items():
        along = np.array(explorer.ask(script, [model, radius, law, out]))
        low, high = found.interval(along[:, 0])
        np.testing.assert_allclose(1 - along[:, 1], found.predict(along[:, 0]), rtol=RELATIVE, atol=1e-12)
        np.testing.assert_allclose(1 - along[:, 3], low, rtol=RELATIVE, atol=1e-12)
        np.testing.assert_allclose(1 - along[:, 2], high, rtol=RELATIVE, atol=1e-12)


def test_the_answer_is_put_into_words(explorer: Reader, fits: Fits) -> None:
    explorer.ask(SET, [["AOL-MLP", 0.25, "M2", False, 85]])
    words = explorer.ask("document.getElementById('scaling-words').textContent")
    _, estimate, _ = fits["AOL-MLP", 0.25, "M2", False].samples_needed(0.15)
    assert words.startswith("To reach 85.0 % certified at 0.25, about ")
    assert f"{float(f'{estimate:.3g}'):,.0f} images" in words
    assert "times" in words
    assert "what MLP needs for the same accuracy" in words
    explorer.ask(SET, [["AOL-MLP", 0.25, "M2", False, 99.5]])
    words = explorer.ask("document.getElementById('scaling-words').textContent")
    assert "no number of images is enough by this law" in words


def test_a_budget_that_ends_before_the_data_is_said(explorer: Reader) -> None:
    note = "document.getElementById('scaling-note').textContent"
    explorer.ask(SET, [["AOL-MLP", 0.25, "M2", False, 85]])
    sentence = "AOL-MLP sees 12,000 images in all: beyond that its training is the limit, not the data."
    assert sentence in explorer.ask(note)
    explorer.ask(SET, [["MLP", 0.0, "M2", False, 85]])
    assert "in all" not in explorer.ask(note)


def test_what_is_not_identifiable_is_said(explorer: Reader) -> None:
    explorer.ask(SET, [["AOL-MLP", 1.0, "M2", False, 50]])
    assert "not measured" in explorer.ask("document.getElementById('scaling-words').textContent")
    assert explorer.complaints() == []


def test_held_out_points_are_hollow_and_extrapolation_is_dashed(explorer: Reader) -> None:
    explorer.ask(SET, [["MLP", 0.0, "M2", True, 50]])
    points = "[...document.querySelectorAll('#scaling-chart circle')]"
    hollow = f"{points}.filter((each) => each.getAttribute('fill') !== 'var(--accent)')"
    assert explorer.ask(f"{hollow}.length") == HELD_OUT
    assert explorer.ask("document.querySelectorAll('#scaling-chart [stroke-dasharray=\"6 5\"]').length") == 1
    explorer.ask(SET, [["MLP", 0.0, "M2", False, 50]])
    assert explorer.ask(f"{hollow}.length") == 0


def test_every_control_works_with_the_keyboard(explorer: Reader) -> None:
    def state() -> str:
        return str(explorer.ask("document.getElementById('scaling-words').textContent"))

    for control, keys in (("target", "\ue012"), ("law", "\ue015\ue015"), ("model", "\ue013"), ("held", " ")):
        before = state() + explorer.ask("document.getElementById('scaling-chart').innerHTML")
        explorer.ask(f"document.getElementById('scaling-{control}').focus()")
        explorer.press(*keys)
        assert state() + explorer.ask("document.getElementById('scaling-chart').innerHTML") != before, control


def test_an_answer_takes_less_than_fifty_milliseconds(explorer: Reader) -> None:
    """The quickest of five, so that what else the machine does does not count."""
    times = explorer.ask(
        "Array.from({ length: 5 }, (_, each) => { const start = performance.now();"
        "scalingExplorer.aim(50 + each); return performance.now() - start; })"
    )
    assert min(times) < 50


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
