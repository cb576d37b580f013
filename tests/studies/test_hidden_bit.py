"""The figure of the theory: simulation on the closed forms, and one curve for all dimensions."""

import numpy as np
import pytest
from scipy.stats import t

from analysis.studies.hidden_bit import BOUNDS, DIMENSIONS, EASY, NUISANCE, RADIUS, REPEATS, STUDY
from analysis.studies.measures import LEVEL
from analysis.studies.presets import DIGITS
from analysis.studies.study import Drawing
from analysis.theory import HiddenBit

STANDARD_ERRORS = 5  # were the means normal and the seed free: one failure in 1.7 million comparisons


@pytest.fixture(scope="module")
def drawing() -> Drawing:
    return STUDY.draw(DIGITS, {})


def test_every_learner_is_at_every_size(drawing: Drawing) -> None:
    """Table and coordinate in all dimensions, the learners that know less in the largest."""
    rows = drawing.tables[""]
    for dimension, part in rows.groupby("dimension"):
        sizes = part.groupby(["error", "learner"])["samples"].agg(list)
        always = {("robust", "table"), ("standard", "coordinate")}
        easy = {("standard", learner) for learner in EASY} if dimension == DIMENSIONS[-1] else set()
        assert set(sizes.index) == always | easy
        assert all(samples == sorted(set(samples)) for samples in sizes)
        assert all(samples[0] == 1 and samples[-1] >= 2**dimension for samples in sizes)
    assert set(rows["dimension"]) == set(DIMENSIONS)


def test_simulated_errors_lie_on_the_closed_forms_and_below_the_bounds(drawing: Drawing) -> None:
    rows = drawing.tables[""]
    assert (rows["closed_form"].isna() == rows["learner"].isin(BOUNDS)).all()
    assert (rows["upper_bound"].notna() == rows["learner"].isin(BOUNDS)).all()
    error = STANDARD_ERRORS * (rows["high"] - rows["simulated"]) / t.ppf((1 + LEVEL) / 2, REPEATS - 1)
    far = (rows["simulated"] - rows["closed_form"]).abs() > error + 1e-12
    rare = (rows["simulated"] == 0) & (rows["closed_form"] < 1e-3)  # errors too seldom to be drawn in all repeats
    assert not (far & ~rare).any()
    assert not (rows["simulated"] - rows["upper_bound"] > error + 1e-12).any()


def test_closed_forms_are_those_of_the_theory(drawing: Drawing) -> None:
    for (dimension, learner), part in drawing.tables[""].groupby(["dimension", "learner"]):
        model, n = HiddenBit(int(dimension), nuisance=NUISANCE, radius=RADIUS), part["samples"].to_numpy()
        if learner == "table":
            np.testing.assert_array_equal(part["closed_form"], model.robust_error(n))
        if learner == "coordinate":
            np.testing.assert_array_equal(part["closed_form"], model.standard_error(n))


def test_an_accurate_classifier_is_easy_to_learn_and_a_robust_one_is_not(drawing: Drawing) -> None:
    largest = drawing.tables[""].query("dimension == @DIMENSIONS[-1]")
    few = largest[largest["samples"] == 2 ** (DIMENSIONS[-1] // 2)].query("error == 'standard'")
    few = few.set_index("learner")["simulated"]
    assert few["coordinate"] == few["signed"] == 0
    assert few["linear"] < 0.05 < 0.3 < few["nearest"] < 0.45 < few["table"]


@pytest.mark.parametrize("dimension", [8, 12, 20, 40])
@pytest.mark.parametrize("per_corner", [0.25, 1, 2, 4])
def test_robust_errors_collapse(dimension: int, per_corner: float) -> None:
    """At c = n / 2^d the error is (1 - 2^-d)^n / 2: exp(-c) / 2, but for c exp(-c) 2^-d / 4 <= 2^-d / 10."""
    error = HiddenBit(dimension).robust_error(round(per_corner * 2**dimension))
    assert abs(error - np.exp(-per_corner) / 2) <= 2.0**-dimension / 10


def test_robust_errors_of_the_figure_collapse(drawing: Drawing) -> None:
    rows = drawing.tables[""].query("error == 'robust' and dimension >= 8")
    by_share = rows.groupby(rows["samples"] / 2 ** rows["dimension"])["closed_form"]
    assert (by_share.count() > 1).any()
    assert (by_share.max() - by_share.min()).max() <= 2 * 2.0**-8 / 10


def test_drawn_lines_are_closed_forms_and_drawn_marks_simulations(drawing: Drawing) -> None:
    rows = drawing.tables[""].query("error == 'robust'")
    left, right = drawing.figure.axes[:2]
    for dimension, part in rows.groupby("dimension"):
        model = HiddenBit(int(dimension), nuisance=NUISANCE, radius=RADIUS)
        for axes, scale in ((left, 1), (right, 2**dimension)):
            (line,) = (each for each in axes.lines if each.get_label() == f"d = {dimension}")
            samples = np.round(np.asarray(line.get_xdata()) * scale).astype(int)
            np.testing.assert_allclose(line.get_ydata(), model.robust_error(samples), rtol=1e-12)
            marks = [each.get_xydata() for each in axes.lines if each.get_linestyle() == "None"]
            expected = np.column_stack((part["samples"] / scale, part["simulated"]))
            assert any(np.array_equal(points, expected) for points in marks)


def test_the_caption_says_what_is_drawn(drawing: Drawing) -> None:
    assert f"{REPEATS} seeds" in drawing.caption
    assert f"radius {RADIUS:g}" in drawing.caption
    assert "closed forms" in drawing.caption
    assert "simulation" in drawing.caption
