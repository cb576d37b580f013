"""The page of claims says what the records say, and every verdict follows from its numbers."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.claims import Claim, Evidence, Measured, claims, page
from analysis.claims.all_of_them import ASKED
from analysis.claims.claim import FAILS, HOLDS, IN_PART, UNMEASURED, UNTESTABLE, judged, points, share
from analysis.runner import Store
from analysis.scaling import fit
from analysis.studies import STUDIES
from analysis.studies.learning_rate import choose
from analysis.studies.n_function import toy
from analysis.studies.preset import Preset
from analysis.studies.presets import DIGITS, MNIST, PRESETS
from analysis.trials import Trial

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "data" / "results"
NUMBER = r"-?[\d,.]+(?:e-?\d+)?"


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return Evidence(RESULTS)


@pytest.fixture(scope="module")
def found(evidence: Evidence) -> dict[str, Claim]:
    judged_here = claims(evidence)
    assert len({claim.name for claim in judged_here}) == len(judged_here)
    return {claim.name: claim for claim in judged_here}


def section(text: str, name: str) -> str:
    (own,) = re.findall(rf"^## {name}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    return str(own)


def test_the_page_says_of_every_claim_what_the_records_say(found: dict[str, Claim]) -> None:
    """Whoever changes records or rules writes it anew: python -m analysis claims."""
    there, here = (ROOT / "docs" / "claims.md").read_text(), page(list(found.values()))
    assert re.findall(r"^## (.*)$", there, re.M) == list(found)
    late = {name for name in found if f"**{UNMEASURED}**" in section(there, name)}  # its records may be new
    for name, claim in found.items():
        if name not in late:
            assert section(there, name) == section(here, name)
            assert all(each.text in section(there, name) for each in claim.measured)
    if not any(found[name].measured for name in late):
        assert there == here


def test_figures_are_there(found: dict[str, Claim]) -> None:
    named = {claim.figure for claim in found.values() if claim.figure and claim.verdict != UNMEASURED}
    studies = {name.partition("/")[2] for name in named}
    assert studies <= set(STUDIES)
    assert {name.partition("/")[0] for name in named} <= {"digits", "mnist", "cifar10-jpeg", "data", "theory"}


def records_of_mnist(model: str, components: Any, size: int | None = None) -> list[Mapping[str, Any]]:
    """Straight from the store, at the rates that were chosen: none of the code that the claims use but the search's."""
    store = Store(RESULTS / "mnist")
    search = {spec: store[spec] for spec in STUDIES["learning_rate"].trials(MNIST)}
    rate = choose(MNIST, search)[model]
    (network,) = (trial for trial in MNIST.scaled if trial.classifier == model and trial.width in (None, 128))
    options = {field: getattr(network, field) for field in ("width", "depth", "steps", "offset", "temperature")}
    return [
        store[
            Trial(
                dataset="mnist",
                model=model,
                learning_rate=rate,
                seed=seed,
                subset_seed=seed,
                components=components,
                size=size,
                **options,
            )
        ]
        for seed in MNIST.seeds
    ]


def test_numbers_on_the_tail_of_mnist_are_those_of_its_records(found: dict[str, Claim]) -> None:
    accurate, certified, whole = found["useful-not-robust-mnist"].measured
    tail = ((200, None),)
    plain = [record["outcome"]["accuracy"] for record in records_of_mnist("MLP", tail)]
    assert accurate.value == pytest.approx(100 * np.mean(plain), abs=1e-9)
    radii = [record["arrays"]["radii"] for record in records_of_mnist("AOL-MLP", tail)]
    assert certified.value == pytest.approx(100 * np.mean([(each > 0.5).mean() for each in radii]), abs=1e-9)
    radii = [record["arrays"]["radii"] for record in records_of_mnist("AOL-MLP", None)]
    assert whole.value == pytest.approx(100 * np.mean([(each > 0.5).mean() for each in radii]), abs=1e-9)
    half = 2.353363 * np.std(plain, ddof=1) / 2  # Student's t of 3 degrees of freedom, 4 seeds
    assert accurate.high - accurate.value == pytest.approx(100 * half, rel=1e-5)


