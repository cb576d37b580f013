"""Moments of what does not fit into memory: batches, memory maps, files; measured here or by workers."""

import math
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sized
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from tqdm.auto import tqdm

from analysis.subspaces.files import batches_in
from analysis.subspaces.int8 import ROWS
from analysis.subspaces.moments import Moments

GROUP = 1 << 26  # bytes of images that are sent to a worker at once
LOADER = GROUP // 8  # what a batch counts that the worker loads itself: 8 of them are a group

Batch = ArrayLike | Callable[[], ArrayLike]
Measured = tuple[tuple[int, ...], Moments]  # shape of one image, moments


def moments_of(
    source: Any,
    *,
    member: str | None = None,
    executor: Executor | None = None,
    workers: int | None = None,
    progress: bool = False,
) -> Moments:
    """Measure images from wherever they come, in memory that does not grow with their number.

    With an executor, contiguous ranges of images are measured by its workers and merged in order. For ``uint8`` images
    the result is the same bits, whoever measures what; for floats it is the same to rounding.

    Args:
        source: An array of images ``(n, ...)``, such as a memory map; the path of a ``.npy`` or ``.npz`` file; or an
            iterable of batches. A batch is an array ``(n, ...)``, or a function without arguments that returns one:
            it is called by whoever measures it, so that workers also read and decode.
        member: Name of the array in an ``.npz`` file with several.
        executor: Anything with the ``concurrent.futures`` interface; by default this thread measures. Give processes
            the path of a file, not its memory map, so that each reads its own part.
        workers: How many workers the executor has; by default one for each core.
        progress: Whether to show how many images are done, and the time left.

    Returns:
        Moments of all images.

    Raises:
        ValueError: If there is no batch, batches differ in shape or kind, or a file cannot be read.

    Example:
        >>> with runner.executor("processes") as pool:
        ...     moments = moments_of("images.npy", executor=pool, progress=True)
        >>> moments = moments_of(datasets.parquet.row_groups(path))
    """
    batches, total = _batches(source, member)
    with tqdm(total=total, unit="image", unit_scale=True, disable=None if progress else True) as bar:
        if executor is None:
            return _measure(batches, bar.update)[1]
        parts = _measured_apart(batches, executor, workers or os.cpu_count() or 1)
        return _merged(parts, bar.update)


def _batches(source: Any, member: str | None) -> tuple[Iterable[Batch], int | None]:
    if isinstance(source, str | os.PathLike):
        return batches_in(Path(source), member)
    if member is not None:
        raise ValueError(f"only an .npz file has members, such as {member!r}")
    if not hasattr(source, "__array__"):
        return source, None
    array = np.asarray(source)
    if array.ndim < 2:
        return [array], None  # refused where it is measured
    return [array[start : start + ROWS] for start in range(0, max(len(array), 1), ROWS)], len(array)


def _measure(batches: Iterable[Batch], seen: Callable[[int], object] | None = None) -> Measured:
    measured: Measured | None = None
    for batch in batches:
        images: NDArray[Any] = np.asarray(batch() if callable(batch) else batch)
        shape = images.shape[1:]
        measured = measured or (shape, Moments(math.prod(shape)))
        _refuse_another(shape, measured[0])
        measured[1].update(images)
        if seen is not None:
            seen(len(images))
    if measured is None:
        raise ValueError("there are no batches of images to measure")
    return measured


def _measured_apart(batches: Iterable[Batch], executor: Executor, workers: int) -> Iterator[Measured]:
    """Yield moments in the order of the batches, while a bounded number of groups is under way."""
    pending: deque[Future[Measured]] = deque()
    try:
        for group in _groups(batches, workers):
            pending.append(executor.submit(_measure, group))
            while pending and (pending[0].done() or len(pending) > 2 * workers):
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        for future in pending:
            future.cancel()


def _groups(batches: Iterable[Batch], workers: int) -> Iterator[list[Batch]]:
    """Join batches: moments are larger than a batch, so they should be sent back seldom, but by every worker."""
    most = math.ceil(len(batches) / workers) if isinstance(batches, Sized) else math.inf
    group: list[Batch] = []
    size = 0
    for batch in batches:
        group.append(batch)
        size += getattr(batch, "nbytes", LOADER)
        if len(group) >= most or size >= GROUP:
            yield group
            group, size = [], 0
    if group:
        yield group


def _merged(parts: Iterable[Measured], seen: Callable[[int], object]) -> Moments:
    whole: Measured | None = None
    for shape, moments in parts:
        seen(moments.count)
        if whole is None:
            whole = shape, moments
            continue
        _refuse_another(shape, whole[0])
        whole[1].merge(moments)
    if whole is None:
        raise ValueError("there are no batches of images to measure")
    return whole[1]


def _refuse_another(shape: tuple[int, ...], expected: tuple[int, ...]) -> None:
    if shape != expected:
        raise ValueError(f"images of shape {shape} do not go with those of shape {expected}")
