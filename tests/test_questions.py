"""A table of sizes and errors is answered in words and a figure; sliders ask the same."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis import scaling
from analysis.questions import Answer, Question

SIZES = 100 * 2 ** np.arange(8)


def table(scale: float = 2.0, **columns: object) -> pd.DataFrame:
    rows = [
        {"size": size, "error": scale / size**0.5 * (1 + 0.01 * seed), "seed": seed}
        for size in SIZES
        for seed in (-1, 0, 1)
    ]
    return pd.DataFrame(rows).assign(**columns)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def question() -> Question:
    robust = [table(3.0, model="robust", radius=0.0), table(4.0, model="robust", radius=0.5)]
    return Question(pd.concat([table(model="plain"), *robust]).fillna({"radius": 0.0}))


def test_a_csv_file_is_enough(tmp_path: Path) -> None:
    path = tmp_path / "errors.csv"
    table().to_csv(path, index=False)
    told = Question(path).answer(0.05)
    expected = scaling.fit(table()["size"], table()["error"], "auto", table()["seed"])
    assert told.text.startswith(scaling.statement(expected, 0.05))
    assert told.fit.samples_needed(0.05)[1] == pytest.approx(1_600, rel=0.05)


def test_the_radius_and_the_classifier_choose_the_curve(question: Question) -> None:
    """Errors of c / sqrt(n) need (c / error)^2 samples."""
    for model, radius, scale in (("plain", 0.0, 2.0), ("robust", 0.0, 3.0), ("robust", 0.5, 4.0)):
        found = question.answer(0.1, model=model, radius=radius, law="M1").fit
        assert found.samples_needed(0.1)[1] == pytest.approx((scale / 0.1) ** 2, rel=0.01)


def test_a_classifier_is_compared_with_another(question: Question) -> None:
    text = question.answer(0.1, model="robust", radius=0.5, law="M1", against="plain").text
    assert "That is 4 times as many as plain needs" in text


def test_the_figure_shows_measurements_law_and_target(question: Question) -> None:
    axes = question.answer(0.1, law="M1").figure.axes[0]
    labels = axes.get_legend_handles_labels()[1]
    assert labels == ["measured", "M1", "target 10 %"]
    np.testing.assert_allclose(axes.lines[0].get_ydata(), 2 / SIZES**0.5)


def test_sliders_offer_what_the_table_has(question: Question) -> None:
    box = question.sliders()
    (model, radius, law), (target, against) = (row.children for row in box.children[:2])
    assert model.options == ("plain", "robust")
    assert radius.options == (0.0,)
    model.value = "robust"
    assert radius.options == (0.0, 0.5)
    assert "auto" in law.options
    assert against.options == ("-", "plain", "robust")
    assert target.value == 0.1


def test_moving_a_slider_asks_again(question: Question, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, answer = [], Question.answer

    def noted(self: Question, target: float, **options: str) -> Answer:
        asked.append(target)
        return answer(self, target, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Question, "answer", noted)
    box = question.sliders()
    box.children[1].children[0].value = 0.05
    assert asked == [0.1, 0.05]


def test_a_flat_curve_is_answered_in_words() -> None:
    told = Question(table().assign(error=0.3 + 0.001 * table()["seed"])).answer(0.1)
    assert "not identifiable" in told.text


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (pd.DataFrame({"n": [1], "error": [0.1]}), "columns size and error.*got 1 rows of n, error"),
        (pd.DataFrame({"size": [], "error": []}), "got 0 rows"),
    ],
)
def test_a_wrong_table_is_refused(wrong: pd.DataFrame, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Question(wrong)


def test_a_wrong_choice_is_refused(question: Question) -> None:
    with pytest.raises(ValueError, match="unknown model 'x': the table has plain, robust"):
        question.answer(0.1, model="x")
    with pytest.raises(ValueError, match=r"robust has no errors at radius 2: the table has 0, 0\.5"):
        question.answer(0.1, model="robust", radius=2.0)