def test_places_of_layers_are_those_of_their_records(found: dict[str, Claim]) -> None:
    store = Store(RESULTS / "mnist")
    search = {spec: store[spec] for spec in STUDIES["learning_rate"].trials(MNIST)}
    tuned = MNIST.tuned(choose(MNIST, search))
    certified = {
        model.model: np.mean(
            [(store[tuned.trial(model, seed)]["arrays"]["radii"] > 0.5).mean() for seed in tuned.seeds]
        )
        for model in tuned.compared
    }
    places = sorted(certified, key=lambda model: -certified[model])
    for each in found["cpl-first-soc-next"].measured[:3]:
        model = each.what.partition(",")[0]
        assert f"place {places.index(model) + 1} of 9" in each.what
        assert each.value == pytest.approx(100 * certified[model], abs=1e-9)


def test_what_lot_takes_is_in_the_paces(found: dict[str, Claim]) -> None:
    (spec,) = STUDIES["layers_cost"].trials(DIGITS)
    arrays = Store(RESULTS / "digits")[spec]["arrays"]
    place = spec.models.index("LOT-LCN")
    values = {each.what: each.value for each in found["lot-is-the-dearest"].measured}
    fastest = 1e3 * arrays["training"][:, place, -1].min()
    assert values["LOT, ms a step, convolutions on digits"] == pytest.approx(fastest, rel=1e-12)
    assert values["LOT, MB a step, convolutions on digits"] == pytest.approx(arrays["memory"][place, -1] / 1e6)


def test_images_needed_on_mnist_are_those_of_its_records(found: dict[str, Claim]) -> None:
    """Errors straight from the records, and the law that predicts best fitted to them."""
    rows = [[1 - each["outcome"]["accuracy"] for each in records_of_mnist("MLP", None, size)] for size in MNIST.sizes]
    certified = [
        [1 - (each["arrays"]["radii"] > 0.5).mean() for each in records_of_mnist("AOL-MLP", None, size)]
        for size in MNIST.sizes
    ]
    sizes = [size or 60_000 for size in MNIST.sizes]
    fits = [
        fit(sizes, errors, groups=range(len(MNIST.seeds)), test_images=10_000, resamples=200)
        for errors in (rows, certified)
    ]
    claim = found["robustness-needs-more-mnist"]
    values = {each.what: each for each in claim.measured}
    for fitted, kind in zip(fits, ("plain", "certified"), strict=True):
        each = values[f"images for an error of 20 %, {kind}"]
        low, samples, high = fitted.samples_needed(0.2)
        assert (each.low, each.value, each.high) == pytest.approx((low, samples, high), rel=1e-6)
    assert values["times as many for an error of 20 %"].value == pytest.approx(
        fits[1].samples_needed(0.2)[1] / fits[0].samples_needed(0.2)[1], rel=1e-6
    )
    floor = found["data-alone-suffices-mnist"].measured[1]
    assert floor.value == pytest.approx(100 * fits[1].parameters["c"], rel=1e-6)


def test_extremes_of_the_toy_are_those_of_its_records(found: dict[str, Claim]) -> None:
    store = Store(RESULTS / "n-function")
    best, worst, _ = (each.value for each in found["restarts-do-not-help-maxmin"].measured)
    assert best == store[toy("MaxMin")]["arrays"]["mse"].min()
    assert worst == store[toy("N-near")]["arrays"]["mse"].max()


def test_without_records_only_theory_is_judged(tmp_path: Path) -> None:
    for claim in claims(Evidence(tmp_path)):
        theory = claim.figure in ("theory/hidden_bit", "theory/theory_curves") or claim.name.startswith("two-slopes")
        assert (claim.verdict in (UNMEASURED, UNTESTABLE)) != theory


class Invented(Evidence):
    """Tables that were made up."""

    def __init__(self, tables: Mapping[tuple[str, str], pd.DataFrame]) -> None:
        self._made_up = tables

    def table(self, preset: str, study: str, suffix: str = "") -> pd.DataFrame:
        return self._made_up[study, suffix]

    def preset(self, preset: str, study: str) -> Preset:
        return PRESETS[preset]


def answered(name: str, tables: Mapping[tuple[str, str], pd.DataFrame]) -> tuple[tuple[Measured, ...], str, str]:
    (asked,) = (each for each in ASKED if each.name == name)
    return asked.answer(Invented(tables))


