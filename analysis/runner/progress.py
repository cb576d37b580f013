"""A bar that says what is done, what is running, what has failed, and how long the rest takes."""

from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self

from tqdm.auto import tqdm


class Progress:
    """In a terminal or a notebook a bar; nothing where the output is piped.

    Args:
        total: Number of trials.
        show: Whether there is a bar at all.

    Example:
        >>> with Progress(300) as progress:
        ...     progress.running([group])
        ...     progress.advance(len(group))
    """

    def __init__(self, total: int, *, show: bool = True) -> None:
        # None asks whether the output is a terminal; the notebook's bar takes it for False, as it should.
        self._bar: Any = tqdm(total=total, unit="trial", disable=None if show else True)
        self._failed = 0
        self._running = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()

    @property
    def shown(self) -> bool:
        """Whether anybody sees the bar."""
        return not self._bar.disable

    def running(self, groups: Iterable[list[Any]]) -> None:
        """Show what runs.

        Args:
            groups: Of specifications; those with a ``label`` are called by it.
        """
        if not self.shown:
            return
        listed = list(groups)
        count = sum(map(len, listed))
        self._running = f"{count} running: {_label(listed[0])}" if listed else ""
        self._refresh()

    def advance(self, count: int, *, failed: int = 0) -> None:
        """Count trials that have ended.

        Args:
            count: How many.
            failed: How many of them failed.
        """
        self._failed += failed
        self._bar.update(count)
        if failed:
            self._refresh()

    def _refresh(self) -> None:
        failed = f"{self._failed} failed" if self._failed else ""
        self._bar.set_postfix_str("; ".join(part for part in (failed, self._running) if part))


def _label(group: list[Any]) -> str:
    first = getattr(group[0], "label", str(group[0]))
    return first if len(group) == 1 else f"{first} and {len(group) - 1} more"
