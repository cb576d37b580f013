"""What a claim is: a statement of the thesis, what was measured here, and a verdict that follows from the numbers."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from math import isfinite, isnan
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from analysis.scaling import estimate
from analysis.studies.measures import LEVEL

if TYPE_CHECKING:
    from analysis.claims.evidence import Evidence

HOLDS, IN_PART, FAILS = "holds", "holds in part", "does not hold here"
UNTESTABLE, UNMEASURED = "not testable here", "not yet measured"
VERDICTS = (HOLDS, IN_PART, FAILS, UNTESTABLE, UNMEASURED)


@dataclass(frozen=True)
class Measured:
    """A number, and how well it is known.

    Attributes:
        what: What it is of, in words.
        value: The number, in its unit.
        low: Lower end of the 90 % interval; nan where there is none.
        high: Upper end.
        unit: ``%``, ``points`` or another word; nothing for plain numbers.

    Example:
        >>> Measured("accuracy", 85.15, 84.7, 85.6, "%").text
        'accuracy: 85.2 % [84.7, 85.6]'
    """

    what: str
    value: float
    low: float = float("nan")
    high: float = float("nan")
    unit: str = ""

    @property
    def interval(self) -> str:
        """The interval as it is printed; empty where there is none."""
        return "" if isnan(self.low) else f"[{_digits(self.low)}, {_digits(self.high)}]"

    @property
    def number(self) -> str:
        """The value as it is printed, with its unit."""
        return f"{_digits(self.value)} {self.unit}".strip()

    @property
    def text(self) -> str:
        """All of it, in one phrase."""
        return f"{self.what}: {self.number} {self.interval}".strip()


def share(what: str, repeats: ArrayLike) -> Measured:
    """Mean of shares over seeds, in per cent.

    Args:
        what: What it is of.
        repeats: One share per seed, nan where training diverged.

    Returns:
        The mean and its interval, cut to [0, 100].
    """
    return _mean(what, repeats, "%", (0.0, 1.0))


def points(what: str, repeats: ArrayLike) -> Measured:
    """Mean over seeds of differences of shares, in points.

    Args:
        what: What it is of.
        repeats: One difference per seed, nan where training diverged.

    Returns:
        The mean and its interval.
    """
    return _mean(what, repeats, "points", (-np.inf, np.inf))


def _mean(what: str, repeats: ArrayLike, unit: str, bounds: tuple[float, float]) -> Measured:
    result = estimate(np.asarray(repeats, dtype=np.float64)[None], level=LEVEL, bounds=bounds)
    mean, low, high = (100 * float(values[0]) for values in (result.mean, result.low, result.high))
    return Measured(what, mean, low, high, unit)


def _digits(value: float) -> str:
    """Two digits of small numbers, one decimal of those that people compare, none of counts and large ones."""
    size = abs(value)
    if not isfinite(value):
        return f"{value:g}"
    return (
        f"{value:,.0f}"
        if size >= 1000 or float(value).is_integer()
        else f"{value:.1f}"
        if size >= 1
        else f"{value:.2g}"
    )


Answer = tuple[tuple[Measured, ...], str, str]  # numbers, verdict, reason


@dataclass(frozen=True)
class Claim:
    """A claim of the thesis and what became of it.

    Attributes:
        name: A few words with hyphens, each claim's own: where a page puts its anchor.
        statement: What is claimed, one sentence.
        source: Where.
        measured: Our numbers; empty where there are none.
        verdict: One of ``VERDICTS``.
        why: What the verdict follows from, or what is missing.
        figure: Name of the figure that shows it, with its folder and without a suffix; empty where there is none.

    Raises:
        ValueError: If the verdict is unknown, or is one on numbers without a number.

    Example:
        >>> Claim("tails", "...", "arXiv 2412.04245", (), UNTESTABLE, "...", "").verdict
        'not testable here'
    """

    name: str
    statement: str
    source: str
    measured: tuple[Measured, ...]
    verdict: str
    why: str
    figure: str

    def __post_init__(self) -> None:
        if self.verdict not in VERDICTS:
            raise ValueError(f"unknown verdict {self.verdict!r}; known are {', '.join(VERDICTS)}")
        if bool(self.measured) != (self.verdict in (HOLDS, IN_PART, FAILS)):
            raise ValueError(f"{self.name}: a verdict {self.verdict!r} from {len(self.measured)} numbers")

    @property
    def measurement(self) -> str:
        """All numbers with their intervals, in one line."""
        return "; ".join(each.text for each in self.measured)


def judged(*conditions: bool) -> str:
    """Turn what a claim asks for into a verdict.

    Args:
        *conditions: Each part of the claim, and whether the numbers show it.

    Returns:
        ``HOLDS`` where all are met, ``FAILS`` where none is, else ``IN_PART``.
    """
    return HOLDS if all(conditions) else IN_PART if any(conditions) else FAILS


@dataclass(frozen=True)
class Asked:
    """A claim whose numbers come from records: computed where those are there.

    Attributes:
        name: As of :class:`Claim`; so are ``statement``, ``source`` and ``figure``.
        statement: What is claimed.
        source: Where.
        figure: Which shows it.
        answer: From the tables of figures to the numbers, the verdict and the reason; it raises ``LookupError`` where
            records are missing.
    """

    name: str
    statement: str
    source: str
    figure: str
    answer: Callable[["Evidence"], Answer]


def on_each(
    presets: Iterable[str],
    name: str,
    statement: str,
    source: str,
    study: str,
    answer: Callable[["Evidence", str], Answer],
) -> tuple[Asked, ...]:
    """Ask the same of several data sets.

    Args:
        presets: Their names.
        name: As of :class:`Claim`, without the preset.
        statement: Without the preset and the full stop.
        source: Where.
        study: Whose figure shows it.
        answer: From the tables and the name of a preset.

    Returns:
        One claim a preset.
    """
    return tuple(
        Asked(
            name=f"{name}-{preset}",
            statement=f"{statement} ({preset}).",
            source=source,
            figure=f"{preset}/{study}",
            answer=partial(_on, answer, preset),
        )
        for preset in presets
    )


def _on(answer: Callable[["Evidence", str], Answer], preset: str, evidence: "Evidence") -> Answer:
    return answer(evidence, preset)