@pytest.mark.parametrize(("far", "verdict"), [(0.02, HOLDS), (0.3, IN_PART)])
def test_layers_are_almost_orthogonal_where_they_are_near_isometries_at_the_end(far: float, verdict: str) -> None:
    columns = ["model", "layer", "step", "seed", "distance"]
    layers = [
        ("AOL-MLP", layer, step, seed, far if step else 0.5) for layer in (1, 2) for step in (0, 9) for seed in (0, 1)
    ]
    networks = [("AOL-MLP", step, seed, 0.9, 0.89) for step in (0, 9) for seed in (0, 1)]
    tables = {
        ("orthogonality", ""): pd.DataFrame(layers, columns=columns),
        ("orthogonality", "_networks"): pd.DataFrame(networks, columns=["model", "step", "seed", "bound", "slope"]),
    }
    (distance, tight), found, _ = answered("aol-is-almost-orthogonal", tables)
    assert (distance.value, tight.value) == (pytest.approx(100 * far), pytest.approx(100 * 0.89 / 0.9))
    assert found == verdict


@pytest.mark.parametrize(("high", "verdict"), [(1e-4, HOLDS), (3e-3, FAILS)])
def test_a_fit_is_better_where_its_interval_lies_below(high: float, verdict: str) -> None:
    columns = ["activation", "measure", "mean", "low", "high"]
    errors = [("MaxMin", 3e-3, 2e-3, 4e-3), ("N-near", 5e-5, 1e-5, high)]
    rows = [(name, what, *values) for name, *values in errors for what in ("mean squared error", "largest error")]
    tables = {("n_function", "_toy"): pd.DataFrame(rows, columns=columns)}
    assert answered("n-fits-the-toy-better", tables)[1] == verdict


@pytest.mark.parametrize(
    ("plain", "certified", "verdict"),
    [
        ((150, 200), (900, 1_200), HOLDS),
        ((150, 950), (900, 1_200), FAILS),
        ((20, 50), (90, 130), UNTESTABLE),
        ((20, 50), (900, np.inf), UNTESTABLE),
    ],
    ids=["apart", "overlapping", "too few to say", "never"],
)
def test_more_images_are_needed_where_intervals_are_apart(
    plain: tuple[float, float], certified: tuple[float, float], verdict: str
) -> None:
    """An interval is (low, high), with the estimate at its high end; the smallest set has 100 images."""
    measure = f"certified accuracy at {MNIST.radius:g}"
    rows = [
        {"model": model.classifier, "measure": name, "error": 0.2, "low": low, "samples": high, "high": high}
        | {"smallest": 100, "ratio": np.nan, "ratio_low": np.nan, "ratio_high": np.nan}
        for model, name, (low, high) in zip(MNIST.models, ("accuracy", measure), (plain, certified), strict=True)
    ]
    tables = {("sample_complexity", ""): pd.DataFrame(rows)}
    numbers, found, _ = answered("robustness-needs-more-mnist", tables)
    assert found == verdict
    assert bool(numbers) == (verdict != UNTESTABLE)


@pytest.mark.parametrize(("low", "verdict"), [(0.4, HOLDS), (0.6, FAILS)])
def test_floors_are_one_where_their_intervals_meet(low: float, verdict: str) -> None:
    """Of 0.5 at most for plain accuracy; no law without a floor has another than 0."""
    columns = ["model", "measure", "law", "c", "c_low", "c_high"]
    measures = ("accuracy", f"certified accuracy at {MNIST.radius:g}")
    values = (("M2", 0.45, 0.3, 0.5), ("M2", 0.7, low, 0.8))
    rows = [(model.classifier, name, *each) for model, name, each in zip(MNIST.models, measures, values, strict=True)]
    tables = {("sample_complexity", "_laws"): pd.DataFrame(rows, columns=columns)}
    assert answered("data-alone-suffices-mnist", tables)[1] == verdict
    rows[0] = (*rows[0][:2], "M1", np.nan, np.nan, np.nan)
    tables = {("sample_complexity", "_laws"): pd.DataFrame(rows, columns=columns)}
    numbers, found, _ = answered("data-alone-suffices-mnist", tables)
    assert (numbers[0].value, found) == (0, FAILS)


