"""Records are found by the content of their specification, and used only if they are whole and of the same data."""

import logging
from collections.abc import Sequence
from dataclasses import make_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from runner_toys import Toy

from analysis.runner import BrokenRecordError, StaleRecordError, Store, identity
from analysis.trials import Fit, Spectrum, Trial

RECORD = {"outcome": {"square": 4}, "data": "digest", "arrays": {"values": np.arange(3)}}
BANDED = Trial(dataset="mnist", model="AOL-MLP", size=1000, components=((50, None),))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "results")


def specification(*fields: tuple[str, type, Any]) -> Any:
    """A version of a class ``Toy``: the same name, other fields or defaults."""
    return make_dataclass("Toy", [("number", int), *fields], frozen=True)


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        (BANDED, "abe64ce878d04d24"),
        (Trial(dataset="digits", model="MLP"), "80085231d8b689a7"),
        (replace(BANDED, learning_rate=0.3, offset=2**0.5 / 2, seed=3, augmentation="shift"), "bd8fa20ff079f409"),
        (Spectrum(dataset="digits", head=((0, 16),), tail=((32, None),)), "aaee1b46256b59ca"),
        (Spectrum(dataset="digits", head=((0, 16),), tail=((32, None),), split="train", size=None), "aaee1b46256b59ca"),
        (Spectrum(dataset="digits", head=((0, 16),), tail=((32, None),), split="all", size=40), "9fc15064af85d008"),
        (Fit(activation="MaxMin", width=8, depth=2), "1bf000cca7217673"),
    ],
    ids=["banded", "plain", "tuned", "spectrum", "spectrum-whole", "spectrum-part", "fit"],
)
def test_names_are_pinned(spec: Trial | Spectrum | Fit, name: str) -> None:
    """These names lead to results already paid for: they may never change."""
    assert identity(spec) == name


def test_fields_at_their_default_do_not_enter_the_name() -> None:
    assert identity(Trial(dataset="digits", model="MLP", steps=1000, seed=0)) == identity(
        Trial(dataset="digits", model="MLP")
    )
    assert identity(specification(("width", int, 64))(2)) == identity(Toy(2))


def test_every_other_value_has_a_name_of_its_own() -> None:
    changes: Sequence[dict[str, Any]] = (
        {"dataset": "digits"},
        {"model": "MLP"},
        {"size": None},
        {"components": ((0, 50),)},
        {"components": ((50, None), (60, None))},
        {"components": None},
        {"width": 1000},
        {"depth": 1000},
        {"seed": 1},
        {"subset_seed": 1},
    )
    names = {identity(BANDED), *(identity(replace(BANDED, **change)) for change in changes)}
    assert len(names) == len(changes) + 1


def test_equal_specifications_have_equal_names() -> None:
    one, same = (Trial(dataset="digits", model="MLP", learning_rate=rate) for rate in (1, 1.0))
    assert one == same
    assert identity(one) == identity(same)


def test_classes_do_not_share_names() -> None:
    other = make_dataclass("Other", [("number", int)], frozen=True)
    assert identity(other(2)) != identity(Toy(2))


def test_what_was_stored_is_returned_with_its_specification(store: Store) -> None:
    store[Toy(2)] = RECORD
    record = store[Toy(2)]
    assert Toy(2) in store
    assert record["outcome"] == {"square": 4}
    assert record["specification"] == {"number": 2, "seconds": 0.0}
    assert record["arrays"]["values"].tolist() == [0, 1, 2]
    assert "specification" not in RECORD


def test_records_are_counted_and_listed(store: Store) -> None:
    assert (len(store), list(store)) == (0, [])
    for number in range(3):
        store[Toy(number)] = RECORD
    store[Toy(0)] = RECORD
    assert len(store) == 3
    assert set(store) == {store.path(Toy(number)) for number in range(3)}


