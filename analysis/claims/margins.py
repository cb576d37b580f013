"""Claims about the margin loss of the AOL paper."""

from math import exp, sqrt

import pandas as pd

from analysis.claims.claim import Answer, Asked, Measured, judged
from analysis.claims.evidence import Evidence
from analysis.studies.margin_loss import WIDE
from analysis.theory import TwoPoints

PAPER = "arXiv 2208.03160"
STUDY = "margin_loss"


def _change(rows: pd.DataFrame, first: float, last: float, share: float, what: str) -> Measured:
    chosen = rows[(rows["from"] == first) & (rows["to"] == last) & (rows["share_of_radius"] == share)]
    (row,) = chosen.to_dict("records")
    said = "" if pd.isna(row["published"]) else f" (published {100 * row['published']:+.1f})"
    mean, low, high = (100 * row[name] for name in ("change", "low", "high"))
    return Measured(f"{what}, {first:g} to {last:g} times the offset{said}", mean, low, high, "points")


def _beyond(preset: str) -> Asked:
    """A larger offset than the radius of record asks for."""

    def answer(evidence: Evidence) -> Answer:
        rows = evidence.table(preset, STUDY, "_changes")
        accuracy = _change(rows, 1.0, 4.0, 0.0, "accuracy")
        certified = _change(rows, 1.0, 4.0, WIDE, f"certified at {WIDE:g} times the radius")
        why = "Asked: that four times the offset certainly costs accuracy and certainly gains at four times the radius."
        return (accuracy, certified), judged(accuracy.high < 0, certified.low > 0), why

    return Asked(
        name=f"larger-offset-{preset}",
        statement=f"A larger offset of the loss trades accuracy for certificates at large radii ({preset}).",
        source=f"{PAPER}, Table 5",
        figure=f"{preset}/{STUDY}",
        answer=answer,
    )


def _below(preset: str) -> Asked:
    """A smaller one."""

    def answer(evidence: Evidence) -> Answer:
        rows = evidence.table(preset, STUDY, "_changes")
        steps = tuple(_change(rows, *pair, 0.0, "accuracy") for pair in ((1 / 16, 1 / 4), (1 / 4, 1.0)))
        why = (
            "Asked of both steps up to the offset of record: that accuracy certainly falls. Training is shorter than "
            "the published one by far: with a tiny offset it may not have come as far as it could."
        )
        return steps, judged(*(step.high < 0 for step in steps)), why

    return Asked(
        name=f"smaller-offset-{preset}",
        statement=f"Offsets smaller than the radius asks for are more accurate ({preset}).",
        source=f"{PAPER}, Table 5",
        figure=f"{preset}/{STUDY}",
        answer=answer,
    )


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
    _beyond("mnist"),
    _beyond("cifar10-jpeg"),
    _below("mnist"),
    _below("cifar10-jpeg"),
    Asked(
        name="offset-trains-for-its-radius",
        statement="An offset of sqrt 2 trains for radius 1; the gradient stays near 1 while the margin is below 1/2.",
        source=PAPER,
        figure="theory/theory_curves",
        answer=_aims,
    ),
)
