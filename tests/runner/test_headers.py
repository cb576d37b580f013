"""Thousands of headers are read from one file, and never an outdated one."""

import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from runner_toys import Toy

from analysis.runner import Store, Summary, headers
from analysis.runner.headers import read_headers

TOYS = [Toy(number) for number in range(30)]
TOTAL = Summary("total", lambda record: int(record["arrays"]["values"].sum()))
HOUR = 3_600_000_000_000  # nanoseconds


def record(number: int) -> dict[str, Any]:
    return {"outcome": {"square": number**2}, "arrays": {"values": np.arange(number)}}


def age(path: Path) -> None:
    """Make a file look an hour old."""
    os.utime(path, ns=(time.time_ns() - HOUR,) * 2)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "results")
    for toy in TOYS:
        made[toy] = record(toy.number)
        age(made.path(toy))
    return made


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Sizes of the records that were opened."""
    sizes: list[int] = []
    decode = headers.decode

    def noted(content: bytes) -> dict[str, Any]:
        sizes.append(len(content))
        return decode(content)

    monkeypatch.setattr(headers, "decode", noted)
    return sizes


def kept(cache_dir: Path) -> list[Path]:
    return list((cache_dir / "headers").glob("*"))


def test_a_record_that_has_not_changed_is_opened_once(store: Store, opened: list[int]) -> None:
    for _ in range(3):
        assert store.missing([*TOYS, Toy(99)]) == [Toy(99)]
        assert store.headers(TOYS)[TOYS[4]]["outcome"] == {"square": 16}
    assert len(opened) == len(TOYS)


def test_headers_are_those_of_the_records(store: Store) -> None:
    for _ in range(2):
        found = store.headers(TOYS)
        assert list(found) == TOYS
        assert all(found[toy] == {key: store[toy][key] for key in ("outcome", "specification")} for toy in TOYS)


def test_summaries_are_kept_apart_by_name(store: Store, opened: list[int]) -> None:
    most = Summary("most", lambda record: int(record["arrays"]["values"].max(initial=0)))
    for _ in range(2):
        assert store.headers(TOYS, summary=TOTAL)[TOYS[4]]["summary"] == 6
        assert store.headers(TOYS, summary=most)[TOYS[4]]["summary"] == 3
        assert "summary" not in store.headers(TOYS)[TOYS[4]]
    assert len(opened) == 3 * len(TOYS)


def test_a_replaced_record_is_read_again(store: Store) -> None:
    store.headers(TOYS)
    store[TOYS[4]] = record(7)
    assert store.headers(TOYS)[TOYS[4]]["outcome"] == {"square": 49}


def test_a_young_record_is_read_again_although_nothing_shows_a_change(store: Store) -> None:
    """Two writes of the same size within a tick of the file system's clock."""
    path = store.path(TOYS[4])
    now = time.time_ns()
    for number in (5, 6):
        store[TOYS[4]] = {"outcome": {"square": number}}
        os.utime(path, ns=(now, now))
        assert store.headers(TOYS)[TOYS[4]]["outcome"] == {"square": number}


def test_a_record_that_is_damaged_later_is_missing(store: Store) -> None:
    assert store.missing(TOYS) == []
    path = store.path(TOYS[4])
    path.write_bytes(path.read_bytes()[:-1])
    assert store.headers(TOYS).keys() == set(TOYS) - {TOYS[4]}
    assert path.exists(), "only missing() sets it aside"
    assert store.missing(TOYS) == [TOYS[4]]


def test_a_record_that_was_removed_is_missing(store: Store) -> None:
    store.headers(TOYS)
    store.path(TOYS[4]).unlink()
    assert store.missing(TOYS) == [TOYS[4]]
    assert TOYS[4] not in store.headers(TOYS)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'{"a": 1', bytes(100)], ids=repr)
def test_a_damaged_cache_is_made_anew(store: Store, cache_dir: Path, opened: list[int], content: bytes) -> None:
    before = store.headers(TOYS)
    (path,) = kept(cache_dir)
    path.write_bytes(content)
    assert store.headers(TOYS) == before
    assert store.headers(TOYS) == before
    assert len(opened) == 2 * len(TOYS)


def test_where_no_cache_can_be_written_headers_are_read_all_the_same(store: Store, cache_dir: Path) -> None:
    (cache_dir / "headers").touch()
    assert len(store.headers(TOYS)) == len(TOYS)


def test_few_new_records_do_not_rewrite_the_cache(store: Store, cache_dir: Path) -> None:
    """All writing together is linear in the number of records."""
    store.headers(TOYS)
    (path,) = kept(cache_dir)
    before = path.read_bytes()
    for number in (100, 101):
        store[Toy(number)] = record(number)
        age(store.path(Toy(number)))
        store.headers([*TOYS, Toy(number)])
    assert path.read_bytes() == before
    more = [Toy(number) for number in range(200, 220)]
    for toy in more:
        store[toy] = record(toy.number)
        age(store.path(toy))
    store.headers([*TOYS, *more])
    assert path.read_bytes() != before


def test_folders_of_one_name_do_not_share_a_cache(store: Store, tmp_path: Path) -> None:
    store.headers(TOYS)
    other = Store(tmp_path / "elsewhere" / "results")
    assert other.headers(TOYS) == {}
    other[TOYS[4]] = record(8)
    assert other.headers(TOYS)[TOYS[4]]["outcome"] == {"square": 64}


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert read_headers(tmp_path / "nowhere", ["one.npz"]) == {}
