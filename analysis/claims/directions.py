"""Claims about principal directions: what is accurate and not robust on the ones of small variance."""

import numpy as np

from analysis.claims.claim import Answer, Asked, Measured, judged, points, share
from analysis.claims.evidence import Evidence
from analysis.studies.captions import band
from analysis.studies.spectra import RADIUS

ABSTRACT = "arXiv 2412.04245, abstract"
AUTHOR = "the author's page on arXiv 2412.04245"
COMPONENTS = "the experiment on principal components of arXiv 2412.04245"
STUDY = "subspace_accuracy"
CHANCE = 0.1  # of ten classes


def _values(evidence: Evidence, preset: str, place: str) -> tuple[np.ndarray, np.ndarray]:
    """Accuracy of the standard network and certified accuracy of the robust one, by seed."""
    grid = evidence.preset(preset, STUDY)
    standard, robust = (model.classifier for model in grid.models)
    certified = f"certified accuracy at {grid.radius:g}"
    return (
        evidence.repeats(preset, STUDY, point=place, model=standard, measure="accuracy"),
        evidence.repeats(preset, STUDY, point=place, model=robust, measure=certified),
    )


def _useful_tail(preset: str, first: int) -> Asked:
    """Accurate far above chance, and robust at next to nothing of what all directions allow."""

    def answer(evidence: Evidence) -> Answer:
        accurate, certified = _values(evidence, preset, band(((first, None),)))
        _, whole = _values(evidence, preset, "all")
        rows = evidence.table(preset, STUDY)
        kept = rows.loc[rows["point"] == band(((first, None),)), "variance_share"].iloc[0]
        plain = share("accuracy of the standard network", accurate)
        robust = share("certified accuracy of the robust network", certified)
        all_of_them = share("certified on all directions", whole)
        verdict = judged(plain.low > 100 * 2 * CHANCE, robust.high < 0.2 * all_of_them.low)
        why = (
            f"The directions from {first} on hold {100 * kept:.2g} % of the variance: the network is asked to be "
            f"twice as accurate there as chance, and to certify less than a fifth of what all directions allow."
        )
        return (plain, robust, all_of_them), verdict, why

    return Asked(
        name=f"useful-not-robust-{preset}",
        statement="There are low-magnitude directions that are useful for plain but not for robust generalisation "
        f"({preset}).",
        source=ABSTRACT,
        figure=f"{preset}/{STUDY}",
        answer=answer,
    )


def _very_accurate(preset: str, first: int) -> Asked:
    """Accuracy on the tail alone beside that on everything."""

    def answer(evidence: Evidence) -> Answer:
        accurate, _ = _values(evidence, preset, band(((first, None),)))
        whole, _ = _values(evidence, preset, "all")
        lost = points("lost against all directions", whole - accurate)
        plain = share("accuracy of the standard network", accurate)
        kept = float(np.nanmean(accurate) / np.nanmean(whole))
        verdict = judged(plain.low > 100 * 2 * CHANCE, kept > 0.9)
        why = (
            f"'Very accurate' is read as nine tenths of the accuracy on all directions; it reaches {kept:.0%} of it, "
            f"on the directions from {first} on."
        )
        return (plain, lost), verdict, why

    return Asked(
        name=f"tiny-directions-suffice-{preset}",
        statement=f"Tiny-magnitude directions are sufficient for very accurate models ({preset}).",
        source=AUTHOR,
        figure=f"{preset}/{STUDY}",
        answer=answer,
    )


def _head_and_tail(preset: str, tail: int) -> Asked:
    """The fifth set of components: the top 16 with the tail beside them."""

    def answer(evidence: Evidence) -> Answer:
        head, both = (_values(evidence, preset, band(each)) for each in (((0, 16),), ((0, 16), (tail, None))))
        certified = points("the tail adds, certified", both[1] - head[1])
        accurate = points("the tail adds, accuracy of the standard network", both[0] - head[0])
        verdict = judged(certified.low <= 0, accurate.low > 0)
        why = (
            f"Asked: that what the directions from {tail} on add to the first 16 cannot be told from nothing where it "
            f"is certified, and can where it is accuracy. Inferred from the design of the experiment, not quoted."
        )
        return (certified, accurate), verdict, why

    return Asked(
        name=f"tail-beside-head-{preset}",
        statement="A robust network on the first 16 directions and the tail is no better than on the first 16, while "
        f"a standard one is ({preset}).",
        source=COMPONENTS,
        figure=f"{preset}/{STUDY}",
        answer=answer,
    )


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
    _useful_tail("mnist", 200),
    _useful_tail("cifar10-jpeg", 512),
    _very_accurate("mnist", 200),
    _very_accurate("cifar10-jpeg", 512),
    _head_and_tail("mnist", 200),
    _head_and_tail("cifar10-jpeg", 512),
    Asked(
        name="tail-can-be-erased",
        statement="An adversary of l2 radius 36/255 can erase the last 1,024 principal directions of a typical image "
        "of CIFAR-10.",
        source=COMPONENTS,
        figure="data/spectra",
        answer=_erased,
    ),
)
