"""Claims about activations that can represent more than MaxMin."""

from analysis.claims.claim import Answer, Asked, Measured, judged
from analysis.claims.evidence import Evidence
from analysis.studies.activations import MEAN
from analysis.studies.n_function import MEASURES
from analysis.theory import NFunction

PAPER = "arXiv 2311.06103"
CLOSE = 1.0  # points: comparable
PUBLISHED = ("N-near", "N")  # starts of the toy, and of the networks for images


def _comparable(evidence: Evidence) -> Answer:
    rows = evidence.table("mnist", "activations", "_differences")
    chosen = rows[(rows["activation"] == "N") & (rows["measure"] == "certified")]
    numbers = tuple(
        Measured(f"N over MaxMin, certified, {row['model']}", row["points"], row["low"], row["high"], "points")
        for row in chosen.to_dict("records")
    )
    (mean,) = (each for each in numbers if each.what.endswith(MEAN))
    why = f"Asked of the mean of the methods, paired by seed: that its interval lies within {CLOSE:g} point of nothing."
    return numbers, judged(mean.low > -CLOSE and mean.high < CLOSE), why


def _not_represented(evidence: Evidence) -> Answer:
    function = NFunction(reach=3.0)
    distance = Measured("distance of N on [-3, 3] from one layer of MaxMin of any width", function.one_layer_distance())
    why = (
        "By a proof of this project, in `analysis.theory.NFunction`: networks of two-slope activations represent N on "
        "[-r, r] if and only if r is at most 3/2, so that the interval matters. One N-activation is it."
    )
    return (distance,), judged(not function.is_representable and distance.value > 0), why


def _fits_better(evidence: Evidence) -> Answer:
    rows = evidence.table("digits", "n_function", "_toy")
    what = next(iter(MEASURES.values()))
    found = {str(row["activation"]): row for row in rows[rows["measure"] == what].to_dict("records")}
    numbers = [
        Measured(f"{what}, {name}", row["mean"], row["low"], row["high"])
        for name in ("MaxMin", "N-near")
        for row in [found[name]]
    ]
    maxmin, near = numbers
    why = f"Asked of the toy's own start, N-near: that the interval of the {what} lies below that of MaxMin."
    return tuple(numbers), judged(near.high < maxmin.low), why


def _every_start(evidence: Evidence) -> Answer:
    rows = evidence.table("digits", "n_function", "_toy")
    what = next(iter(MEASURES.values()))
    rows = rows[rows["measure"] == what]
    numbers = {
        row["activation"]: Measured(f"{what}, {row['activation']}", row["mean"], row["low"], row["high"])
        for row in rows.to_dict("records")
        if row["activation"] == "MaxMin" or row["activation"].startswith("N")
    }
    maxmin = numbers["MaxMin"]
    starts = [each for name, each in numbers.items() if name != "MaxMin"]
    why = f"Asked of each start of the N-activation: that the interval of the {what} lies below that of MaxMin."
    return (maxmin, *starts), judged(*(each.high < maxmin.low for each in starts)), why


def _restarts(evidence: Evidence) -> Answer:
    rows = evidence.table("digits", "n_function", "_toy")
    rows = rows[rows["measure"] == next(iter(MEASURES.values()))]
    found = {row["activation"]: row for row in rows.to_dict("records")}
    count, best = found["MaxMin"]["seeds"], found["MaxMin"]["smallest"]
    worst = [Measured(f"worst of {count} starts, {name}", found[name]["largest"]) for name in PUBLISHED]
    why = (
        f"Asked: that the worst of {count} networks of N-activations, with the toy's own start and with that of the "
        f"experiments on images, has a smaller mean squared error than the best of as many with MaxMin. Extremes, not "
        f"means: the published experiment trained one network of each, with an unknown seed."
    )
    numbers = (Measured(f"best of {count} starts, MaxMin", best), *worst)
    return numbers, judged(*(each.value < best for each in worst)), why


def _start_matters(evidence: Evidence) -> Answer:
    rows = evidence.table("mnist", "activations", "_differences")
    rows = rows[(rows["measure"] == "certified") & (rows["model"] == MEAN)]
    numbers = {
        row["activation"]: Measured(
            f"{row['activation']} over MaxMin, certified", row["points"], row["low"], row["high"], "points"
        )
        for row in rows.to_dict("records")
        if row["activation"].startswith("N")
    }
    own = numbers["N"]
    why = (
        "Asked of the starts at the identity and at random: that their interval, of the mean of the methods over "
        "MaxMin, lies below that of the start in turn at |x| and x, which the paper chose; its own numbers were not "
        "found."
    )
    return tuple(numbers.values()), judged(*(each.high < own.low for each in numbers.values() if each is not own)), why


ASKED = (
    Asked(
        name="two-slopes-cannot-represent-n",
        statement="1-Lipschitz networks of MaxMin, or of any activation of two slopes, cannot represent every "
        "piecewise linear 1-Lipschitz function of one variable, which networks of N-activations can.",
        source=PAPER,
        figure="",
        answer=_not_represented,
    ),
    Asked(
        name="n-is-comparable",
        statement="N-activations certify about as much as MaxMin: the gain in theory barely shows.",
        source=f"{PAPER}, and the abstract of the thesis",
        figure="mnist/activations",
        answer=_comparable,
    ),
    Asked(
        name="n-fits-the-toy-better",
        statement="Networks of N-activations fit the function N better than networks of MaxMin do.",
        source=PAPER,
        figure="theory/n_function",
        answer=_fits_better,
    ),
    Asked(
        name="n-fits-the-toy-from-every-start",
        statement="From whichever start, networks of N-activations fit the function N better than networks of MaxMin.",
        source=f"{PAPER}, toy experiment, and its three starts",
        figure="theory/n_function",
        answer=_every_start,
    ),
    Asked(
        name="restarts-do-not-help-maxmin",
        statement="That N-activations fit the function N better is no luck: more starts do not make up for it.",
        source=f"{PAPER}, toy experiment, of one network each",
        figure="theory/n_function",
        answer=_restarts,
    ),
    Asked(
        name="start-of-n",
        statement="Of the starts of the N-activation the one in turn at |x| and x certifies the most.",
        source=f"{PAPER}, ablation of the start",
        figure="mnist/activations",
        answer=_start_matters,
    ),
)
