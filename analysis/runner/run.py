"""Run what is missing, on any executor, and keep what finished."""

import multiprocessing
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from typing import Any

from tqdm.auto import tqdm

from analysis.runner.files import refuse_unwritable
from analysis.runner.store import Store

Runner = Callable[[list[Any]], list[dict[str, Any]]]
Plan = Callable[[list[Any]], list[list[Any]]]


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
    content: Mapping[str, Any] | None = None,
    fresh: bool = False,
    progress: bool = True,
) -> int:
    """Run every specification that the store lacks.

    Only this process writes to the store, each group's records as soon as they are known; workers return them. An
    interrupt ends the workers and leaves everything that was finished in the store.

    Args:
        function: From a group of specifications to their records, a picklable function at the top level of a module.
        specs: Frozen dataclasses; repeated ones run once.
        store: Where records are kept.
        executor: Anything with the ``concurrent.futures`` interface.
        plan: From the missing specifications to groups that are run together.
        content: Entries that stored records must agree with to be used again, such as the hash of the data.
        fresh: Run everything again; a record is replaced only once its successor is finished.
        progress: Whether to show what is running, what is done, and the time left.

    Returns:
        The number of specifications that were run.

    Raises:
        ExceptionGroup: After all other groups have finished, the failures, with a note for each group.

    Example:
        >>> run(run_trials, trials, Store("data/results/digits"), executor("processes"))
    """
    missing = list(dict.fromkeys(specs)) if fresh else store.missing(specs, content=content)
    for folder in sorted({store.path(spec).parent for spec in missing}):
        refuse_unwritable(folder, "records")
    failures: list[Exception] = []
    lost = 0
    with tqdm(total=len(missing), unit="trial", disable=None if progress else True) as bar:
        try:
            for group, future in _finished(function, plan(missing), executor, bar):
                try:
                    _keep(store, group, future.result())
                except Exception as error:
                    error.add_note(f"in {'; '.join(map(str, group))}")
                    if error not in failures:  # a broken pool fails all that waits with one and the same
                        failures.append(error)
                    lost += len(group)
                bar.update(len(group))
        except BaseException:
            _stop(executor)
            raise
    if failures:
        raise ExceptionGroup(f"{lost} of {len(missing)} trials failed", failures)
    return len(missing)


def _finished(
    function: Runner, groups: list[list[Any]], executor: Executor, bar: Any
) -> Iterable[tuple[list[Any], Future[list[dict[str, Any]]]]]:
    """Submit all groups; yield each once it is done. An executor that works in this thread is done on submission."""
    pending: dict[Future[list[dict[str, Any]]], list[Any]] = {}
    for group in groups:
        bar.set_postfix_str(_label(group))
        future = executor.submit(function, group)
        if future.done():
            yield group, future
        else:
            pending[future] = group
    while pending:
        bar.set_postfix_str("; ".join(_label(group) for future, group in pending.items() if future.running()))
        done, _ = wait(pending, timeout=1, return_when=FIRST_COMPLETED)
        for future in done:
            yield pending.pop(future), future


def _keep(store: Store, group: list[Any], records: list[dict[str, Any]]) -> None:
    for spec, record in list(zip(group, records, strict=True)):  # one too many or too few: whose is whose?
        store[spec] = record


def _label(group: list[Any]) -> str:
    first = getattr(group[0], "label", str(group[0]))
    return first if len(group) == 1 else f"{first} and {len(group) - 1} more"


def _stop(executor: Executor) -> None:
    """Drop what waits and end what runs: a worker's unfinished trial is worth nothing."""
    executor.shutdown(wait=False, cancel_futures=True)
    for worker in multiprocessing.active_children():
        worker.terminate()
