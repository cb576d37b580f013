"""Claims about the margin loss of the AOL paper."""

from collections.abc import Sequence
from functools import partial
from math import exp, sqrt

import numpy as np
import pandas as pd

from analysis.claims.claim import Answer, Asked, Measured, judged, on_each
from analysis.claims.evidence import Evidence
from analysis.studies.margin_loss import WIDE
from analysis.theory import TwoPoints

PAPER = "arXiv 2208.03160"
STUDY = "margin_loss"
PRESETS = ("mnist", "cifar10-jpeg")
PUBLISHED = (36 / 255, 72 / 255, 108 / 255, 1.0)  # of the radius, at which the paper certifies
Change = tuple[float, float, float, bool]  # from and to which offset, at what share of the radius, and whether it rises
QUESTIONS: tuple[tuple[str, str, str, tuple[Change, ...]], ...] = (
    (
        "larger-offset",
        "A larger offset of the loss trades accuracy for certificates at large radii",
        "Asked: that four times the offset certainly costs accuracy and certainly gains at four times the radius.",
        ((1, 4, 0, False), (1, 4, WIDE, True)),
    ),
    (
        "too-large-offset",
        "Beyond four times the offset nothing is gained any more: accuracy falls, and so does what is certified at "
        "every published radius",
        "Asked of accuracy and of each radius: that from four to sixteen times the offset it certainly falls.",
        tuple((4, 16, share, False) for share in (0, *PUBLISHED)),
    ),
    (
        "smaller-offset",
        "Offsets smaller than the radius asks for are more accurate",
        "Asked of both steps up to the offset of record: that accuracy certainly falls. Training is shorter than the "
        "published one by far: with a tiny offset it may not have come as far as it could.",
        ((1 / 16, 1 / 4, 0, False), (1 / 4, 1, 0, False)),
    ),
    (
        "tiny-offset",
        "With a tiny offset less is certified at every radius",
        "Asked of each published radius: that from a sixteenth to a quarter of the offset more is certainly certified.",
        tuple((1 / 16, 1 / 4, share, True) for share in PUBLISHED),
    ),
)


def _change(rows: pd.DataFrame, first: float, last: float, share: float) -> Measured:
    chosen = rows[(rows["from"] == first) & (rows["to"] == last) & np.isclose(rows["share_of_radius"], share)]
    (row,) = chosen.to_dict("records")
    said = "" if pd.isna(row["published"]) else f" (published {100 * row['published']:+.1f})"
    what = f"certified at {share:.3g} times the radius" if share else "accuracy"
    mean, low, high = (100 * row[name] for name in ("change", "low", "high"))
    return Measured(f"{what}, {first:g} to {last:g} times the offset{said}", mean, low, high, "points")


def _changes(why: str, asked: Sequence[Change], evidence: Evidence, preset: str) -> Answer:
    """Whether each change certainly has its sign."""
    rows = evidence.table(preset, STUDY, "_changes")
    found = [(_change(rows, *step), rises) for *step, rises in asked]
    verdict = judged(*(each.low > 0 if rises else each.high < 0 for each, rises in found))
    return tuple(each for each, _ in found), verdict, why


def _aims(evidence: Evidence) -> Answer:
    offset, temperature, margin = sqrt(2), 0.25, 0.5
    conflict = TwoPoints(half_distance=0.5, share=0.7, offset=offset, temperature=temperature)
    slope = 1 / (1 + exp((margin - offset) / temperature))
    numbers = (
        Measured("radius of the more frequent of two points in conflict, in closed form", float(conflict.radii[0])),
        Measured("slope of the loss at a margin of 1/2, in closed form", slope),
    )
    why = "Asked: a radius within a tenth of 1, and a slope above 0.9, for offset sqrt 2 and temperature 1/4."
    return numbers, judged(abs(numbers[0].value - 1) < 0.1, slope > 0.9), why


ASKED = (
    *(
        asked
        for name, statement, why, changes in QUESTIONS
        for asked in on_each(PRESETS, name, statement, f"{PAPER}, Table 5", STUDY, partial(_changes, why, changes))
    ),
    Asked(
        name="offset-trains-for-its-radius",
        statement="An offset of sqrt 2 trains for radius 1; the gradient stays near 1 while the margin is below 1/2.",
        source=PAPER,
        figure="theory/theory_curves",
        answer=_aims,
    ),
)
