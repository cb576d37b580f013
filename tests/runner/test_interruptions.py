"""Processes that are killed at any moment: what was finished is never repeated, and nobody is left behind."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import runner_toys
from runner_toys import SWEEP, Toy

from analysis.ledger import table
from analysis.runner import Store

TOYS = [Toy(number, seconds=0.1) for number in range(SWEEP)]
PATIENCE = 120  # seconds on a busy machine
BUSY = 3  # seconds that a busy machine may add to two


def start(folder: Path, executor: str, count: int = SWEEP) -> subprocess.Popen[bytes]:
    """A sweep in a process group of its own."""
    command = [sys.executable, runner_toys.__file__, str(folder), executor, str(count)]
    return subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL)


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def executed(log: Path) -> list[int]:
    return [int(line) for line in log.read_text().split()]


def finished(store: Store, toys: Sequence[Toy] = TOYS) -> set[int]:
    return {toy.number for toy in toys if toy in store}


def members(group: int) -> list[int]:
    """Living processes of a group; those that only wait for their parent to notice their end are not."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, its_group = stat.read_text().rpartition(")")[2].split()[:3]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(its_group) == group and state != "Z":
            found.append(int(stat.parent.name))
    return found


def kill_after(sweep: subprocess.Popen[bytes], log: Path, executions: int, seconds: float) -> None:
    """End the driving process without a warning; its workers notice."""
    wait_until(lambda: len(executed(log)) > executions)
    time.sleep(seconds)
    sweep.kill()
    sweep.wait()
    wait_until(lambda: not members(sweep.pid))


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are listed in /proc")


def undisturbed(folder: Path, toys: list[Toy]) -> dict[str, bytes]:
    """Every file of a sweep when nothing happens."""
    store = Store(folder)
    for toy in toys:
        (record,) = runner_toys.squares([Toy(toy.number)])
        store[toy] = record
    return {path.name: path.read_bytes() for path in store}


def finish_and_compare(store: Store, log: Path, executor: str, toys: list[Toy]) -> None:
    """The rest runs, nothing else does, and nobody can tell that anything has happened."""
    before, begun = finished(store, toys), len(executed(log))
    assert start(store.folder, executor, len(toys)).wait(PATIENCE) == 0
    assert sorted(executed(log)[begun:]) == sorted({toy.number for toy in toys} - before)
    assert {path.name: path.read_bytes() for path in store} == undisturbed(store.folder.parent / "undisturbed", toys)
    rows = table(store.headers(toys))
    assert rows["number"].tolist() == [toy.number for toy in toys]
    assert rows["square"].tolist() == [toy.number**2 for toy in toys]
    assert not list(store.folder.glob("*.broken"))


@needs_proc
@pytest.mark.parametrize("executor", ["serial", "processes"])
def test_a_killed_sweep_goes_on_where_it_was(tmp_path: Path, log: Path, executor: str) -> None:
    """Killed three times, each at a random moment after a few more trials have begun."""
    store, moments = Store(tmp_path / "results"), random.Random(executor)  # noqa: S311 - no secret
    for _ in range(3):
        before, begun = finished(store), len(executed(log))
        kill_after(start(store.folder, executor), log, begun + moments.randrange(2, 4), moments.uniform(0, 0.15))
        assert not before.intersection(executed(log)[begun:])
        assert len(store.missing(TOYS)) == SWEEP - len(finished(store)), "no record is broken"
    assert finished(store)
    finish_and_compare(store, log, executor, TOYS)


@needs_proc
@pytest.mark.slow
@pytest.mark.parametrize("executor", ["serial", "processes"])
def test_twenty_kills_at_any_moment_leave_no_trace(tmp_path: Path, log: Path, executor: str) -> None:
    """Some hit a sweep that has not begun, or has ended: how long it takes to begin is seen at the first."""
    toys = [Toy(number, seconds=0.1) for number in range(120)]
    store, moments = Store(tmp_path / "results"), random.Random(executor)  # noqa: S311 - no secret
    begin = time.monotonic()
    kill_after(start(store.folder, executor, len(toys)), log, 8, 0)
    longest = time.monotonic() - begin
    for _ in range(19):
        before, begun = finished(store, toys), len(executed(log))
        kill_after(start(store.folder, executor, len(toys)), log, -1, moments.uniform(0, longest))
        assert not before.intersection(executed(log)[begun:])
        assert len(store.missing(toys)) == len(toys) - len(finished(store, toys))
    assert finished(store, toys)
    finish_and_compare(store, log, executor, toys)


@needs_proc
@pytest.mark.parametrize("executor", ["serial", "processes", "dask", "slurm-local"])
def test_an_interrupted_sweep_ends_soon_and_keeps_what_was_finished(
    tmp_path: Path, log: Path, executor: str, request: pytest.FixtureRequest
) -> None:
    """Ctrl-C reaches the driving process and its workers alike; those of a cluster are told."""
    store = Store(tmp_path / "results")
    place = f":{request.getfixturevalue('dask_cluster').address}" if executor == "dask" else ""
    sweep = start(store.folder, executor + place)
    wait_until(lambda: len(finished(store)) >= 2)
    os.killpg(sweep.pid, signal.SIGINT)
    moment = time.monotonic()
    assert sweep.wait(PATIENCE) != 0
    assert time.monotonic() - moment < 2 + BUSY
    wait_until(lambda: not members(sweep.pid))
    kept = finished(store)
    assert 2 <= len(kept) < SWEEP
    assert {path.suffix for path in store.folder.iterdir()} == {".npz"}
