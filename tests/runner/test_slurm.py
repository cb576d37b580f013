"""Options, answers and ends of jobs; submitit runs them on this machine."""

import os
import time
from collections.abc import Iterator
from concurrent.futures import wait
from pathlib import Path
from typing import Any

import pytest
from pretended_slurm import pretend
from runner_toys import Toy, dies_on_three, fails_on_three, squares, thread_variables

from analysis.runner import Store, WorkerDiedError, executor, run, slurm
from analysis.runner.processes import THREAD_VARIABLES
from analysis.runner.slurm import SlurmExecutor, SlurmRequest, slurm_request


@pytest.fixture
def pool() -> Iterator[SlurmExecutor]:
    with SlurmExecutor(SlurmRequest(jobs=2), cluster="local") as made:
        yield made


def test_options_are_read() -> None:
    asked = slurm_request("partition=gpu,gpus=1,cpus=4,memory=16,time=90,jobs=7")
    assert asked == SlurmRequest(partition="gpu", gpus=1, cpus=4, memory=16, time=90, jobs=7)
    assert slurm_request("") == SlurmRequest()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("queue=long", r"unknown option 'queue=long' of slurm; known are partition=, gpus=, cpus=, memory=, time="),
        ("gpus", "unknown option 'gpus'"),
        ("gpus=", "unknown option 'gpus='"),
        ("gpus=one", "gpus must be a whole number of at least 0, got 'one'"),
        ("time=0", "time must be a whole number of at least 1, got '0'"),
        ("jobs=-1", "jobs must be a whole number of at least 1, got '-1'"),
    ],
)
def test_options_that_cannot_be_read_are_refused(options: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        executor(f"slurm:{options}")


def test_options_reach_the_cluster_in_its_own_words() -> None:
    asked = slurm._parameters(slurm_request("partition=gpu,gpus=1,memory=16"))
    assert asked == {
        "name": "analysis",
        "timeout_min": 60,
        "gpus_per_node": 1,
        "mem_gb": 16,
        "slurm_partition": "gpu",
    }


def test_without_a_cluster_there_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConnectionError, match="no Slurm cluster takes jobs from this machine"):
        executor("slurm")


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder of the notes that a pretended cluster takes."""
    notes = tmp_path / "notes"
    notes.mkdir()
    pretend(tmp_path / "commands")
    monkeypatch.setenv("PRETENDED_SLURM", str(notes))
    monkeypatch.setenv("PATH", f"{tmp_path / 'commands'}:{os.environ['PATH']}")
    monkeypatch.setitem(slurm.PAUSE, "slurm", 0.05)
    return notes


def test_a_cluster_gets_what_was_asked_for_in_arrays_and_is_told_to_cancel(cluster: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "results")
    with executor("slurm:partition=gpu,gpus=1,cpus=2,memory=4,time=30,jobs=3") as pool:
        assert run(squares, map(Toy, range(4)), store, pool, progress=False) == 4
        asked = "\n".join(path.read_text() for path in cluster.glob("*.sh"))
        for line in ("partition=gpu", "gpus-per-node=1", "cpus-per-task=2", "mem=4GB", "time=30"):
            assert f"#SBATCH --{line}\n" in asked
        futures = [pool.submit(squares, [Toy(number, seconds=3)]) for number in range(5)]
        while sum(future.running() for future in futures) < 3:
            time.sleep(0.01)
        pool.shutdown(wait=False, cancel_futures=True)
    arrays = [path.stem for path in cluster.glob("*.sh") if "--array=0-2%3" in path.read_text()]
    cancelled = (cluster / "cancelled").read_text().split()
    assert len(cancelled) == 3
    assert {name.partition("_")[0] for name in cancelled} <= set(arrays)
    assert [store[Toy(number)]["outcome"]["square"] for number in range(4)] == [0, 1, 4, 9]


def test_jobs_share_the_cores_and_succeed_without_a_trace(pool: SlurmExecutor, cache_dir: Path) -> None:
    (record,) = pool.submit(thread_variables, [Toy(0)]).result()
    threads = str(max(len(os.sched_getaffinity(0)) // 2, 1))
    assert record["outcome"] == dict.fromkeys(THREAD_VARIABLES, threads)
    assert not [path for path in (cache_dir / "slurm").iterdir() if path.is_file()]


def test_an_exception_comes_back_as_itself_and_a_dead_job_as_a_dead_worker(
    pool: SlurmExecutor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from submitit.core.core import Job

    monkeypatch.setattr(Job, "_results_timeout_s", 0)  # of waiting for a file that never comes
    failing = pool.submit(fails_on_three, [Toy(3)])
    dying = pool.submit(dies_on_three, [Toy(3)])
    assert isinstance(failing.exception(), ArithmeticError)
    assert isinstance(dying.exception(), WorkerDiedError)


@pytest.mark.parametrize(
    ("text", "kind"), [("no output (state: OUT_OF_MEMORY)", MemoryError), ("(state: FAILED)", WorkerDiedError)]
)
def test_a_job_that_was_ended_for_want_of_memory_says_so(text: str, kind: type[Exception], pool: SlurmExecutor) -> None:
    class Ended:
        def result(self) -> Any:
            raise RuntimeError(text)

    future = slurm.Future()
    slurm._settle(future, Ended())
    assert isinstance(future.exception(), kind)
    assert text in str(future.exception())


def test_a_cluster_that_refuses_jobs_fails_their_calls(pool: SlurmExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise OSError("sbatch: error: invalid partition")

    monkeypatch.setattr(pool._jobs, "_internal_process_submissions", refuse)
    with pytest.raises(OSError, match="invalid partition"):
        pool.submit(squares, [Toy(1)]).result()


def test_a_sweep_on_jobs_is_that_of_this_process(pool: SlurmExecutor, tmp_path: Path) -> None:
    stores = [Store(tmp_path / name) for name in ("jobs", "here")]
    with executor("serial") as here:
        for store, place in zip(stores, (pool, here), strict=True):
            run(squares, map(Toy, range(3)), store, place, progress=False)
    one, other = ({path.name: path.read_bytes() for path in store} for store in stores)
    assert one == other


def test_a_shutdown_that_cancels_ends_soon() -> None:
    pool = SlurmExecutor(SlurmRequest(jobs=1), cluster="local")
    futures = [pool.submit(squares, [Toy(number, seconds=60)]) for number in range(3)]
    while not (futures[0].running() and pool._running):
        time.sleep(0.01)
    (job,) = pool._running.values()
    moment = time.monotonic()
    pool.shutdown(wait=False, cancel_futures=True)
    assert time.monotonic() - moment < 2 + 3  # a busy machine
    assert all(future.cancelled() for future in wait(futures[1:], timeout=0).done)
    job._process.wait(timeout=30)  # it had 60 seconds to go: an interrupted job ends
    with pytest.raises(RuntimeError, match="no more jobs"):
        pool.submit(squares, [Toy(0)])
