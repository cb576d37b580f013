"""What went wrong, and what can be done about it."""

import errno
import traceback
from collections.abc import Sequence
from concurrent.futures import BrokenExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from analysis.runner.processes import WorkerDiedError

FULL = (errno.ENOSPC, errno.EDQUOT)
MEMORY_ERRORS = {"MemoryError", "OutOfMemoryError"}  # of Python and NumPy, and of torch, which is not imported here
MEMORY_WORDS = ("out of memory", "can't allocate memory")  # of torch on a processor, and of CUDA's libraries
DEATHS = {"KilledWorker"}  # of dask


class FullDiskError(OSError):
    """No space is left for records; everything that was finished before is kept."""

    def __init__(self, error: OSError) -> None:
        place = f" in {Path(error.filename).parent}" if isinstance(error.filename, str) else ""
        super().__init__(
            f"no space is left{place}: everything that was finished is kept; "
            "make room, and the same command goes on from there"
        )


def is_full_disk(error: BaseException) -> bool:
    """Whether a disk or a quota is used up.

    Args:
        error: What was raised.

    Returns:
        True for nothing else.
    """
    return isinstance(error, OSError) and error.errno in FULL


def is_want_of_memory(error: BaseException) -> bool:
    """Whether memory was short, on a processor or a graphics card.

    Args:
        error: What was raised.

    Returns:
        True if a smaller group may succeed.

    Example:
        >>> is_want_of_memory(MemoryError())
        True
    """
    if MEMORY_ERRORS & _names(error):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in MEMORY_WORDS)


def is_death(error: BaseException) -> bool:
    """Whether the worker died, which is how a want of memory often ends.

    Args:
        error: What was raised.

    Returns:
        True if it was lost without an answer.
    """
    return isinstance(error, WorkerDiedError | BrokenExecutor) or bool(DEATHS & _names(error))


def _names(error: BaseException) -> set[str]:
    return {each.__name__ for each in type(error).__mro__}


def halves(group: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Cut a group in two.

    Args:
        group: What was to be run together.

    Returns:
        Both parts, in order.
    """
    middle = len(group) // 2
    return list(group[:middle]), list(group[middle:])


def forget_frames(error: BaseException) -> None:
    """Let go of the variables of the call that failed, among them what filled the memory.

    Args:
        error: What was raised.
    """
    traceback.clear_frames(error.__traceback__)


def described(error: BaseException) -> dict[str, str]:
    """Put a failure into words that can be kept.

    Args:
        error: What was raised.

    Returns:
        ``error``: its kind and message, one line; ``traceback``; ``time``, UTC.
    """
    message = " ".join(str(error).split())
    return {
        "error": f"{type(error).__name__}: {message}" if message else type(error).__name__,
        "traceback": "".join(traceback.format_exception(error)),
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }
