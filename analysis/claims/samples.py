"""Claims about how many samples robustness needs, by the laws fitted to learning curves."""

from math import isfinite
from typing import Any

import pandas as pd

from analysis.claims.claim import UNTESTABLE, Answer, Asked, Measured, judged, on_each
from analysis.claims.evidence import Evidence

SOURCE = "the experiment on data scaling of arXiv 2412.04245"
STUDY = "sample_complexity"
PRESETS = ("mnist", "cifar10-jpeg")
ACCURACY = "accuracy"


def _certified(evidence: Evidence, preset: str) -> str:
    return f"certified accuracy at {evidence.preset(preset, STUDY).radius:g}"


def _curves(evidence: Evidence, preset: str, suffix: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Of a table, the rows of the standard network's accuracy, and of what the 1-Lipschitz one certifies."""
    rows, grid = evidence.table(preset, STUDY, suffix), evidence.preset(preset, STUDY)
    standard, robust = (
        rows[(rows["model"] == model.classifier) & (rows["measure"] == measure)]
        for model, measure in zip(grid.models, (ACCURACY, _certified(evidence, preset)), strict=True)
    )
    return standard, robust


def _more(evidence: Evidence, preset: str) -> Answer:
    """Images for the same error, plain and certified."""
    rows = zip(*(each.to_dict("records") for each in _curves(evidence, preset, "")), strict=True)
    pairs = [(plain, each) for plain, each in rows if each["low"] > each["smallest"] and isfinite(each["samples"])]
    why = (
        "Asked of each error that is certified with finitely many images, as the laws say, and certainly not with the "
        "fewest that were tried: that even the low end for certified accuracy lies above the high end for plain "
        "accuracy, and above those fewest. Beyond the sizes that were measured the laws speak alone."
    )
    if not pairs:
        return (), UNTESTABLE, f"{why} There is no such error."
    ends = [pairs[0], pairs[-1]] if len(pairs) > 1 else pairs
    numbers = [_needed(row) for pair in ends for row in pair]
    numbers += [_ratio(certified) for _, certified in ends if certified["ratio"] > 0]
    verdict = judged(*(each["low"] > max(plain["high"], each["smallest"]) for plain, each in pairs))
    return tuple(numbers), verdict, why


def _needed(row: dict[Any, Any]) -> Measured:
    what = "plain" if row["measure"] == ACCURACY else "certified"
    return Measured(f"images for an error of {100 * row['error']:g} %, {what}", row["samples"], row["low"], row["high"])


def _ratio(row: dict[Any, Any]) -> Measured:
    what = f"times as many for an error of {100 * row['error']:g} %"
    return Measured(what, row["ratio"], row["ratio_low"], row["ratio_high"])


def _parameter(row: dict[Any, Any], name: str, what: str) -> Measured:
    """Of a law; its errors in per cent."""
    scale, unit = (100, "%") if name == "c" else (1, "")
    value, low, high = (scale * row[column] for column in (name, f"{name}_low", f"{name}_high"))
    return Measured(f"{what} ({row['law']})", value, low, high, unit)


def _as_low(evidence: Evidence, preset: str) -> Answer:
    """Floors of both laws."""
    standard, robust = (each.to_dict("records")[0] for each in _curves(evidence, preset, "_laws"))
    floors = _floor(standard, "floor of the plain error"), _floor(robust, "floor of the certified error")
    why = (
        "Asked: that the interval of the floor of the certified error reaches down to that of the plain error, where a "
        "law without a floor has one of 0. The floors are those of this length of training and size of network: they "
        "hold what short training leaves, and say nothing of what longer training would reach."
    )
    return floors, judged(floors[1].low <= floors[0].high), why


def _floor(row: dict[Any, Any], what: str) -> Measured:
    return _parameter(row, "c", what) if pd.notna(row["c"]) else Measured(f"{what} ({row['law']})", 0.0, 0.0, 0.0, "%")


def _the_same(evidence: Evidence, preset: str) -> Answer:
    """First and last doubling, and how fast errors fall by the law that predicts best."""
    certified = _certified(evidence, preset)
    laws = evidence.table(preset, STUDY, "_laws")
    laws = laws[(laws["measure"] == certified) & (laws["status"] == "ok")]
    steps = evidence.table(preset, "data_scaling", "_growth")
    numbers, parts, growing = [], [], True
    for law in laws.to_dict("records"):
        own = steps[(steps["model"] == law["model"]) & (steps["measure"] == certified)].sort_values("from")
        first, last = (_step(row) for row in own.iloc[[0, -1]].to_dict("records"))
        numbers += [first, last]
        if pd.notna(law["b"]):
            numbers.append(_parameter(law, "b", f"{law['model']}, exponent of the certified error"))
        parts.append(first.low <= last.high and last.low <= first.high)
        growing = growing and last.low > 0
    why = (
        "Asked: of each network with certificates, that the intervals of its first and last doubling overlap; and of "
        "all, that the last certainly certifies more. Where an exponent is given, the law that predicts the largest "
        "sizes best has the error fall as that power of the number of images, towards a floor."
    )
    return tuple(numbers), judged(*parts, growing), why


def _step(row: dict[Any, Any]) -> Measured:
    what = f"{row['model']}, certified, a doubling from {row['from']:,.0f} to {row['to']:,.0f} images"
    gained, low, high = (100 * row[name] for name in ("per_doubling", "low", "high"))
    return Measured(what, gained, low, high, "points")


ASKED: tuple[Asked, ...] = (
    *on_each(PRESETS, "robustness-needs-more", "Robustness needs more data than accuracy", SOURCE, STUDY, _more),
    *on_each(
        PRESETS,
        "data-alone-suffices",
        "More data alone would bring the certified error as low as the plain one",
        "reading of 'the amount of training data is the main factor', arXiv 2412.04245",
        STUDY,
        _as_low,
    ),
    *on_each(
        PRESETS,
        "every-doubling-the-same",
        "What is certified is linear in the logarithm of the data: every doubling is worth the same",
        "the author's page on arXiv 2412.04245, 'consistently'",
        STUDY,
        _the_same,
    ),
)
