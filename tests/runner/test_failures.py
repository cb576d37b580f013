"""Too little memory halves a group, a full disk stops the run, and every failure is kept until it is mended."""

import errno
import gc
import weakref
from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from runner_toys import Toy, dies_on_three, fails_on_three, squares, wants_memory

from analysis.runner import FullDiskError, Store, executor, files, run
from analysis.runner.executors import SerialExecutor
from analysis.runner.failures import halves, is_death, is_want_of_memory
from analysis.runner.processes import WorkerDiedError

TOYS = tuple(map(Toy, range(8)))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "results")


def all_together(toys: list[Toy]) -> list[list[Toy]]:
    return [toys]


def run_here(function: Any, toys: Any, store: Store, **options: Any) -> int:
    return run(function, toys, store, SerialExecutor(), progress=False, **options)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        np._core._exceptions._ArrayMemoryError((10**6,), np.dtype(float)),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:124] DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("CUDA error: out of memory"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_want_of_memory_is_recognised(error: Exception) -> None:
    assert is_want_of_memory(error)
    assert not is_death(error)


@pytest.mark.parametrize("error", [ValueError("out of memory"), RuntimeError("wrong shape"), KeyError("MemoryError")])
def test_other_errors_are_not_taken_for_it(error: Exception) -> None:
    assert not is_want_of_memory(error)
    assert not is_death(error)


@pytest.mark.parametrize(
    "error", [WorkerDiedError("gone"), BrokenProcessPool("gone"), type("KilledWorker", (Exception,), {})("of dask")]
)
def test_the_death_of_a_worker_is_recognised(error: Exception) -> None:
    assert is_death(error)
    assert not is_want_of_memory(error)


@pytest.mark.parametrize("count", [2, 3, 8])
def test_halves_are_the_group_in_order(count: int) -> None:
    first, second = halves(range(count))
    assert first + second == list(range(count))
    assert abs(len(first) - len(second)) <= 1


@pytest.mark.parametrize("name", ["serial", "processes:1", "slurm-local:jobs=1"])
def test_a_group_that_finds_too_little_memory_is_halved_until_it_fits(store: Store, log: Path, name: str) -> None:
    amended, toys = [], TOYS[:4]
    with executor(name) as pool:
        ran = run(
            wants_memory,
            toys,
            store,
            pool,
            plan=all_together,
            amend=lambda group, parts: amended.append((len(group), *map(len, parts))),
            progress=False,
        )
    assert ran == len(toys)
    assert [store[toy]["outcome"]["square"] for toy in toys] == [0, 1, 4, 9]
    assert amended == [(4, 2, 2)]
    assert not store.failures(TOYS)


def test_one_that_does_not_fit_alone_fails_alone(store: Store) -> None:
    def greedy(toys: list[Toy]) -> list[dict[str, Any]]:
        if Toy(3) in toys:
            raise MemoryError("three is too large")
        return squares(toys)

    with pytest.raises(ExceptionGroup, match="1 of 8 trials failed"):
        run_here(greedy, TOYS, store, plan=all_together)
    assert store.missing(TOYS) == [Toy(3)]


def test_a_group_whose_worker_dies_is_halved_until_the_culprit_is_alone(store: Store) -> None:
    with executor("processes:1") as pool, pytest.raises(ExceptionGroup, match="1 of 8 trials failed"):
        run(dies_on_three, TOYS, store, pool, plan=all_together, progress=False)
    assert store.missing(TOYS) == [Toy(3)]
    assert "WorkerDiedError: a worker process died" in store.failures(TOYS)[Toy(3)]["error"]


@pytest.fixture
def quick_collections() -> Iterator[None]:
    """What other tests left alive is not searched: that takes two seconds in a process that has run them all."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("quick_collections")
def test_what_filled_the_memory_is_let_go_before_the_halves_run(store: Store) -> None:
    class Network:
        """Something large."""

    built: list[weakref.ref[Network]] = []

    def fills(toys: list[Toy]) -> list[dict[str, Any]]:
        gc.collect()
        assert not any(alive() for alive in built)
        network = Network()
        built.append(weakref.ref(network))
        if len(toys) > 2:
            raise MemoryError
        return squares(toys)

    assert run_here(fills, TOYS, store, plan=all_together) == len(TOYS)
    assert len(built) == 7


def test_a_failure_is_kept_until_its_trial_succeeds(store: Store) -> None:
    for _ in range(2):
        with pytest.raises(ExceptionGroup):
            run_here(fails_on_three, TOYS, store)
    (failure,) = store.failures(TOYS).values()
    assert failure["error"] == "ArithmeticError: three is too many"
    assert failure["specification"] == {"number": 3, "seconds": 0.0}
    assert "fails_on_three" in failure["traceback"]
    assert list(store.failures(TOYS)) == [Toy(3)]
    assert len(store) == len(TOYS) - 1
    assert run_here(squares, TOYS, store) == 1
    assert store.failures(TOYS) == {}
    assert {path.suffix for path in store.folder.rglob("*") if path.is_file()} == {".npz"}


def test_what_an_executor_gives_up_is_a_failure_like_others(store: Store) -> None:
    class Forgetful(SerialExecutor):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            future: Future[Any] = Future()
            if args == ([Toy(3)],):
                future.cancel()
                return future
            return super().submit(fn, *args, **kwargs)

    with pytest.raises(ExceptionGroup, match="1 of 8 trials failed"):
        run(squares, TOYS, store, Forgetful(), progress=False)
    assert list(store.failures(TOYS)) == [Toy(3)]


def test_an_interrupt_is_no_failure(store: Store) -> None:
    def interrupted(toys: list[Toy]) -> list[dict[str, Any]]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_here(interrupted, TOYS, store)
    assert store.failures(TOYS) == {}


def test_one_record_that_cannot_be_stored_does_not_take_its_group_along(store: Store) -> None:
    def one_is_unspeakable(toys: list[Toy]) -> list[dict[str, Any]]:
        return [{"outcome": {"square": {3}}} if toy == Toy(3) else squares([toy])[0] for toy in toys]

    with pytest.raises(ExceptionGroup, match="1 of 8 trials failed"):
        run_here(one_is_unspeakable, TOYS, store, plan=all_together)
    assert store.missing(TOYS) == [Toy(3)]


@pytest.fixture
def small_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Space for two records and a half."""
    space = [2.5]
    write = Path.write_bytes

    def limited(path: Path, content: bytes) -> int:
        if ".npz" not in path.name:
            return write(path, content)
        space[0] -= 1
        if space[0] < 0:
            write(path, content[: len(content) // 2])
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        return write(path, content)

    monkeypatch.setattr(files.Path, "write_bytes", limited)


@pytest.mark.usefixtures("small_disk")
@pytest.mark.parametrize("name", ["serial", "processes:1"])
def test_a_full_disk_stops_at_once_and_keeps_what_was_finished(store: Store, log: Path, name: str) -> None:
    with executor(name) as pool, pytest.raises(FullDiskError, match=r"finished is kept.* goes on from there") as caught:
        run(squares, [Toy(number, seconds=0.05) for number in range(100)], store, pool, progress=False)
    assert isinstance(caught.value.__cause__, OSError)
    assert len(store) == 2
    assert [path.suffix for path in store.folder.iterdir()] == [".npz", ".npz"], "the partial file is removed"
    assert len(log.read_text().split()) < 50


def test_a_disk_that_is_full_for_a_worker_stops_the_run_too(store: Store) -> None:
    def fills(toys: list[Toy]) -> list[dict[str, Any]]:
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    with pytest.raises(FullDiskError):
        run_here(fills, TOYS, store)
    assert store.failures(TOYS) == {}
