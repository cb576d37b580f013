"""Claims about activations that can represent more than MaxMin."""

from analysis.claims.claim import Answer, Asked, Measured, judged
from analysis.claims.evidence import Evidence
from analysis.studies.activations import MEAN
from analysis.studies.n_function import MEASURES
from analysis.theory import NFunction

PAPER = "arXiv 2311.06103"
CLOSE = 1.0  # points: comparable


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
)
