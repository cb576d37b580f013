"""Jobs of a Slurm cluster as an executor; submitit writes, submits and watches them."""

import logging
import os
import re
import subprocess
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Any

from analysis.machine import cache_dir, cores
from analysis.runner.processes import THREAD_VARIABLES, WorkerDiedError

logger = logging.getLogger(__name__)
PAUSE = {"slurm": 1.0, "local": 0.05}  # seconds between two looks at the jobs
FAREWELL = 1.5  # seconds that cancelled jobs get to end
Call = tuple[Future[Any], Callable[[], Any]]


@dataclass(frozen=True)
class SlurmRequest:
    """What each job asks for.

    Attributes:
        partition: Name of the partition; None for the cluster's default.
        gpus: Graphics cards per job.
        cpus: Cores per job; None for the cluster's default.
        memory: GB of memory per job; None for the cluster's default.
        time: Minutes after which a job is ended.
        jobs: Jobs that wait or run at once; None for 100, and one per core on this machine.
    """

    partition: str | None = None
    gpus: int = 0
    cpus: int | None = None
    memory: int | None = None
    time: int = 60
    jobs: int | None = None


def slurm_request(options: str) -> SlurmRequest:
    """Read options such as ``partition=gpu,gpus=1,time=60``.

    Args:
        options: Fields of a ``SlurmRequest``; those left out keep their defaults.

    Returns:
        The request.

    Raises:
        ValueError: If an option is unknown or no whole number, naming it and what is allowed.

    Example:
        >>> slurm_request("partition=gpu,gpus=1").gpus
        1
    """
    known = [field.name for field in fields(SlurmRequest)]
    chosen: dict[str, Any] = {}
    for option in options.split(",") if options else []:
        name, _, value = option.partition("=")
        if name not in known or not value:
            raise ValueError(f"unknown option {option!r} of slurm; known are {', '.join(f'{each}=' for each in known)}")
        least = 0 if name == "gpus" else 1
        if name != "partition" and (not value.isdecimal() or int(value) < least):
            raise ValueError(f"{name} must be a whole number of at least {least}, got {value!r}")
        chosen[name] = value if name == "partition" else int(value)
    return SlurmRequest(**chosen)


