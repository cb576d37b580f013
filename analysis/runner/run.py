"""Run what is missing, on any executor, and keep what finished."""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ProcessPoolExecutor
from itertools import islice
from queue import Empty, SimpleQueue
from typing import Any

from analysis.runner.dask_workers import DaskExecutor
from analysis.runner.failures import FullDiskError, forget_frames, halves, is_death, is_full_disk, is_want_of_memory
from analysis.runner.files import refuse_unwritable
from analysis.runner.plans import Group, grouped
from analysis.runner.processes import end_workers
from analysis.runner.progress import Progress
from analysis.runner.store import Store

logger = logging.getLogger(__name__)
SUBMITTED = 4_096  # groups at a time: more than any executor has workers, and the driver's memory stays flat
GLANCE = 0.5  # seconds between two looks at what runs
Runner = Callable[..., list[dict[str, Any]]]
Plan = Callable[[list[Any]], Sequence[list[Any]]]
Amend = Callable[[list[Any], tuple[list[Any], list[Any]]], None]
Records = Future[list[dict[str, Any]]]


def singly(specs: Sequence[Any]) -> list[list[Any]]:
    """Plan every specification as a group of its own.

    Args:
        specs: What is to be run.

    Returns:
        Lists of one.
    """
    return [[spec] for spec in specs]


def run(
    function: Runner,
    specs: Iterable[Any],
    store: Store,
    executor: Executor,
    *,
    plan: Plan = singly,
    amend: Amend | None = None,
    content: Mapping[str, Any] | None = None,
    fresh: bool = False,
    progress: bool = True,
) -> int:
    """Run every specification that the store lacks.

    Only this process writes to the store, each group's records as soon as they are known; workers return them. An
    interrupt ends the workers and leaves everything that was finished in the store. A group that finds too little
    memory, or whose worker dies, is halved; one specification whose worker dies gets a second chance. Failures are
    kept in the store until their specification succeeds.

    Args:
        function: From a group of specifications to their records, a picklable function at the top level of a module. It
            is told the number of ``threads`` where the plan says it.
        specs: Frozen dataclasses; repeated ones run once.
        store: Where records are kept.
        executor: Anything with the ``concurrent.futures`` interface.
        plan: From the missing specifications to groups that are run together; it, or each of the groups, may have an
            attribute ``threads``: on how many each group is run, whatever the executor.
        amend: Told each group that was halved, and its halves, such as to amend a stored plan.
        content: Entries that stored records must agree with to be used again, such as the hash of the data.
        fresh: Run everything again; a record is replaced only once its successor is finished.
        progress: Whether to show what is running, what is done and what has failed, and the time left.

    Returns:
        The number of specifications that were run.

    Raises:
        ExceptionGroup: After all other groups have finished, the failures, with a note for each group.
        FullDiskError: At once where no space is left for records.

    Example:
        >>> run(run_trials, trials, Store("data/results/digits"), executor("processes"))
    """
    missing = list(dict.fromkeys(specs)) if fresh else store.missing(specs, content=content)
    for folder in sorted({store.path(spec).parent for spec in missing}):
        refuse_unwritable(folder, "records")
    failures = _Failures(store)
    groups = deque(grouped(plan(missing)))
    alone: set[Any] = set()
    with Progress(len(missing), show=progress) as bar:
        try:
            for group, future in _finished(function, groups, executor, bar):
                error = _error(future)
                if again := _again(group, error, amend, alone):
                    groups.extendleft(reversed(again))
                    continue
                lost = failures.note(group, error) if error is not None else _keep(store, group, future, failures)
                bar.advance(len(group), failed=lost)
        except BaseException:
            _stop(executor)
            raise
    failures.refuse(len(missing))
    return len(missing)


class _Failures:
    """Failures so far; each is also kept in the store, for whoever asks later."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._errors: list[Exception] = []
        self._lost = 0

    def note(self, specs: Sequence[Any], error: BaseException) -> int:
        """Take a failure down; one that ends the whole run is raised."""
        if isinstance(error, OSError) and is_full_disk(error):
            raise FullDiskError(error) from error
        if not isinstance(error, Exception):
            raise error
        forget_frames(error)
        for spec in specs:
            self._store.keep_failure(spec, error)
        error.add_note(f"in {'; '.join(map(str, specs))}")
        if not any(error is known for known in self._errors):  # a broken pool fails all that waits with the same one
            self._errors.append(error)
        self._lost += len(specs)
        return len(specs)

    def refuse(self, count: int) -> None:
        if self._errors:
            raise ExceptionGroup(f"{self._lost} of {count} trials failed", self._errors)


def _finished(
    function: Runner, groups: deque[Group], executor: Executor, bar: Progress
) -> Iterator[tuple[Group, Records]]:
    """Submit groups, also those added meanwhile; yield each once it is done, before more are submitted."""
    done: SimpleQueue[Records] = SimpleQueue()
    pending: dict[Records, Group] = {}
    glance = 0.0
    while groups or pending:
        while groups and len(pending) < SUBMITTED and done.empty():
            group = groups.popleft()
            if not pending:
                bar.running([group])  # an executor that works in this thread is done on submission
            future = _submitted(executor, function, group)
            pending[future] = group
            future.add_done_callback(done.put)
        try:
            future = done.get(timeout=GLANCE)
        except Empty:
            pass
        else:
            yield pending.pop(future), future
            del future  # its frames, where it failed
        if time.monotonic() > glance + GLANCE:
            glance = time.monotonic()
            if bar.shown:
                bar.running(_running(executor, pending))


def _running(executor: Executor, pending: Mapping[Records, Group]) -> list[Group]:
    if isinstance(executor, DaskExecutor):
        return list(islice(pending.values(), executor.threads()))
    return [group for future, group in pending.items() if future.running()]


def _submitted(executor: Executor, function: Runner, group: Group) -> Records:
    options = {} if group.threads is None else {"threads": group.threads}
    try:
        return executor.submit(function, list(group), **options)
    except BrokenExecutor as error:
        future: Records = Future()
        future.set_exception(error)
        return future


def _error(future: Records) -> BaseException | None:
    try:
        return future.exception()
    except CancelledError as lost:  # by the executor: its scheduler has gone
        return lost


def _keep(store: Store, group: list[Any], future: Records, failures: _Failures) -> int:
    """Store each record; return the number of those that cannot be stored."""
    records = future.result()
    if len(records) != len(group):  # whose is whose?
        return failures.note(group, ValueError(f"{len(records)} records came back for {len(group)} specifications"))
    lost = 0
    for spec, record in zip(group, records, strict=True):
        try:
            store[spec] = record
        except Exception as error:
            lost += failures.note([spec], error)
    return lost


def _again(group: Group, error: BaseException | None, amend: Amend | None, alone: set[Any]) -> list[Group]:
    """What a failed group is run again as: halves, itself once more where its worker died under it alone, or not."""
    if error is None or not (is_want_of_memory(error) or is_death(error)):
        return []
    if len(group) == 1 and (group[0] in alone or not is_death(error)):
        return []
    forget_frames(error)
    if len(group) == 1:
        alone.add(group[0])
        return [group]
    first, second = (Group(half, group.threads) for half in halves(group))
    logger.warning("%s: %d trials are run as %d and %d", error, len(group), len(first), len(second))
    if amend is not None:
        amend(group, (first, second))
    return [first, second]


def _stop(executor: Executor) -> None:
    """Drop what waits and end what runs: a worker's unfinished trial is worth nothing."""
    running = executor if isinstance(executor, ProcessPoolExecutor) else None
    if running is not None:
        end_workers(running)
    executor.shutdown(wait=False, cancel_futures=True)
