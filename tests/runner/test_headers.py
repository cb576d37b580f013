"""Thousands of headers are read from one file, and never an outdated one."""

import json
import os
import shutil
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from runner_toys import Toy, write_toys

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
def written(tmp_path: Path) -> Store:
    """Records as they were written."""
    made = Store(tmp_path / "results")
    for toy in TOYS:
        made[toy] = record(toy.number)
    return made


@pytest.fixture
def store(written: Store, cache_dir: Path) -> Store:
    """The same as they come in a clone: nothing is known of them."""
    shutil.rmtree(cache_dir / "headers")
    for toy in TOYS:
        age(written.path(toy))
    return written


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Sizes of the records that were opened."""
    sizes: list[int] = []

    def noting(decode: Callable[[bytes], dict[str, Any]]) -> Callable[[bytes], dict[str, Any]]:
        def noted(content: bytes) -> dict[str, Any]:
            sizes.append(len(content))
            return decode(content)

        return noted

    for name in ("decode", "decode_header"):
        monkeypatch.setattr(headers, name, noting(getattr(headers, name)))
    return sizes


def kept(cache_dir: Path) -> list[Path]:
    return list((cache_dir / "headers").glob("*"))


def test_a_record_that_has_not_changed_is_opened_once(store: Store, opened: list[int]) -> None:
    for _ in range(3):
        assert store.missing([*TOYS, Toy(99)]) == [Toy(99)]
        assert store.headers(TOYS)[TOYS[4]]["outcome"] == {"square": 16}
    assert len(opened) == len(TOYS)


def test_a_record_is_not_opened_by_whom_it_was_written(written: Store, opened: list[int]) -> None:
    assert written.missing([*TOYS, Toy(99)]) == [Toy(99)]
    assert written.headers(TOYS)[TOYS[4]] == {"outcome": {"square": 16}, "specification": {"number": 4, "seconds": 0.0}}
    assert opened == []


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


def test_what_a_header_says_does_not_depend_on_who_asks_first(written: Store, cache_dir: Path) -> None:
    noted = json.dumps(list(written.headers(TOYS).values()))
    shutil.rmtree(cache_dir / "headers")
    assert json.dumps(list(written.headers(TOYS).values())) == noted, "the order of names too"


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


def test_the_index_grows_at_its_end(store: Store, cache_dir: Path) -> None:
    """All writing together is linear in the number of records."""
    store.headers(TOYS)
    (path,) = kept(cache_dir)
    before = path.read_bytes()
    store[Toy(100)] = record(100)
    store.headers([*TOYS, Toy(100)])
    assert path.read_bytes().startswith(before)


def test_an_index_of_outdated_entries_is_written_anew(written: Store, cache_dir: Path, opened: list[int]) -> None:
    (path,) = kept(cache_dir)
    for number in range(5):
        for toy in TOYS:
            written[toy] = record(number)
    before = path.stat().st_size
    written.path(TOYS[0]).unlink()
    assert {header["outcome"]["square"] for header in written.headers(TOYS).values()} == {16}
    assert path.stat().st_size < before / 5
    assert written.missing(TOYS) == [TOYS[0]]
    assert opened == []


def test_an_index_cut_at_any_byte_costs_at_most_a_look_at_the_record(
    written: Store, cache_dir: Path, opened: list[int]
) -> None:
    """As by a kill in the middle of a write; the next one writes on behind it."""
    (path,) = kept(cache_dir)
    whole = path.read_bytes()
    expected = written.headers(TOYS)
    last = whole.rstrip(b"\n").rindex(b"\n")
    for cut in range(last, len(whole)):
        path.write_bytes(whole[:cut])
        written[TOYS[7]] = record(7)
        opened.clear()
        assert written.headers(TOYS) == expected
        assert len(opened) == (cut < len(whole) - 1), "the newline alone is not missed"


def test_a_kill_while_the_index_is_written_anew_loses_nothing(
    written: Store, cache_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is written beside, and the records are not touched: what can be lost are entries."""

    def killed(path: Path, content: bytes) -> None:
        path.with_name("index.partial").write_bytes(content[: len(content) // 2])
        raise KeyboardInterrupt

    expected = written.headers(TOYS)
    monkeypatch.setattr(headers, "SLACK", 0)
    with monkeypatch.context() as patch:
        patch.setattr(headers, "write_whole", killed)
        with pytest.raises(KeyboardInterrupt):
            written.missing(TOYS)
    assert written.headers(TOYS) == expected
    shutil.rmtree(cache_dir)
    assert written.headers(TOYS) == expected


def test_entries_that_another_process_loses_are_read_again(written: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """One writes the index anew from what it has read, while the other appends."""
    load = headers._load

    def slow(index: Path) -> Any:
        before = load(index)
        written[TOYS[4]] = record(8)
        written[Toy(99)] = record(9)
        return before

    monkeypatch.setattr(headers, "SLACK", 0)
    monkeypatch.setattr(headers, "_load", slow)
    written.headers(TOYS)
    monkeypatch.undo()
    found = written.headers([*TOYS, Toy(99)])
    assert (found[TOYS[4]]["outcome"]["square"], found[Toy(99)]["outcome"]["square"]) == (64, 81)
    assert len(found) == len(TOYS) + 1


def test_two_processes_write_one_index(tmp_path: Path, opened: list[int]) -> None:
    folder = tmp_path / "results"
    toys = [Toy(number) for number in range(200)]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        list(pool.map(write_toys, [folder] * 2, [toys[::2], toys[1::2]]))
    assert {toy.number: header["outcome"]["square"] for toy, header in Store(folder).headers(toys).items()} == {
        toy.number: toy.number**2 for toy in toys
    }
    assert opened == []


def test_where_times_are_kept_coarsely_records_are_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: list[int]
) -> None:
    """Two writes within a tick would look alike."""
    utime = os.utime
    coarse = lambda path, ns: utime(path, ns=tuple(time // 10**9 * 10**9 for time in ns))  # noqa: E731
    monkeypatch.setattr(os, "utime", coarse)
    store = Store(tmp_path)
    for number in (5, 6):
        store[TOYS[4]] = record(number)
        assert store.headers(TOYS)[TOYS[4]]["outcome"] == {"square": number**2}
    assert len(opened) == 2


def test_folders_of_one_name_do_not_share_a_cache(store: Store, tmp_path: Path) -> None:
    store.headers(TOYS)
    other = Store(tmp_path / "elsewhere" / "results")
    assert other.headers(TOYS) == {}
    other[TOYS[4]] = record(8)
    assert other.headers(TOYS)[TOYS[4]]["outcome"] == {"square": 64}


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert read_headers(tmp_path / "nowhere", ["one.npz"]) == {}