class SlurmExecutor(Executor):
    """Makes each call a job of its own; whatever can be submitted together is one job array.

    Scripts, logs and pickled calls lie in ``data/cache/slurm``, or in ``ANALYSIS_CACHE_DIR``, which every node must
    see under the same path; those of calls that succeeded are removed.

    Args:
        request: What each job asks for.
        cluster: ``slurm``; ``local`` runs the jobs on this machine.

    A ConnectionError says that this machine cannot submit jobs.

    Example:
        >>> with SlurmExecutor(slurm_request("partition=gpu,gpus=1")) as pool:
        ...     run(function, specs, store, pool)
    """

    def __init__(self, request: SlurmRequest, cluster: str = "slurm") -> None:
        from submitit import AutoExecutor

        try:
            self._jobs = AutoExecutor(folder=(cache_dir() / "slurm").absolute(), cluster=cluster)
        except RuntimeError as error:
            raise ConnectionError(f"no Slurm cluster takes jobs from this machine: {error}") from error
        local = cluster == "local"
        self._most = request.jobs or (cores() if local else 100)
        self._jobs.update_parameters(**_parameters(request), slurm_array_parallelism=self._most)
        self._threads = request.cpus or (max(cores() // self._most, 1) if local else None)
        self._pause = PAUSE[cluster]
        self._calls: SimpleQueue[Call] = SimpleQueue()
        self._running: dict[Future[Any], Any] = {}
        self._closed, self._cancelled = False, Event()
        self._watcher = Thread(target=self._watch, daemon=True)
        self._watcher.start()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Have ``fn`` called by a job.

        Args:
            fn: What to call; it and its arguments can be pickled.
            *args: Its arguments.
            **kwargs: Its keyword arguments.

        Returns:
            The future; it holds a ``MemoryError`` where the job had too little memory, and a ``WorkerDiedError`` where
            it ended in another way without an answer.

        Raises:
            RuntimeError: After ``shutdown``.
        """
        if self._closed:
            raise RuntimeError("no more jobs are taken after the shutdown")
        future: Future[Any] = Future()
        self._calls.put((future, partial(fn, *args, **kwargs)))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more calls.

        Args:
            wait: Whether to return only once all jobs have ended.
            cancel_futures: Whether to drop what waits; without ``wait``, what runs is cancelled too.
        """
        self._closed = True
        if cancel_futures:
            for future, _ in self._taken(None):
                future.cancel()
                future.set_running_or_notify_cancel()
            if not wait:
                self._cancelled.set()
        self._watcher.join(timeout=None if wait else FAREWELL)
        if self._cancelled.is_set() and self._watcher.is_alive():  # it waits for the cluster
            _cancel(list(self._running.values()))

    def _watch(self) -> None:
        """Submit what there is room for, and see which jobs have ended."""
        while not self._cancelled.is_set():
            self._start(self._taken(self._most - len(self._running)))
            for future, job in list(self._running.items()):
                if _has_ended(job):
                    del self._running[future]
                    _settle(future, job)
            if self._closed and self._calls.empty() and not self._running:
                return
            self._cancelled.wait(self._pause)
        _cancel(list(self._running.values()))

    def _taken(self, most: int | None) -> list[Call]:
        calls: list[Call] = []
        while most is None or len(calls) < most:
            try:
                calls.append(self._calls.get_nowait())
            except Empty:
                break
        return calls

    def _start(self, calls: Sequence[Call]) -> None:
        calls = [call for call in calls if call[0].set_running_or_notify_cancel()]
        if not calls:
            return
        try:
            with self._jobs.batch():
                jobs = [self._jobs.submit(_answer, self._threads, function) for _, function in calls]
        except Exception as error:  # sbatch refuses, the folder cannot be written
            for future, _ in calls:
                future.set_exception(error)
            return
        self._running.update(zip([future for future, _ in calls], jobs, strict=True))


def _parameters(request: SlurmRequest) -> dict[str, Any]:
    """In submitit's words."""
    wanted = {
        "name": "analysis",
        "timeout_min": request.time,
        "gpus_per_node": request.gpus or None,
        "cpus_per_task": request.cpus,
        "mem_gb": request.memory,
        "slurm_partition": request.partition,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def _answer(threads: int | None, function: Callable[[], Any]) -> tuple[Any, Exception | None]:
    """In the job: the result, or the exception itself, of which submitit would return only the text."""
    if threads is not None:
        os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(threads)))
    try:
        return function(), None
    except Exception as error:
        return None, error


def _has_ended(job: Any) -> bool:
    try:
        return bool(job.done())
    except OSError as error:  # a file system that is away for a moment
        logger.warning("a job cannot be looked at: %s", error)
        return False


def _settle(future: Future[Any], job: Any) -> None:
    """Hand over what an ended job has answered."""
    try:
        result, error = job.result()
    except Exception as lost:
        error = (MemoryError if "OUT_OF_MEMORY" in str(lost) else WorkerDiedError)(
            f"a job gave no answer: {_reason(str(lost))}"
        )
        error.__cause__ = lost
    if error is not None:
        future.set_exception(error)
        return
    for path in _files(job):
        path.unlink(missing_ok=True)
    future.set_result(result)


def _reason(text: str) -> str:
    """The exception of a trace, else the first lines."""
    errors = [line for line in text.splitlines() if re.match(r"[\w.]*(Error|Exception)\b", line)]
    return errors[-1] if errors else " ".join(text.splitlines()[:2])


def _files(job: Any) -> list[Path]:
    paths = job.paths
    return [paths.submitted_pickle, paths.result_pickle, paths.stdout, paths.stderr]


def _cancel(jobs: Sequence[Any]) -> None:
    """All of a cluster's jobs in one command; those on this machine are waited for, briefly."""
    if not jobs:
        return
    if hasattr(jobs[0], "_process"):  # on this machine
        for job in jobs:
            job.cancel(check=False)
        end = time.monotonic() + FAREWELL
        while time.monotonic() < end and not all(job.done() for job in jobs):
            time.sleep(PAUSE["local"])
        return
    subprocess.run(["scancel", *(job.job_id for job in jobs)], check=False)  # noqa: S603, S607 - the cluster's own
