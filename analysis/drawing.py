"""Many figures drawn at once, in processes: each as if it were alone, and told in a fixed order."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, as_completed
from contextlib import contextmanager

from analysis import runner
from analysis.commands import MissingRecordsError, Workshop
from analysis.gallery import Printed
from analysis.studies import find
from analysis.studies.study import Study

logger = logging.getLogger(__name__)
Wanted = tuple[Workshop, Study]
Undrawn = tuple[Workshop, Exception]
UNRECORDED = (MissingRecordsError, runner.StaleRecordError, runner.BrokenRecordError)


def draw_all(wanted: Iterable[Wanted], say: Callable[[str], None], executor: str = "processes") -> list[Undrawn]:
    """Draw figures from their records, those that take longest first, on the cores of this machine.

    Only this process writes, each figure as soon as it is drawn. One that cannot be drawn takes no other along. An
    interrupt ends the workers, and leaves what was finished.

    Args:
        wanted: Workshops and studies; those of which a workshop asks nothing are passed over.
        say: Told what became of each, line by line, in the order in which they are wanted.
        executor: Name of the one that trained; the figures are drawn in as many processes where it is of this machine.

    Returns:
        The workshops of those that are not there, and why; of each, a line has said so.

    Example:
        >>> draw_all([(Workshop(DIGITS, "digits", Gallery("figures")), STUDIES["spectrum"])], print)
        digits: spectrum drawn
        []
    """
    asked = [each for each in wanted if each[0].has(each[1])]
    lines = _Lines(asked, say)
    keys: dict[int, str] = {}
    for place, (workshop, study) in enumerate(asked):
        try:
            key = workshop.outdated(study)
        except UNRECORDED as error:
            lines.lost(place, error)
        else:
            if key is None:
                lines.done(place, f"{study.name} is up to date")
            else:
                keys[place] = key
    first = sorted(keys, key=lambda place: not asked[place][1].slow)
    with _workers(executor, len(first)) as pool:
        for place, future in _finished(pool, asked, first):
            _keep(lines, place, future, keys[place])
    return lines.undrawn


def draw(workshop: Workshop, study: Study) -> bool:
    """Draw a study's figure from its records, unless it is up to date.

    Args:
        workshop: With a gallery.
        study: Which.

    Returns:
        Whether it was drawn.

    Raises:
        MissingRecordsError: If trials have not been run; the message says how to run them.
    """
    key = workshop.outdated(study)
    if key is not None:
        workshop.walls.write(workshop.name(study), workshop.printed(study), key)
    return key is not None


class _Lines:
    """What is said of each figure: in order, each as soon as it and those before it are known."""

    def __init__(self, asked: Sequence[Wanted], say: Callable[[str], None]) -> None:
        self.asked = asked
        self._say = say
        self._known: dict[int, str] = {}
        self._said = 0
        self.undrawn: list[Undrawn] = []

    def done(self, place: int, text: str) -> None:
        workshop, study = self.asked[place]
        self._known[place] = f"{workshop.shelf(study)}: {text}"
        while self._said in self._known:
            self._say(self._known.pop(self._said))
            self._said += 1

    def lost(self, place: int, error: Exception) -> None:
        workshop, study = self.asked[place]
        known = isinstance(error, UNRECORDED)
        if not known:
            logger.error("%s cannot be drawn", workshop.name(study), exc_info=error)
        self.undrawn.append((workshop, error))
        self.done(place, str(error) if known else f"{study.name} cannot be drawn: {type(error).__name__}: {error}")


def _keep(lines: _Lines, place: int, future: Future[Printed], key: str) -> None:
    workshop, study = lines.asked[place]
    try:
        workshop.walls.write(workshop.name(study), future.result(), key)
    except Exception as error:
        lines.lost(place, error)
    else:
        lines.done(place, f"{study.name} drawn")


@contextmanager
def _workers(name: str, figures: int) -> Iterator[Executor]:
    """Processes of this machine, whatever cards it has; ended at once where anything is raised."""
    here = "serial" if figures < 2 else name if name.partition(":")[0] in ("serial", "processes") else "processes"
    with runner.executor(here, "cpu") as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _finished(pool: Executor, asked: Sequence[Wanted], places: Sequence[int]) -> Iterator[tuple[int, Future[Printed]]]:
    """Each figure once it is drawn, in any order."""
    waiting: dict[Future[Printed], int] = {}
    for place in places:
        workshop, study = asked[place]
        future = pool.submit(_printed, workshop, study.name)
        if future.done():  # drawn in this thread
            yield place, future
        else:
            waiting[future] = place
    for future in as_completed(waiting):
        yield waiting.pop(future), future


def _printed(workshop: Workshop, name: str) -> Printed:
    return workshop.printed(find(name))
