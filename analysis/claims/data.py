"""Claims about the amount of data."""

from analysis.claims.claim import Answer, Asked, Measured, judged, on_each, points
from analysis.claims.evidence import Evidence
from analysis.studies.doublings import gain
from analysis.studies.measures import Measure, scaled_measures

ABSTRACT = "arXiv 2412.04245, abstract"
AUTHOR = "the author's page on arXiv 2412.04245"
STUDY = "data_scaling"
FIVE = 5.0  # points per doubling, as published
LATE = 1_875  # images, above which short trainings gain little


def _per_doubling(evidence: Evidence, preset: str, measure: Measure) -> Measured:
    """Points per doubling over all sizes."""
    gained = gain(measure, evidence.table(preset, STUDY))
    kind = "accuracy" if measure.name == "accuracy" else "certified"
    what = f"{measure.model.classifier}, {kind}, a doubling"
    if gained is None:
        return Measured(what, float("nan"), unit="points")
    low, high = gained.interval
    return Measured(what, 100 * gained.slope, 100 * low, 100 * high, "points")


def _measures(evidence: Evidence, preset: str) -> dict[tuple[str, bool], Measure]:
    """By classifier, and whether it is what is certified."""
    found = scaled_measures(evidence.preset(preset, STUDY))
    return {(each.model.classifier, each.name != "accuracy"): each for each in found}


def _doubling(preset: str, standard: str, robust: str) -> Asked:
    """Whether every doubling gains, and about five points."""

    def answer(evidence: Evidence) -> Answer:
        measures = _measures(evidence, preset)
        plain = _per_doubling(evidence, preset, measures[standard, False])
        certified = _per_doubling(evidence, preset, measures[robust, True])
        steps = evidence.table(preset, STUDY, "_growth")
        steps = steps[(steps["model"] == robust) & (steps["measure"] != "accuracy")]
        growing = int(steps["grows"].sum())
        consistent = Measured(f"doublings of {len(steps)} that certainly certify more", float(growing))
        verdict = judged(growing == len(steps), *(each.low <= FIVE <= each.high for each in (certified, plain)))
        why = (
            f"Asked: that every doubling certifies more (its interval is above 0), and that {FIVE:g} points lie in the "
            f"intervals of both mean gains, as it is not said of which measure. In the last doublings, where the short "
            f"training sees next to no image twice, its length is the limit and not the data."
        )
        return (certified, consistent, plain), verdict, why

    return Asked(
        name=f"doubling-{preset}",
        statement=f"Doubling the training data consistently raises performance by about 5 % ({preset}).",
        source=AUTHOR,
        figure=f"{preset}/{STUDY}",
        answer=answer,
    )


def _main_factor(evidence: Evidence) -> Answer:
    """What data gains beside what the choice of the method gains, on MNIST."""
    first = min(size for size in evidence.preset("mnist", STUDY).sizes if size is not None)
    gains, late = ([_gained(evidence, each, size) for each in _certified(evidence, "mnist")] for size in (first, LATE))
    rows = evidence.table("mnist", "layers_compared")
    column = f"certified at {evidence.preset('mnist', 'layers_compared').radius:.3g}"
    wide = rows.pivot(index="seed", columns="model", values=column)
    order = wide.mean().sort_values().index
    spread = points(f"best of nine layers ({order[-1]}) over worst ({order[0]})", wide[order[-1]] - wide[order[0]])
    verdict = judged(*(all(each.low > spread.high for each in some) for some in (gains, late)))
    why = (
        f"Asked: that every network gains more from data than the choice among nine 1-Lipschitz layers at all data "
        f"decides, from {first} images on and from {LATE:,} on. There the short training may be the limit; size and "
        f"length of training are not varied beside it."
    )
    return (*gains, *late, spread), verdict, why


def _certified(evidence: Evidence, preset: str) -> list[Measure]:
    return [measure for (_, certified), measure in _measures(evidence, preset).items() if certified]


def _gained(evidence: Evidence, measure: Measure, first: int) -> Measured:
    """From a size to all images, on MNIST."""
    own = {"model": measure.model.classifier, "measure": measure.name}
    less, more = (evidence.repeats("mnist", STUDY, point=point, **own) for point in (str(first), "all"))
    return points(f"{measure.model.classifier}, certified, from {first:,} images to all", more - less)


def _generated(evidence: Evidence) -> Answer:
    rows = evidence.table("mnist", "generated_scaling", "_doublings")
    certified = rows[rows["measure"] != "accuracy"]
    numbers = tuple(
        Measured(
            f"{row['model']}, certified, a doubling of {row['images']} images, {row['from']:,.0f} to {row['to']:,.0f}",
            100 * row["per_doubling"],
            100 * row["low"],
            100 * row["high"],
            "points",
        )
        for row in certified.to_dict("records")
    )
    chosen = certified["images"] == "generated"
    beyond = certified[chosen & (certified["range"] == "beyond the real ones")]
    within = certified[chosen & (certified["range"] == "sizes of both")]
    verdict = judged(bool((within["low"] > 0).all()), bool((beyond["low"] > 0).all()))
    why = (
        "Asked: that generated images raise what is certified, in as many as there are real ones, and beyond. The "
        "images are drawn from mixtures fitted to each class, which lack detail, not from a diffusion model; and the "
        "short trainings see fewer images than the largest sets hold."
    )
    return numbers, verdict, why


def _steadily(evidence: Evidence, preset: str) -> Answer:
    found = tuple(_per_doubling(evidence, preset, measure) for measure in _certified(evidence, preset))
    steps = evidence.table(preset, STUDY, "_growth")
    steps = steps[steps["measure"] != "accuracy"]
    growing = Measured(f"doublings of {len(steps)}, of all networks, that certainly certify more", steps["grows"].sum())
    verdict = judged(all(each.low > 0 for each in found), bool(steps["grows"].all()))
    why = "Asked: that the mean gain over all sizes is certainly above 0 for every network, and so is every doubling's."
    return (*found, growing), verdict, why


ASKED = (
    Asked(
        name="data-is-the-main-factor",
        statement="The amount of training data is the main factor for robust accuracy.",
        source=ABSTRACT,
        figure=f"mnist/{STUDY}",
        answer=_main_factor,
    ),
    _doubling("cifar10-jpeg", "ConvNet", "AOL-MLP"),
    _doubling("mnist", "MLP", "CPL-MLP"),
    *on_each(
        ("mnist", "cifar10-jpeg"),
        "certified-rises-with-data",
        "Certified accuracy rises steadily with the logarithm of the data, for each network with certificates",
        "the experiment on data scaling of arXiv 2412.04245",
        STUDY,
        _steadily,
    ),
    Asked(
        name="generated-data",
        statement="Generated images raise certified accuracy as real ones do, and go on where those end.",
        source="the experiment on generated images of arXiv 2412.04245",
        figure="mnist/generated_scaling",
        answer=_generated,
    ),
)
