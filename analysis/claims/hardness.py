"""The theorem: robust classifiers exist, accurate ones are easy to learn, robust ones need a great many samples."""

import numpy as np

from analysis.claims.claim import Answer, Asked, Measured, judged
from analysis.claims.evidence import Evidence
from analysis.studies.hidden_bit import DIMENSIONS, NUISANCE, RADIUS
from analysis.theory import HiddenBit

WORDS = "arXiv 2412.04245, abstract; a construction of this project with these three properties"
TARGET = 0.25  # robust error, half of what guessing has
ENOUGH = 2**16  # samples per corner


def _models() -> list[HiddenBit]:
    return [HiddenBit(dimension=dimension, nuisance=NUISANCE, radius=RADIUS) for dimension in DIMENSIONS]


def _exists(evidence: Evidence) -> Answer:
    errors = [float(model.robust_error(ENOUGH * 2**model.dimension)) for model in _models()]
    number = Measured(f"largest robust error of the table of all corners, d = {DIMENSIONS}", max(errors))
    return (number,), judged(max(errors) < 1e-9), "In closed form: knowing every corner leaves no robust error."


def _easy(evidence: Evidence) -> Answer:
    errors = [float(model.standard_error(2, "coordinate")) for model in _models()]
    numbers = tuple(
        Measured(f"error after 2 samples, d = {dimension}", error)
        for dimension, error in zip(DIMENSIONS, errors, strict=True)
    )
    why = f"In closed form, for a learner that reads the last coordinate: its error is below {TARGET:g} for every d."
    return numbers, judged(max(errors) < TARGET), why


def _hard(evidence: Evidence) -> Answer:
    needed = [model.samples_needed(TARGET) for model in _models()]
    numbers = tuple(
        Measured(f"samples for robust error {TARGET:g}, d = {dimension}", float(count))
        for dimension, count in zip(DIMENSIONS, needed, strict=True)
    )
    growth = float(np.polyfit(DIMENSIONS, np.log2(needed), 1)[0])
    numbers += (Measured("doublings of the samples for each dimension", growth),)
    why = "In closed form, for the best learner there can be: asked that samples double with each dimension, to 5 %."
    return numbers, judged(abs(growth - 1) < 0.05), why


ASKED = tuple(
    Asked(name, f"There is a setting in which {words}.", WORDS, "theory/hidden_bit", answer)
    for name, words, answer in (
        ("robust-classifier-exists", "a robust classifier exists", _exists),
        ("accurate-is-easy", "an accurate classifier is easy to learn", _easy),
        ("robust-needs-exponentially-many", "a robust classifier needs exponentially many samples", _hard),
    )
)
