"""Worker processes on this machine: pinned threads, a graphics card each, and replaced when they die."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ProcessPoolExecutor
from functools import partial
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Any

from analysis.machine import cores

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
Call = tuple[Future[Any], Callable[[], Any]]


class WorkerDiedError(RuntimeError):
    """A worker process ended in the middle of its work."""


def processes(workers: int | None = None, cards: Sequence[str] = ()) -> "ProcessesExecutor":
    """Worker processes that share the cores, and the graphics cards where there are any.

    Workers times threads is the number of cores. Spawned, not forked, because CUDA cannot be forked. The thread counts
    and the card travel as environment variables, which libraries read when they are first loaded, that is, in the new
    process.

    Args:
        workers: Number of processes; by default one for each card, and one for each core where there is no card.
        cards: Values of ``CUDA_VISIBLE_DEVICES``, dealt to the workers in turn.

    Returns:
        The executor.

    Raises:
        ValueError: If ``workers`` is not positive.

    Example:
        >>> with processes(2, cards=["0", "1"]) as pool:
        ...     run(function, specs, store, pool)
    """
    workers = (len(cards) or cores()) if workers is None else workers
    if workers < 1:
        raise ValueError(f"workers must be at least 1, got {workers}")
    threads = dict.fromkeys(THREAD_VARIABLES, str(max(cores() // workers, 1)))
    dealt = [{"CUDA_VISIBLE_DEVICES": cards[worker % len(cards)]} if cards else {} for worker in range(workers)]
    return ProcessesExecutor([threads | card for card in dealt])


class ProcessesExecutor(Executor):
    """Processes that take one call after another; one that dies takes only its own call along, and is replaced.

    Args:
        environments: Variables of each worker, one entry per worker.

    Example:
        >>> with ProcessesExecutor([{"OMP_NUM_THREADS": "1"}]) as pool:
        ...     pool.submit(os.getpid).result()
    """

    def __init__(self, environments: Sequence[Mapping[str, str]]) -> None:
        self._calls: SimpleQueue[Call | None] = SimpleQueue()
        self._pools = [_one_process(environment) for environment in environments]
        self._closed, self._ended = False, False
        self._handing_over = Lock()  # no worker starts on anything once the workers are being ended
        self._threads = [
            Thread(target=self._serve, args=(place, environment), daemon=True)
            for place, environment in enumerate(environments)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Have ``fn`` called by the first worker that is free.

        Args:
            fn: What to call; it and its arguments can be pickled.
            *args: Its arguments.
            **kwargs: Its keyword arguments.

        Returns:
            The future; it holds a ``WorkerDiedError`` where the worker died.

        Raises:
            RuntimeError: After ``shutdown``.
        """
        if self._closed:
            raise RuntimeError("these workers have been shut down")
        future: Future[Any] = Future()
        self._calls.put((future, partial(fn, *args, **kwargs)))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the workers.

        Args:
            wait: Whether to return only once all work is done.
            cancel_futures: Whether to drop what waits; without ``wait``, what runs is ended too.
        """
        self._closed = True
        if cancel_futures:
            self._drop_waiting()
        for _ in self._threads:
            self._calls.put(None)
        if cancel_futures and not wait:
            with self._handing_over:
                self._ended = True
                for pool in self._pools:
                    end_workers(pool)
        if wait:
            for thread in self._threads:
                thread.join()

    def _drop_waiting(self) -> None:
        while True:
            try:
                call = self._calls.get_nowait()
            except Empty:
                return
            if call is not None:
                call[0].cancel()
                call[0].set_running_or_notify_cancel()

    def _serve(self, place: int, environment: Mapping[str, str]) -> None:
        """One worker's life: a call at a time, so that what dies with it is known."""
        _leave_interrupts_to_the_main_thread()
        while (call := self._calls.get()) is not None:
            future, function = call
            if not future.set_running_or_notify_cancel():
                continue
            try:
                result = self._handed_over(place, function).result()
            except BrokenExecutor:
                self._pools[place].shutdown()
                self._pools[place] = _one_process(environment)
                future.set_exception(WorkerDiedError("a worker process died, perhaps for want of memory"))
            except BaseException as error:  # whatever the call raised
                future.set_exception(error)
            else:
                future.set_result(result)
        self._pools[place].shutdown()

    def _handed_over(self, place: int, function: Callable[[], Any]) -> Future[Any]:
        with self._handing_over:
            if self._ended:
                raise CancelledError
            return self._pools[place].submit(function)


def end_workers(pool: ProcessPoolExecutor) -> None:
    """End the processes of a pool, whatever they are doing.

    Args:
        pool: Which.
    """
    for process in list((pool._processes or {}).values()):  # public as terminate_workers from Python 3.14 on
        process.terminate()


def _one_process(environment: Mapping[str, str]) -> ProcessPoolExecutor:
    """It starts with the first call."""
    spawn = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(1, mp_context=spawn, initializer=_prepare_worker, initargs=(dict(environment),))


def _leave_interrupts_to_the_main_thread() -> None:
    """Processes inherit what the thread that starts them blocks: Ctrl-C does not reach them even while they start."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def _prepare_worker(environment: Mapping[str, str]) -> None:
    """Pin the threads, leave an interrupt to the driving process, and end with it."""
    Thread(target=_follow_driver, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.update(environment)


def _follow_driver() -> None:
    """A driving process that is killed cannot end its workers, and they would wait for work for ever."""
    driver = multiprocessing.parent_process()
    if driver is not None:
        driver.join()
        os._exit(1)
