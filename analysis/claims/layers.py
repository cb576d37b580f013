"""Claims about the 1-Lipschitz layers and what they cost."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import pandas as pd

from analysis.claims.claim import Answer, Asked, Measured, judged, on_each, points, share
from analysis.claims.evidence import Evidence
from analysis.studies.layers_published import CLOSEST, SURE

PAPER = "arXiv 2311.16833"
POSTER = "poster and author's page of arXiv 2311.16833"
NO_OVERHEAD, OVERHEAD = ("AOL", "BCOP"), ("CPL", "SLL", "SOC")
NEAR = 10.0  # per cent: almost orthogonal, almost tight
EARLIER = ("BCOP-MLP", "Cayley-MLP", "SOC-MLP")
SAME = 0.9  # of the fastest: no overhead


def _certified(evidence: Evidence) -> pd.DataFrame:
    """Of each layer and seed, after equally many steps, the best layer first."""
    rows = evidence.table("mnist", "layers_compared")
    column = f"certified at {evidence.preset('mnist', 'layers_compared').radius:.3g}"
    wide = rows.pivot(index="seed", columns="model", values=column)
    return wide[wide.mean().sort_values(ascending=False).index]


def _best(evidence: Evidence) -> Answer:
    wide = _certified(evidence)
    order = list(wide.columns)

    def of(model: str) -> Measured:
        return share(f"{model}, place {order.index(model) + 1} of {len(order)}, certified", wide[model])

    others = [model for model in order if model not in ("CPL-MLP", "SOC-MLP")]
    first, second = (_over(wide, model, others) for model in ("CPL-MLP", "SOC-MLP"))
    between = points("CPL-MLP over SOC-MLP", wide["CPL-MLP"] - wide["SOC-MLP"])
    verdict = judged(first.low > 0 and between.low > 0, second.low > 0)
    why = (
        "Asked of what is certified, paired by seed: that CPL is certainly above SOC and the best of the others, and "
        "SOC above the latter, after equally many steps of dense layers of width 128; the paper's are convolutions "
        "trained for hours."
    )
    shown = tuple(of(model) for model in dict.fromkeys((order[0], "CPL-MLP", "SOC-MLP")))
    return (*shown, first, second, between), verdict, why


def _over(wide: pd.DataFrame, model: str, others: Sequence[str]) -> Measured:
    """Over the best of others."""
    best = wide[list(others)].mean().idxmax()
    return points(f"{model} over {best}", wide[model] - wide[best])


def _over_earlier(evidence: Evidence) -> Answer:
    wide = _certified(evidence)
    found = tuple(points(f"AOL-MLP over {each}", wide["AOL-MLP"] - wide[each]) for each in EARLIER)
    why = (
        "Asked of each: that AOL certainly certifies more, after equally many steps of dense layers of width 128, at "
        "the radius of the figure and with one offset for all. The published numbers of the others are their papers' "
        "own, with other losses."
    )
    return found, judged(*(each.low > 0 for each in found)), why


def _standard(evidence: Evidence, preset: str) -> Answer:
    standard, robust = evidence.preset(preset, "data_scaling").models
    of = partial(evidence.repeats, preset, "data_scaling", point="all", measure="accuracy")
    plain, certified = (of(model=model.classifier) for model in (standard, robust))
    more = points(f"{standard.classifier} over {robust.classifier}, accuracy", plain - certified)
    why = "Asked: that the difference on all training images is certainly above 0. No certificate exists of the former."
    return (more,), judged(more.low > 0), why


def _best_in_time(evidence: Evidence) -> Answer:
    rows = evidence.table("mnist", "layers_budgets")
    numbers = []
    for (width, seconds), own in rows.groupby(["width", "seconds"]):
        wide = own.pivot(index="seed", columns="model", values="certified")
        over = _over(wide, "CPL-MLP", [model for model in wide.columns if model != "CPL-MLP"])
        numbers.append(replace(over, what=f"width {width}, {seconds:g} s, {over.what}, certified"))
    why = "Asked of every budget: that CPL certainly certifies more than the best of the others; there are two seeds."
    return tuple(numbers), judged(*(each.low > 0 for each in numbers)), why


def _order(evidence: Evidence) -> Answer:
    rows = evidence.table("mnist", "layers_published", "_correlation")
    size, hours = CLOSEST
    chosen = rows[(rows["measure"] == "certified") & (rows["size"] == size) & (rows["hours"] == hours)]
    numbers = tuple(
        Measured(f"rank correlation with {row['published']}, {size}, {hours} hours (p = {row['p']:.2f})", row["rho"])
        for row in chosen.to_dict("records")
    )
    verdict = judged(*(row["rho"] > 0 and row["p"] < SURE for row in chosen.to_dict("records")))
    why = (
        f"Asked of each data set: a positive correlation with a two-sided p below {SURE:g}, over the seven methods "
        f"that both compared."
    )
    return numbers, verdict, why


def _widest(evidence: Evidence, preset: str) -> pd.DataFrame:
    rows = evidence.table(preset, "layers_cost")
    widest = rows[rows["width"] == rows["width"].max()]
    return pd.DataFrame(widest.set_index(widest["model"].str.partition("-")[0]))


def _inference(evidence: Evidence) -> Answer:
    rows = _widest(evidence, "digits")
    speed = rows["images_per_second"] / rows["images_per_second"].max()
    named = (*NO_OVERHEAD, *OVERHEAD)
    numbers = tuple(Measured(f"{method}, share of the fastest's images a second", speed[method]) for method in named)
    dense = _widest(evidence, "mnist")["images_per_second"]
    numbers += (Measured("dense SOC on mnist, share of the fastest's", float(dense["SOC"] / dense.max())),)
    verdict = judged(
        *(bool(speed[method] > SAME) for method in NO_OVERHEAD), *(bool(speed[method] < SAME) for method in OVERHEAD)
    )
    why = (
        f"Asked of convolutions of width {rows['width'].iloc[0]} on digits, weights derived before: that AOL and BCOP "
        f"reach {SAME:.0%} of the fastest, and CPL, SLL and SOC do not. BCOP pads images to a circle here. One "
        f"measurement of the processor's time, the fastest of ten."
    )
    return numbers, verdict, why


def _dearest(evidence: Evidence) -> Answer:
    numbers, parts = [], []
    for preset, column, words in (
        ("digits", "training_ms", "ms a step, convolutions on digits"),
        ("digits", "memory_mb", "MB a step, convolutions on digits"),
        ("mnist", "training_ms", "ms a step, dense on mnist"),
        ("mnist", "memory_mb", "MB a step, dense on mnist"),
    ):
        rows = _widest(evidence, preset).sort_values(column, ascending=False)
        first = rows.index[0]
        numbers += [Measured(f"{method}, {words}", float(rows.loc[method, column])) for method in {first: 0, "LOT": 0}]
        parts.append(first == "LOT")
    why = (
        "Asked of time and memory of a training step at the largest width that was timed: that no other method takes "
        "more than LOT. As a dense layer BCOP is the Bjorck layer, whose iterations take more than LOT's."
    )
    return tuple(numbers), judged(*parts), why


def _orthogonal(evidence: Evidence) -> Answer:
    layers, networks = (evidence.table("mnist", "orthogonality", name) for name in ("", "_networks"))
    last = layers[(layers["model"] == "AOL-MLP") & (layers["step"] == layers["step"].max())]
    ends = networks[(networks["model"] == "AOL-MLP") & (networks["step"] == networks["step"].max())]
    far = last.groupby("seed")["distance"].mean()
    tight = share("largest slope found, of the proven bound", ends["slope"] / ends["bound"])
    distance = share("distance of a trained AOL layer from an isometry, of that of zero", far)
    verdict = judged(distance.high < NEAR, tight.low > 100 - NEAR)
    why = (
        f"Asked, after training: that the distance of J^T J from the identity is below {NEAR:g} % of that of a layer "
        f"that is zero, and that the network attains {100 - NEAR:g} % of its bound."
    )
    return (distance, tight), verdict, why


ASKED = (
    *on_each(
        ("mnist", "cifar10-jpeg"),
        "standard-is-more-accurate",
        "A standard network is more accurate than one of AOL layers",
        "arXiv 2208.03160, Table 3",
        "data_scaling",
        _standard,
    ),
    Asked(
        name="aol-over-earlier-layers",
        statement="AOL layers certify more than the earlier BCOP, Cayley and SOC.",
        source="arXiv 2208.03160, Tables 3 and 4",
        figure="mnist/layers_compared",
        answer=_over_earlier,
    ),
    Asked(
        name="cpl-first-soc-next",
        statement="Of the 1-Lipschitz layers CPL is the most promising, SOC next (equal steps).",
        source=POSTER,
        figure="mnist/layers_compared",
        answer=_best,
    ),
    Asked(
        name="cpl-first-in-equal-time",
        statement="Of the 1-Lipschitz layers CPL is the most robust in budgets of equal training time.",
        source=POSTER,
        figure="mnist/layers_budgets",
        answer=_best_in_time,
    ),
    Asked(
        name="order-of-layers",
        statement="The published order of the layers in certified accuracy returns on other data.",
        source=f"{PAPER}, Tables 9 and 10",
        figure="mnist/layers_published",
        answer=_order,
    ),
    Asked(
        name="no-inference-overhead",
        statement="AOL and BCOP have no overhead in inference; CPL, SLL and SOC have.",
        source=POSTER,
        figure="digits/layers_cost",
        answer=_inference,
    ),
    Asked(
        name="lot-is-the-dearest",
        statement="LOT takes the most time and the most memory to train.",
        source=f"{PAPER}, Table 8 and its figure of memory",
        figure="digits/layers_cost",
        answer=_dearest,
    ),
    Asked(
        name="aol-is-almost-orthogonal",
        statement="Trained AOL layers are almost orthogonal, and their bound is almost tight.",
        source="arXiv 2208.03160, heat maps of J^T J",
        figure="mnist/orthogonality",
        answer=_orthogonal,
    ),
)
