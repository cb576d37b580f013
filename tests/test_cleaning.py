"""What nobody asks for is listed, and removed only when told to; what may be asked for is kept."""

import os
from pathlib import Path

import numpy as np
import pytest

from analysis.cleaning import LEFT, unasked
from analysis.runner import Store, identity
from analysis.trials import Trial

ASKED, EXTRA, OTHER = (Trial(dataset=name, model="MLP", size=50) for name in ("digits", "digits", "photos"))
EXTRA = Trial(dataset="digits", model="MLP", size=51, components=((0, 16),), seed=3)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "results", drawer=lambda trial: trial.dataset)
    for trial in (ASKED, EXTRA, OTHER):
        made[trial] = {"outcome": {}, "arrays": {"correct": np.zeros(3)}}
    return made


@pytest.fixture
def asked() -> dict[str, set[str]]:
    return {"digits": {identity(ASKED)}}


def files(store: Store) -> set[Path]:
    return {path for path in store.folder.rglob("*") if path.is_file()}


def test_what_nobody_asks_for_is_listed_and_what_may_be_is_kept(store: Store, asked: dict[str, set[str]]) -> None:
    before = files(store)
    assert unasked(store.folder, asked).lines() == [
        f"{store.path(EXTRA)}  model MLP, size 51, components [[0, 16]], learning_rate 0.1, seed 3",
        f"{store.folder / 'photos'}: its 1 records are kept",
    ]
    assert files(store) == before


def test_removing_removes_what_was_listed(store: Store, asked: dict[str, set[str]]) -> None:
    assert unasked(store.folder, asked).remove() == 1
    assert files(store) == {store.path(ASKED), store.path(OTHER)}
    assert unasked(store.folder, asked).remove() == 0


def test_leftovers_go_too_but_nothing_that_is_being_written(store: Store, asked: dict[str, set[str]]) -> None:
    drawer = store.folder / "digits"
    old, young = drawer / "a.npz.1.partial", drawer / "b.npz.2.partial"
    broken = drawer / "c.broken"
    for path in (old, young, broken):
        path.touch()
    os.utime(old, (old.stat().st_mtime - 2 * LEFT,) * 2)
    for trial in (ASKED, EXTRA):
        store.keep_failure(trial, ValueError())
    found = unasked(store.folder, asked)
    assert set(found.leftovers) == {old, broken, drawer / "failures" / f"{identity(EXTRA)}.json"}
    found.remove()
    assert young.exists()
    assert list(store.failures([ASKED, EXTRA])) == [ASKED]


def test_a_damaged_record_is_listed_as_such(store: Store, asked: dict[str, set[str]]) -> None:
    store.path(EXTRA).write_bytes(b"PK")
    assert unasked(store.folder, asked).lines()[0] == f"{store.path(EXTRA)}  damaged"


def test_where_there_are_no_records_there_is_nothing_to_clean(tmp_path: Path) -> None:
    assert unasked(tmp_path / "nowhere", {"digits": set()}).lines() == []
