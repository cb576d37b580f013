"""Executors by name; worker processes share the cores."""

import os
from collections.abc import Iterator
from concurrent.futures import Executor
from pathlib import Path

import pytest
from runner_toys import Toy, dies_on_three, squares, thread_variables, torch_threads

from analysis.runner import Store, executor, run
from analysis.runner.executors import SerialExecutor
from analysis.runner.processes import THREAD_VARIABLES, WorkerDiedError, processes


@pytest.fixture(scope="module")
def single() -> Iterator[Executor]:
    with processes(1) as pool:
        yield pool


def cores() -> int:
    return len(os.sched_getaffinity(0))


def test_unknown_names_list_the_known_ones() -> None:
    with pytest.raises(ValueError, match="unknown executor 'cloud'; known are serial, processes"):
        executor("cloud")


@pytest.mark.parametrize("name", ["serial", "processes", "processes:1", "slurm-local", "slurm-local:jobs=1,time=2"])
def test_every_name_makes_an_executor(name: str) -> None:
    with executor(name) as pool:
        assert pool.submit(squares, [Toy(3)]).result()[0]["outcome"] == {"square": 9}


@pytest.mark.parametrize("workers", [0, -1])
def test_there_is_at_least_one_worker(workers: int) -> None:
    with pytest.raises(ValueError, match=f"at least 1, got {workers}"):
        processes(workers)


def test_serial_runs_at_once_in_this_process() -> None:
    future = SerialExecutor().submit(os.getpid)
    assert future.done()
    assert future.result() == os.getpid()


def test_serial_keeps_an_exception_for_whoever_asks() -> None:
    future = SerialExecutor().submit(int, "three")
    assert isinstance(future.exception(), ValueError)


def test_serial_lets_an_interrupt_through() -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        SerialExecutor().submit(interrupted)


def test_threads_of_all_workers_together_are_the_cores(single: Executor) -> None:
    """Libraries read these variables when they are loaded, in the new process."""
    (record,) = single.submit(thread_variables, [Toy(0)]).result()
    assert record["outcome"] == dict.fromkeys(THREAD_VARIABLES, str(cores()))
    with processes() as pool:
        (record,) = pool.submit(thread_variables, [Toy(0)]).result()
    assert record["outcome"] == dict.fromkeys(THREAD_VARIABLES, "1")


@pytest.mark.slow
def test_torch_keeps_to_its_share() -> None:
    with processes(cores()) as pool:
        (record,) = pool.submit(torch_threads, [Toy(0)]).result()
    assert record["outcome"] == {"threads": 1}


def test_a_worker_that_dies_is_an_error_and_the_finished_records_are_kept(tmp_path: Path) -> None:
    """It is replaced: what waits behind it is run."""
    store = Store(tmp_path / "results")
    with processes(1) as pool, pytest.raises(ExceptionGroup, match="1 of 6 trials failed") as caught:
        run(dies_on_three, map(Toy, range(6)), store, pool, progress=False)
    (error,) = caught.value.exceptions
    assert isinstance(error, WorkerDiedError)
    assert error.__notes__ == ["in Toy(number=3, seconds=0.0)"]
    assert [number for number in range(6) if Toy(number) not in store] == [3]
