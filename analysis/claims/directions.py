"""Claims about principal directions: what is accurate and not robust on the ones of small variance."""

import numpy as np

from analysis.claims.claim import Answer, Asked, Measured, judged, on_each, points, share
from analysis.claims.evidence import Evidence
from analysis.studies.captions import band
from analysis.studies.spectra import RADIUS

ABSTRACT = "arXiv 2412.04245, abstract"
AUTHOR = "the author's page on arXiv 2412.04245"
COMPONENTS = "the experiment on principal components of arXiv 2412.04245"
STUDY = "subspace_accuracy"
CHANCE = 0.1  # of ten classes
TAILS = {"mnist": 200, "cifar10-jpeg": 512}  # where they begin


def _values(evidence: Evidence, preset: str, place: str) -> tuple[np.ndarray, np.ndarray]:
    """Accuracy of the standard network and certified accuracy of the robust one, by seed."""
    grid = evidence.preset(preset, STUDY)
    standard, robust = (model.classifier for model in grid.models)
    certified = f"certified accuracy at {grid.radius:g}"
    return (
        evidence.repeats(preset, STUDY, point=place, model=standard, measure="accuracy"),
        evidence.repeats(preset, STUDY, point=place, model=robust, measure=certified),
    )


def _useful_tail(evidence: Evidence, preset: str) -> Answer:
    """Accurate far above chance, and robust at next to nothing of what all directions allow."""
    first = TAILS[preset]
    accurate, certified = _values(evidence, preset, band(((first, None),)))
    _, whole = _values(evidence, preset, "all")
    rows = evidence.table(preset, STUDY)
    kept = rows.loc[rows["point"] == band(((first, None),)), "variance_share"].iloc[0]
    plain = share("accuracy of the standard network", accurate)
    robust = share("certified accuracy of the robust network", certified)
    all_of_them = share("certified on all directions", whole)
    why = (
        f"The directions from {first} on hold {100 * kept:.2g} % of the variance: the network is asked to be twice as "
        f"accurate there as chance, and to certify less than a fifth of what all directions allow."
    )
    verdict = judged(plain.low > 100 * 2 * CHANCE, robust.high < 0.2 * all_of_them.low)
    return (plain, robust, all_of_them), verdict, why


def _very_accurate(evidence: Evidence, preset: str) -> Answer:
    """Accuracy on the tail alone beside that on everything."""
    first = TAILS[preset]
    accurate, _ = _values(evidence, preset, band(((first, None),)))
    whole, _ = _values(evidence, preset, "all")
    plain = share("accuracy of the standard network", accurate)
    kept = share("of the accuracy on all directions", accurate / whole)
    why = (
        f"Asked on the directions from {first} on: twice the accuracy of chance, and, which is how 'very accurate' is "
        f"read, nine tenths of the accuracy on all directions."
    )
    return (plain, kept), judged(plain.low > 100 * 2 * CHANCE, kept.low > 90), why


def _head_and_tail(evidence: Evidence, preset: str) -> Answer:
    """The fifth set of components: the top 16 with the tail beside them."""
    tail = TAILS[preset]
    head, both = (_values(evidence, preset, band(each)) for each in (((0, 16),), ((0, 16), (tail, None))))
    certified = points("the tail adds, certified", both[1] - head[1])
    accurate = points("the tail adds, accuracy of the standard network", both[0] - head[0])
    why = (
        f"Asked: that what the directions from {tail} on add to the first 16 cannot be told from nothing where it is "
        f"certified, and can where it is accuracy. Inferred from the design of the experiment, not quoted."
    )
    return (certified, accurate), judged(certified.low <= 0, accurate.low > 0), why


def _erased(evidence: Evidence) -> Answer:
    rows = evidence.table("digits", "spectra", "_tails")
    chosen = rows[(rows["directions"] == "2048-end") & rows["dataset"].str.startswith("cifar10")]
    biggest = chosen[chosen["images"] > 10_000].iloc[0], chosen[chosen["dataset"] == "cifar10-first4000"].iloc[0]
    numbers = tuple(
        Measured(f"norm of the last 1,024 directions of {row['dataset']}", float(row["norm"])) for row in biggest
    )
    verdict = judged(*(number.value < RADIUS for number in numbers))
    why = (
        f"Root mean square norm, pixels in [0, 1], against a radius of {RADIUS:.3f}. cifar10-jpeg went through a codec "
        "that empties its tail; of the lossless images there are only 4,000, which makes tails too small."
    )
    return numbers, verdict, why


ASKED = (
    *on_each(
        TAILS,
        "useful-not-robust",
        "There are low-magnitude directions that are useful for plain but not for robust generalisation",
        ABSTRACT,
        STUDY,
        _useful_tail,
    ),
    *on_each(
        TAILS,
        "tiny-directions-suffice",
        "Tiny-magnitude directions are sufficient for very accurate models",
        AUTHOR,
        STUDY,
        _very_accurate,
    ),
    *on_each(
        TAILS,
        "tail-beside-head",
        "A robust network on the first 16 directions and the tail is no better than on the first 16, while a standard "
        "one is",
        COMPONENTS,
        STUDY,
        _head_and_tail,
    ),
    Asked(
        name="tail-can-be-erased",
        statement="An adversary of l2 radius 36/255 can erase the last 1,024 principal directions of a typical image "
        "of CIFAR-10.",
        source=COMPONENTS,
        figure="data/spectra",
        answer=_erased,
    ),
)
