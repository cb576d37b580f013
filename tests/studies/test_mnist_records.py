"""The records of MNIST that are kept with the code: what the chapters say of them is recomputed from them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.runner import Store
from analysis.studies import STUDIES
from analysis.studies.learning_rate import choose
from analysis.studies.measures import accuracy, certified_accuracy
from analysis.studies.preset import Preset
from analysis.studies.presets import MNIST
from analysis.studies.sources import decided
from analysis.trials import Components, Trial

STORE = Store(Path(__file__).resolve().parents[2] / "data" / "results" / "mnist")
SEARCH = STUDIES["learning_rate"]
ALL, WITHOUT_50, WITHOUT_200 = None, ((50, None),), ((200, None),)
Records = dict[Any, dict[str, Any]]


def read(specs: list[Any]) -> Records:
    missing = [spec for spec in specs if spec not in STORE]
    if missing:
        pytest.skip(f"{len(missing)} of {len(specs)} records of MNIST have not been made yet")
    return {spec: STORE[spec] for spec in specs}


@pytest.fixture(scope="module")
def search() -> Records:
    return read(list(SEARCH.trials(MNIST)))


@pytest.fixture(scope="module")
def preset(search: Records) -> Preset:
    """The preset with the learning rates that the search chooses."""
    return MNIST.tuned(choose(MNIST, search))


@pytest.fixture(scope="module")
def records() -> Records:
    """Of every study whose records have all been made."""
    every = [decided(study, MNIST, lambda source, specs: read(list(specs))) for study in STUDIES.values()]
    declared = [study.trials(preset) for study, preset in zip(STUDIES.values(), every, strict=True)]
    ours = [[spec for spec in specs if spec.dataset == "mnist"] for specs in declared]
    return read([*dict.fromkeys(spec for specs in ours if all(spec in STORE for spec in specs) for spec in specs)])


def texts(value: Any) -> Iterator[str]:
    """All strings of a JSON value, keys included."""
    if isinstance(value, dict):
        yield from value
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from texts(each)
    if isinstance(value, str):
        yield value


def standard(preset: Preset, records: Records, components: Components | None) -> float:
    found = [accuracy(records[preset.trial(preset.standard, seed, components=components)]) for seed in preset.seeds]
    return float(np.mean(found))


def robust(preset: Preset, records: Records, components: Components | None) -> list[dict[str, Any]]:
    return [records[preset.trial(preset.robust, seed, components=components)] for seed in preset.seeds]


def certified(preset: Preset, records: Records, components: Components | None) -> float:
    return float(np.mean([certified_accuracy(each, 0.5) for each in robust(preset, records, components)]))


def test_on_all_components_both_networks_are_accurate_and_one_is_robust(preset: Preset, records: Records) -> None:
    assert standard(preset, records, ALL) >= 0.975
    assert np.mean([accuracy(each) for each in robust(preset, records, ALL)]) >= 0.93
    assert certified(preset, records, ALL) >= 0.78


@pytest.mark.parametrize(
    ("components", "accurate", "robust_below"),
    [(WITHOUT_50, 0.92, 0.15), (WITHOUT_200, 0.84, 0.02)],
    ids=["without-50", "without-200"],
)
def test_low_variance_directions_allow_accuracy_but_no_robustness(
    preset: Preset, records: Records, components: Components, accurate: float, robust_below: float
) -> None:
    assert standard(preset, records, components) >= accurate
    assert certified(preset, records, components) < robust_below


@pytest.mark.parametrize(
    ("components", "share"), [(ALL, 1.0), (WITHOUT_50, 0.175), (WITHOUT_200, 0.034)], ids=["all", "50-", "200-"]
)
def test_shares_of_variance_are_the_published_ones(
    preset: Preset, records: Records, components: Components, share: float
) -> None:
    for model in preset.models:
        outcome = records[preset.trial(model, 0, components=components)]["outcome"]
        assert outcome["variance_share"] == pytest.approx(share, abs=5e-4)


def test_learning_rates_are_those_that_the_search_chose(search: Records, records: Records) -> None:
    """At widths that were not searched, the rate of the width that was."""
    chosen = choose(MNIST, search)
    compared = {model.model: chosen[MNIST.name_of(model)] for model in MNIST.compared}
    for spec, record in records.items():
        if isinstance(spec, Trial) and spec not in search:
            rate = chosen.get(MNIST.name_of(spec)) or compared[spec.model]
            assert record["specification"]["learning_rate"] == rate


def test_outcomes_agree_with_the_values_of_each_example(records: Records) -> None:
    for spec, record in records.items():
        if isinstance(spec, Trial) and record["outcome"]["diverged"] is None:
            (values,) = (record["arrays"][name] for name in ("radii", "correct") if name in record["arrays"])
            assert len(values) == record["outcome"]["examples"] == (spec.validation or 10_000)
            assert (values > 0).mean() == pytest.approx(record["outcome"]["accuracy"], abs=1e-12)


def test_every_network_of_the_figures_was_trained_to_the_end(search: Records, records: Records) -> None:
    diverged = [spec for spec, record in records.items() if record["outcome"].get("diverged") is not None]
    assert set(diverged) <= set(search)


def test_sizes_are_the_declared_ones(records: Records) -> None:
    for spec, record in records.items():
        if isinstance(spec, Trial):
            assert record["outcome"]["size"] == (spec.size or 60_000 - spec.validation)


def test_no_path_enters_a_record(records: Records) -> None:
    for record in records.values():
        header = {name: value for name, value in record.items() if name != "arrays"}
        assert json.loads(json.dumps(header)) == header
        assert [text for text in texts(header) if "/" in text or "\\" in text] == []


def test_all_come_from_one_data_set_and_from_clean_commits(records: Records) -> None:
    assert len({record["data"] for record in records.values()}) == 1
    commits = {record["provenance"]["commit"] for record in records.values()}
    assert all(commit and not commit.endswith("-dirty") for commit in commits)