def test_drawers_keep_apart_what_they_are_told_to(tmp_path: Path) -> None:
    store = Store(tmp_path / "results", drawer=lambda toy: "odd" if toy.number % 2 else "even")
    for number in range(3):
        store[Toy(number)] = RECORD
    assert {path.relative_to(store.folder).parts[0] for path in store} == {"odd", "even"}
    assert len(store) == 3
    assert store.missing([Toy(2), Toy(3)]) == [Toy(3)]
    for name, toy in (("odd", Toy(1)), ("even", Toy(2))):
        alone = Store(store.folder / name)
        assert alone[toy]["outcome"] == store[toy]["outcome"] == RECORD["outcome"]
        assert len(alone) == (1 if name == "odd" else 2)


def test_a_record_that_is_not_there_is_named(store: Store) -> None:
    with pytest.raises(KeyError, match=r"no record .*\.npz of Toy\(number=7"):
        store[Toy(7)]


def test_missing_keeps_the_order_and_drops_repeats(store: Store) -> None:
    store[Toy(1)] = RECORD
    assert store.missing(map(Toy, (3, 1, 2, 3, 0, 2))) == [Toy(3), Toy(2), Toy(0)]


@pytest.mark.parametrize("name", ["{}.npz.123.partial", "{}.broken", "{}.npz.partial"])
def test_other_files_never_count(store: Store, name: str) -> None:
    store[Toy(1)] = RECORD
    (store.folder / name.format(identity(Toy(2)))).write_bytes(store.path(Toy(1)).read_bytes())
    assert len(store) == 1
    assert Toy(2) not in store
    assert store.missing([Toy(1), Toy(2)]) == [Toy(2)]


def test_a_failed_write_leaves_the_older_record(store: Store) -> None:
    store[Toy(2)] = RECORD
    with pytest.raises(TypeError, match="not JSON serializable"):
        store[Toy(2)] = {"outcome": object()}
    assert store[Toy(2)]["outcome"] == {"square": 4}
    assert len(list(store.folder.iterdir())) == 1


def test_a_changed_default_is_noticed_and_run_again(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    old, new = (specification(("width", int, default)) for default in (64, 32))
    store[old(2)] = RECORD
    with pytest.raises(StaleRecordError, match="made under another width"):
        store[new(2)]
    assert store.missing([new(2)]) == [new(2)]
    assert "another width: it is run again" in caplog.text
    store[new(2)] = RECORD
    assert store.missing([new(2)]) == []


def test_a_new_field_leaves_earlier_records_reachable(store: Store) -> None:
    store[Toy(2)] = RECORD
    newer = specification(("seconds", float, 0.0), ("noise", float, 0.0))
    assert store[newer(2)]["outcome"] == {"square": 4}
    assert store.missing([newer(2)]) == []
    assert store.missing([newer(2, noise=0.1)]) == [newer(2, noise=0.1)]


def test_tuples_come_back_as_lists_and_are_not_stale(store: Store) -> None:
    store[BANDED] = RECORD
    assert store[BANDED]["specification"]["components"] == [[50, None]]
    assert store.missing([BANDED]) == []


def test_changed_data_is_noticed(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    store[Toy(2)] = RECORD
    assert store.missing([Toy(2)], content={"data": "digest"}) == []
    assert store.missing([Toy(2)], content={"data": "other"}) == [Toy(2)]
    assert "made under another data" in caplog.text
    assert Toy(2) in store, "until its successor is finished"


@pytest.mark.parametrize("kept", [0, 100, -1])
def test_a_broken_record_is_named_set_aside_and_missing(
    store: Store, caplog: pytest.LogCaptureFixture, kept: int
) -> None:
    for number in (1, 2):
        store[Toy(number)] = RECORD
    path = store.path(Toy(2))
    damaged = path.read_bytes()[:kept]
    path.write_bytes(damaged)
    with pytest.raises(BrokenRecordError, match=path.name):
        store[Toy(2)]
    assert store.missing([Toy(1), Toy(2)]) == [Toy(2)]
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert path.name in caplog.text
    assert path.with_suffix(".broken").read_bytes() == damaged
    assert (len(store), Toy(2) in store) == (1, False)