@pytest.mark.parametrize(("last", "verdict"), [((3.0, 5.0), HOLDS), ((0.1, 0.3), IN_PART), ((-0.2, 0.3), FAILS)])
def test_doublings_are_worth_the_same_where_first_and_last_overlap(last: tuple[float, float], verdict: str) -> None:
    measure = f"certified accuracy at {MNIST.radius:g}"
    laws = pd.DataFrame([{"model": "AOL-MLP", "measure": measure, "status": "ok", "law": "M1", "b": np.nan}])
    spans = {100: (4.0, 6.0), 200: (0.0, 9.0), 400: last}  # the second decides nothing
    steps = [
        {"model": "AOL-MLP", "measure": measure, "from": size, "to": 2 * size}
        | {"per_doubling": (low + high) / 200, "low": low / 100, "high": high / 100}
        for size, (low, high) in spans.items()
    ]
    tables = {("sample_complexity", "_laws"): laws, ("data_scaling", "_growth"): pd.DataFrame(steps[::-1])}
    numbers, found, _ = answered("every-doubling-the-same-mnist", tables)
    assert [each.what.partition("from ")[2] for each in numbers] == ["100 to 200 images", "400 to 800 images"]
    assert found == verdict


AHEAD, BEHIND, UNSURE = (0.1, 0.102), (-0.1, -0.1), (-0.3, 0.31)  # by how much, of two seeds


@pytest.mark.parametrize(
    ("budgets", "verdict"), [((AHEAD, AHEAD), HOLDS), ((AHEAD, UNSURE), IN_PART), ((BEHIND, UNSURE), FAILS)]
)
def test_a_layer_is_first_in_equal_time_where_it_is_certainly_above_the_best_other(
    budgets: tuple[tuple[float, float], ...], verdict: str
) -> None:
    rows = [
        (128, seconds, seed, model, value)
        for seconds, leads in enumerate(budgets, start=1)
        for seed, lead in enumerate(leads)
        for model, value in (("CPL-MLP", 0.5 + lead), ("AOL-MLP", 0.5), ("SOC-MLP", 0.1))
    ]
    tables = {("layers_budgets", ""): pd.DataFrame(rows, columns=["width", "seconds", "seed", "model", "certified"])}
    numbers, found, _ = answered("cpl-first-in-equal-time", tables)
    assert all("CPL-MLP over AOL-MLP" in each.what for each in numbers)
    assert found == verdict


@pytest.mark.parametrize(("sign", "verdict"), [(-1, HOLDS), (1, IN_PART)])
def test_a_change_of_the_offset_has_the_sign_that_is_asked_for(sign: int, verdict: str) -> None:
    steps = [(1 / 16, 1 / 4, sign), (1 / 4, 1.0, -1), (1.0, 4.0, sign)]  # the last is not asked for here
    rows = [
        {"from": first, "to": last, "share_of_radius": 0.0, "change": each / 100, "published": np.nan}
        | {"low": each / 100 - 0.001, "high": each / 100 + 0.001}
        for first, last, each in steps
    ]
    tables = {("margin_loss", "_changes"): pd.DataFrame(rows)}
    assert answered("smaller-offset-mnist", tables)[1] == verdict


@pytest.mark.parametrize(
    ("conditions", "verdict"),
    [((True, True), HOLDS), ((True, False), IN_PART), ((False, True), IN_PART), ((False, False), FAILS)],
)
def test_a_verdict_counts_the_parts_of_a_claim(conditions: tuple[bool, bool], verdict: str) -> None:
    assert judged(*conditions) == verdict


def test_shares_are_cut_to_what_is_possible_and_points_are_not() -> None:
    assert share("", [0.999, 0.96]).high == 100
    gained = points("", [0.03, -0.01])
    assert gained.value == pytest.approx(1)
    assert gained.high == pytest.approx(1 + 6.313752 * 2)  # t of 1 degree of freedom, times s / sqrt 2 = 2 points
    assert np.isnan(share("", [0.5]).low), "one seed has no interval"


@pytest.mark.parametrize(
    ("measured", "text"),
    [
        (Measured("accuracy", 85.15, 84.71, 85.58, "%"), "accuracy: 85.2 % [84.7, 85.6]"),
        (Measured("rank correlation", -0.0714), "rank correlation: -0.071"),
        (Measured("samples", 12_345.0), "samples: 12,345"),
        (Measured("gain", 0.0, 0.0, 0.0, "points"), "gain: 0 points [0, 0]"),
    ],
)
def test_numbers_are_written_as_people_write_them(measured: Measured, text: str) -> None:
    assert measured.text == text


@pytest.mark.parametrize("verdict", [HOLDS, UNTESTABLE, "true"])
def test_a_verdict_fits_what_was_measured(verdict: str) -> None:
    measured = (Measured("", 1.0),) if verdict == UNTESTABLE else ()
    with pytest.raises(ValueError, match="verdict"):
        Claim("name", "statement", "source", measured, verdict, "why", "")
