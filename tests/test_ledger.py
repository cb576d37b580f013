"""Counts, times and tables say what the records say."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.ledger import certified_at, duration, encoded, status, table
from analysis.runner import Store, identity
from analysis.trials import Spectrum, Trial

TRIALS = [
    Trial(dataset="digits", model="AOL-MLP", size=100, components=((0, 16), (32, None)), width=64),
    Trial(dataset="digits", model="MLP", seed=1),
    Trial(dataset="digits", model="MLP", seed=2),
    Trial(dataset="digits", model="MLP", seed=2, learning_rate=1.0),
]
SPECTRUM = Spectrum(dataset="digits", head=((0, 4),), tail=((32, None),))
OUTCOME = {"size": 100, "examples": 4, "accuracy": 0.75, "lipschitz": 1.0, "loss": 1e-7 / 3, "diverged": None}
PROVENANCE = {
    "training": 3600.0,
    "evaluation": 120.0,
    "memory": 1000,
    "inference": 1e-6,
    "torch": "2.13.0",
    "commit": None,
}
RADII = np.array([-0.5, 0.1, 0.25, 0.6], dtype=np.float32)
DIVERGED = OUTCOME | {"accuracy": None, "lipschitz": None, "loss": None, "diverged": 17}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path)
    made[TRIALS[0]] = {"outcome": OUTCOME, "provenance": PROVENANCE, "data": "digest", "arrays": {"radii": RADII}}
    made[TRIALS[1]] = {"outcome": DIVERGED, "provenance": PROVENANCE, "data": "digest"}
    made[SPECTRUM] = {"outcome": {"features": 64}, "provenance": {"seconds": 5.0}}
    return made


def rows_of(store: Store, specs: list[Any]) -> pd.DataFrame:
    return table(store.headers(specs, summary=certified_at([0.5, 0.25])))


def test_a_status_counts_and_names(store: Store) -> None:
    for trial in TRIALS[2:]:
        store.keep_failure(trial, ValueError("too\nlarge"))
    store.keep_failure(TRIALS[0], ValueError("of an earlier day"))
    found = status([*TRIALS, TRIALS[0]], store.headers(TRIALS), store.failures(TRIALS))
    assert found.lines() == [
        "2 of 4 trials are done, 0 are missing, 2 failed; 1 of the done ones diverged",
        "time spent on those done: 2 h 04 min",
        *["failed: MLP on all of digits, seed 2: ValueError: too large"] * 2,
    ]


def test_a_study_that_has_not_begun(store: Store) -> None:
    assert status(TRIALS[2:], {}, {}).lines() == ["0 of 2 trials are done, 2 are missing, 0 failed"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.123, "0.12 s"),
        (9.7, "9.7 s"),
        (59, "59 s"),
        (61, "1 min 01 s"),
        (3_599.6, "1 h 00 min"),
        (90_000_000, "25,000 h 00 min"),
    ],
)
def test_times_are_written_as_people_say_them(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_a_row_is_a_trial_s_fields_measures_and_origin(store: Store) -> None:
    row = rows_of(store, TRIALS).iloc[0]
    assert row["record"] == identity(TRIALS[0])
    assert (row["model"], row["size"], row["components"]) == ("AOL-MLP", 100, "0-16,32-")
    assert (row["accuracy"], row["lipschitz_bound"], row["training_images"], row["measured_images"]) == (
        0.75,
        1,
        100,
        4,
    )
    assert (row["certified_accuracy_0.25"], row["certified_accuracy_0.5"]) == (0.25, 0.25), "beyond the radius"
    assert (row["training_seconds"], row["data_hash"], row["torch"]) == (3600, "digest", "2.13.0")


def test_what_is_missing_is_missing_in_its_own_type(store: Store) -> None:
    rows = rows_of(store, TRIALS)
    assert len(rows) == 2
    assert rows["diverged_step"].tolist() == [pd.NA, 17]
    assert rows["size"].tolist() == [100, pd.NA]
    assert rows["learning_rate"].dtype == "Float64"
    assert rows.loc[1, ["accuracy", "certified_accuracy_0.25", "loss"]].isna().all()


def test_spectra_have_a_table_too(store: Store) -> None:
    (row,) = rows_of(store, [SPECTRUM]).to_dict(orient="records")
    assert (row["features"], row["seconds"], row["tail"]) == (64, 5.0, "32-")


def test_nothing_is_an_empty_table(store: Store) -> None:
    assert len(rows_of(store, TRIALS[2:])) == 0


def test_formats_hold_the_same_numbers(store: Store) -> None:
    rows = rows_of(store, TRIALS)
    read = {
        "csv": pd.read_csv(io.BytesIO(encoded(rows, "csv"))),
        "json": pd.DataFrame(json.loads(encoded(rows, "json"))),
        "parquet": pd.read_parquet(io.BytesIO(encoded(rows, "parquet"))),
    }
    for found in read.values():
        assert list(found) == list(rows)
        assert found["loss"][0] == OUTCOME["loss"], "every digit"
        assert found["diverged_step"][1] == 17
        assert found["accuracy"].isna().tolist() == [False, True]
    assert b'"size": 100,' in encoded(rows, "json"), "a whole number stays whole beside a missing one"
    assert b",100," in encoded(rows, "csv")
