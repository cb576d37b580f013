"""Executors by name. Anything with the ``concurrent.futures`` interface can be passed to ``run`` directly."""

import os
import signal
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import Any

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class SerialExecutor(Executor):
    """Runs each call at once in the calling thread, so that an interrupt reaches it."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Call ``fn`` and return its finished future.

        Args:
            fn: What to call.
            *args: Its arguments.
            **kwargs: Its keyword arguments.

        Returns:
            A future that already holds the result or the exception.
        """
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def processes(workers: int | None = None) -> ProcessPoolExecutor:
    """Worker processes that share the cores: workers times threads is the number of cores.

    Spawned, not forked, because CUDA cannot be forked. The thread counts travel as environment variables, which
    numerical libraries read when they are first loaded, that is, in the new process.

    Args:
        workers: Number of processes; by default one for each core.

    Returns:
        The executor.

    Raises:
        ValueError: If ``workers`` is not positive.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    workers = cores if workers is None else workers
    if workers < 1:
        raise ValueError(f"workers must be at least 1, got {workers}")
    threads = max(cores // workers, 1)
    return ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=_prepare_worker, initargs=(threads,)
    )


def _prepare_worker(threads: int) -> None:
    """Pin the threads, leave an interrupt to the driving process, and end with it."""
    Thread(target=_follow_driver, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for variable in THREAD_VARIABLES:
        os.environ[variable] = str(threads)


def _follow_driver() -> None:
    """A driving process that is killed cannot end its workers, and they would wait for work for ever."""
    driver = parent_process()
    if driver is not None:
        driver.join()
        os._exit(1)


EXECUTORS: dict[str, Callable[[], Executor]] = {"serial": SerialExecutor, "processes": processes}


def executor(name: str) -> Executor:
    """Make an executor by name.

    Args:
        name: ``serial`` or ``processes``.

    Returns:
        A new executor.

    Raises:
        ValueError: If the name is unknown; the message lists the known ones.

    Example:
        >>> with executor("processes") as pool:
        ...     run(function, specs, store, pool)
    """
    if name not in EXECUTORS:
        raise ValueError(f"unknown executor {name!r}; known are {', '.join(EXECUTORS)}")
    return EXECUTORS[name]()
