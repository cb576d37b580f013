"""Methods stand where our records and the published rows put them; correlations and their p-values are exact."""

import itertools
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import spearmanr

from analysis import published
from analysis.studies import STUDIES
from analysis.studies.layers_published import STUDY
from analysis.studies.preset import Preset
from analysis.studies.presets import DIGITS, MNIST, SMOKE
from analysis.studies.study import Drawing, Study

Records = dict[Any, dict[str, Any]]
Invent = Callable[[Study, Preset], Records]
Drawn = Callable[[Study, Preset], Drawing]
Break = Callable[[Any, Any], Records]
full_preset = pytest.mark.parametrize("preset", [DIGITS, MNIST], ids=["digits", "mnist"])
COMMON = {"AOL", "BCOP", "CPL", "Cayley", "LOT", "SLL", "SOC"}


def certify(records: Records, share: Callable[[str], float]) -> Records:
    """Records in which each method certifies a share of a thousand examples."""

    def radii(method: str) -> np.ndarray:
        return np.where(np.arange(1000) < round(1000 * share(method)), 2.0, -1.0)

    return {
        trial: record | {"arrays": {"radii": radii(trial.model.partition("-")[0])}} for trial, record in records.items()
    }


def published_share(dataset: str, size: str, hours: int) -> dict[str, float]:
    rows = published.load(dataset).query(f"size == '{size}' and budget_hours == {hours}")
    return dict(zip(rows["layer"], rows["cra_36_255_percent"] / 100, strict=True))


@pytest.mark.parametrize("preset", [SMOKE, DIGITS, MNIST], ids=["smoke", "digits", "mnist"])
def test_nothing_new_is_trained(preset: Preset) -> None:
    assert set(STUDY.trials(preset)) <= set(STUDIES["layers_compared"].trials(preset))


@full_preset
def test_every_method_that_was_published_stands_beside_ours(preset: Preset, invent: Invent, drawn: Drawn) -> None:
    records, rows = invent(STUDY, preset), drawn(STUDY, preset).tables[""]
    assert set(rows["method"]) == COMMON
    for row in rows.to_dict("records"):
        (model,) = (model for model in preset.compared if model.model.startswith(f"{row['method']}-"))
        mine = [records[preset.trial(model, seed)] for seed in preset.seeds]
        assert row["certified"] == pytest.approx(np.mean([(r["arrays"]["radii"] > preset.radius).mean() for r in mine]))
        assert row["accuracy"] == pytest.approx(np.mean([r["outcome"]["accuracy"] for r in mine]))
        table = "layers_compared_cifar100" if row["published"] == "CIFAR-100" else "layers_compared_cifar10"
        assert row["published_certified"] == published_share(table, row["size"], row["hours"])[row["method"]]


def test_published_trainings_that_diverged_are_left_out(drawn: Drawn) -> None:
    rows = drawn(STUDY, DIGITS).tables[""]
    assert rows["published_certified"].min() > 0
    lost = rows.query("published == 'CIFAR-100' and size == 'S' and hours == 24")
    assert set(lost["method"]) == COMMON - {"CPL"}


@full_preset
def test_the_scatter_shows_the_closest_columns(preset: Preset, drawn: Drawn) -> None:
    drawing = drawn(STUDY, preset)
    for axes, dataset in zip(drawing.figure.axes, ("CIFAR-10", "CIFAR-100"), strict=False):
        rows = drawing.tables[""].query(f"published == '{dataset}' and size == 'XS' and hours == 2")
        np.testing.assert_array_equal(axes.lines[0].get_xydata(), rows[["certified", "published_certified"]])
        assert {text.get_text(): text.xy for text in axes.texts} == {
            row.method: (row.certified, row.published_certified) for row in rows.itertuples()
        }


@full_preset
def test_correlations_are_spearman_s_with_a_p_value_over_all_orders(preset: Preset, drawn: Drawn) -> None:
    drawing = drawn(STUDY, preset)
    found = drawing.tables["_correlation"]
    assert len(found) == 2 * 4 * 3 * 2
    for (dataset, size, hours), rows in list(drawing.tables[""].groupby(["published", "size", "hours"]))[::5]:
        place = f"published == '{dataset}' and size == '{size}' and hours == {hours} and measure == 'certified'"
        (row,) = found.query(place).to_dict("records")
        ours, theirs = rows["certified"].to_numpy(), rows["published_certified"].to_numpy()
        assert row["rho"] == pytest.approx(spearmanr(ours, theirs).statistic, abs=1e-12)
        ranks, others = (np.argsort(np.argsort(values)) for values in (ours, theirs))
        if len(set(ours)) < len(ours) or len(set(theirs)) < len(theirs):
            continue  # ties: the ranks above are not the mean ones
        distances = np.array([((order - others) ** 2).sum() for order in itertools.permutations(ranks)])
        here = ((ranks - others) ** 2).sum()
        tail = min((distances <= here).mean(), (distances >= here).mean())
        assert row["p"] == pytest.approx(min(1, 2 * tail), abs=1e-12)


def test_the_same_order_is_a_correlation_of_one(invent: Invent) -> None:
    share = published_share("layers_compared_cifar10", "XS", 2)
    records = certify(invent(STUDY, DIGITS), lambda method: share.get(method, 0.5))
    drawing = STUDY.draw(DIGITS, records)
    (row,) = (
        drawing.tables["_correlation"]
        .query("published == 'CIFAR-10' and size == 'XS' and hours == 2 and measure == 'certified'")
        .to_dict("records")
    )
    assert row["rho"] == pytest.approx(1)
    assert row["p"] == pytest.approx(2 / 5040)
    assert "CIFAR-10: +1.00, p = 0.00, 7 methods" in drawing.caption


def test_without_an_order_there_is_no_correlation(invent: Invent, drawn: Drawn) -> None:
    """Two methods, or all of them equal."""
    for drawing in (drawn(STUDY, SMOKE), STUDY.draw(DIGITS, certify(invent(STUDY, DIGITS), lambda method: 0.5))):
        drawing.figure.draw_without_rendering()
        assert drawing.tables["_correlation"].query("measure == 'certified'")["rho"].isna().all()
        assert "CIFAR-10: none" in drawing.caption


def test_methods_that_diverged_are_left_out_and_counted(invent: Invent, diverge: Break) -> None:
    lost = [trial for trial in STUDY.trials(DIGITS) if trial.model == "CPL-LCN"]
    drawing = STUDY.draw(DIGITS, diverge(invent(STUDY, DIGITS), lost))
    drawing.figure.draw_without_rendering()
    assert "1 of our methods diverged at every seed" in drawing.caption
    assert drawing.tables["_correlation"].query("published == 'CIFAR-10' and size == 'XS'")["methods"].eq(6).all()


@full_preset
def test_the_caption_says_what_differs(preset: Preset, drawn: Drawn) -> None:
    caption = drawn(STUDY, preset).caption
    assert f"Data set: {preset.dataset}." in caption
    assert re.search(rf"\b{len(preset.seeds)} seeds", caption)
    assert f"radius {preset.radius:g} " in caption
    assert "Other data, budget and size" in caption
    assert "Table 9 and Table 10 of arXiv 2311.16833" in caption


def test_one_seed_draws_without_intervals(drawn: Drawn) -> None:
    drawing = drawn(STUDY, replace(DIGITS, seeds=(0,)))
    drawing.figure.draw_without_rendering()
    assert drawing.tables[""]["certified_low"].isna().all()
