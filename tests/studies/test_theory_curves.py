"""The figure of closed forms: simulations on them, and what they are drawn to show."""

import numpy as np
import pytest
from scipy.stats import t

from analysis.studies.measures import LEVEL
from analysis.studies.presets import DIGITS
from analysis.studies.study import Drawing
from analysis.studies.theory_curves import ASKED, BANDS, CONFLICT, CURVES, POINTS, REPEATS, SPIKED, STUDY, TEMPERATURES

STANDARD_ERRORS = 5  # were the means normal and the seed free: one failure in 1.7 million comparisons


@pytest.fixture(scope="module")
def drawing() -> Drawing:
    return STUDY.draw(DIGITS, {})


def standard_errors(rows) -> np.ndarray:
    return (rows["high"] - rows["low"]) / 2 / t.ppf((1 + LEVEL) / 2, REPEATS - 1)


def test_simulated_errors_lie_on_the_closed_forms(drawing: Drawing) -> None:
    """Where every repeat draws the same the closed form is next to it; intervals at 0 are cut in half."""
    rows = drawing.tables[""]
    assert rows.groupby("label", sort=False).size().tolist() == [curve[-1] for curve in CURVES]
    far = (rows["simulated"] - rows["closed_form"]).abs() > 2 * STANDARD_ERRORS * standard_errors(rows) + 1e-9
    rare = (rows["closed_form"] < 0.25) & (rows["simulated"] > 0.19) & (rows["label"] == "standard, best learner")
    assert not (far & ~rare).any()  # votes that never failed in so few repeats
    assert (far & rare).sum() <= 2


def test_bands_show_the_pattern_of_the_subspace_figures(drawing: Drawing) -> None:
    rows = drawing.tables["_bands"]
    noise = STANDARD_ERRORS * np.sqrt(0.25 / (POINTS * REPEATS))
    assert ((rows["simulated"] - rows["closed_form"]).abs() <= noise).all()
    accurate, robust, fragile = (part.set_index("band") for _, part in rows.groupby("measure", sort=False))
    assert len(accurate) == len(BANDS)
    tails = accurate.index[accurate["norm"] < SPIKED.radius]
    assert list(tails) == ["1-end", "257-end"]
    assert (accurate.loc[tails, "closed_form"] > 0.9).all()
    assert (robust.loc[tails, "closed_form"] == 0.5).all()
    assert (fragile.loc[tails, "closed_form"] < 1e-3).all()
    assert robust.loc["0-1 + 257-end", "closed_form"] == pytest.approx(robust.loc["0-1", "closed_form"], abs=0.01)


def test_the_ratio_of_samples_grows_with_dimension_and_radius(drawing: Drawing) -> None:
    rows = drawing.tables["_samples_needed"]
    for _, part in rows.groupby(["norm", "share"]):
        ratios = part.sort_values("dimension")["ratio"].to_numpy()
        assert (np.diff(ratios[1:]) > 0).all()
        assert ratios[-1] / ratios[-2] > 2
    for _, part in rows.groupby(["norm", "dimension"]):
        assert (np.diff(part.sort_values("share")["ratio"]) > 0).all()


def test_margins_follow_the_offset_once_they_are_in_conflict(drawing: Drawing) -> None:
    rows = drawing.tables["_margins"]
    assert sorted(set(rows["temperature"])) == list(TEMPERATURES)
    np.testing.assert_allclose(rows["frequent"] + rows["rare"], 2 * CONFLICT.half_distance)
    sharp = rows[rows["temperature"] == TEMPERATURES[0]].set_index("asked")["frequent"]
    expected = np.maximum(ASKED, CONFLICT.half_distance)
    np.testing.assert_allclose(sharp.to_numpy(), expected, atol=0.02)
    marked = rows.dropna(subset="simulated")
    assert len(marked) > 15
    bias = 0.01  # of an optimum of drawn shares, which is not linear in them
    assert ((marked["simulated"] - marked["frequent"]).abs() <= STANDARD_ERRORS * standard_errors(marked) + bias).all()


def test_the_caption_says_what_is_drawn(drawing: Drawing) -> None:
    for phrase in (f"{REPEATS} seeds", "closed forms", "90 % intervals", "Schmidt et al. 2018", f"{POINTS} points"):
        assert phrase in drawing.caption
