"""Fits recover laws, refuse what is none, and say how well they know."""

import numpy as np
import pytest

from analysis.scaling import Fit, NotIdentifiableWarning, fit, ratio, statement
from analysis.scaling.law import Curve
from analysis.scaling.laws import LAWS
from analysis.scaling.regression import regress
from benchmarks.scaling import SIZES, covered, deviations, seconds, synthetic

M2 = 0.05 + 2.0 * SIZES**-0.4


def noisy(errors: np.ndarray, seeds: int = 4, noise: float = 0.03, seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return errors[:, None] * np.exp(noise * generator.standard_normal((len(errors), seeds)))


def refused(sizes: np.ndarray, errors: np.ndarray, law: str = "M2", **options: float) -> Fit:
    with pytest.warns(NotIdentifiableWarning):
        return fit(sizes, errors, law, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", LAWS)
def test_a_law_without_noise_is_found_again(name: str) -> None:
    """Far beyond the data too: nothing but the digits of the regression (1e-6 of the cost) is lost."""
    drawn = synthetic(name, 5)
    errors = drawn.law.error(drawn.law.value(drawn.at, SIZES))
    found = fit(SIZES, errors, name, chance=0.9, resamples=0)
    beyond = np.array([100.0, 5_000.0, 50_000.0])
    truth = drawn.law.error(drawn.law.value(drawn.at, beyond))
    assert found.status == "ok"
    np.testing.assert_allclose(found.predict(beyond), truth, rtol=0.01)


def test_the_parameters_of_a_floored_power_law() -> None:
    found = fit(SIZES, M2, "M2", resamples=0)
    assert found.parameters == pytest.approx({"a": 2.0, "b": 0.4, "c": 0.05}, rel=1e-3)


def test_an_outlier_moves_the_fit_less_than_its_square_would() -> None:
    """One size 20 % off: the robust fit is moved by less than half as much as the one of least squares."""
    errors = M2 * np.where(SIZES == 800, 1.2, 1.0)
    law = LAWS["M2"](Curve(SIZES, errors))
    squares = law.error(law.value(regress(law, SIZES, errors, scale=1e6), SIZES))
    robust = fit(SIZES, errors, "M2", resamples=0).predict(SIZES)
    assert np.abs(robust / M2 - 1).max() < 0.5 * np.abs(squares / M2 - 1).max()


def test_auto_chooses_the_law_that_predicts() -> None:
    assert fit(SIZES, 0.9 - 0.04 * np.log2(SIZES), "auto", resamples=0).law == "log-linear"
    assert fit(SIZES, M2, "auto", resamples=0).law in {"M2", "M3"}  # M3 without a head start is M2


def test_shapes_of_input_are_the_same_data() -> None:
    errors = noisy(M2)
    flat = fit(np.repeat(SIZES, 4), errors.ravel(), "M2", np.tile(np.arange(4), 8), resamples=20)
    shuffle = np.random.default_rng(1).permutation(32)
    mixed = fit(
        np.repeat(SIZES, 4)[shuffle], errors.ravel()[shuffle], "M2", np.tile(np.arange(4), 8)[shuffle], resamples=20
    )
    table = fit(SIZES, errors, "M2", resamples=20)
    for other in (flat, mixed):
        assert other.interval(1000.0) == table.interval(1000.0)


def test_scalars_and_arrays() -> None:
    found = fit(SIZES, noisy(M2), "M2", resamples=20)
    assert isinstance(found.predict(300), float)
    low, high = found.interval(300)
    assert isinstance(low, float)
    assert low < found.predict(300) < high
    assert found.predict(np.array([[100, 200]])).shape == (1, 2)  # type: ignore[union-attr]
    assert found.interval(np.array([100, 200, 300]))[0].shape == (3,)  # type: ignore[union-attr]


def test_the_seed_decides_the_intervals() -> None:
    errors = noisy(M2)
    first, again, other = (fit(SIZES, errors, "M1", seed=seed, resamples=20).interval(1e4) for seed in (3, 3, 4))
    assert first == again != other


def test_samples_needed_and_the_interval_say_the_same() -> None:
    """Target and size change places: the end of the interval for n is where the band's end meets the target."""
    found = fit(SIZES, noisy(M2), "M2", resamples=400)
    low, estimate, high = found.samples_needed(0.12)
    assert found.predict(estimate) == pytest.approx(0.12, rel=1e-6)
    assert found.interval(low)[0] == pytest.approx(0.12, rel=1e-6)  # both ends are the same draw
    assert found.interval(high)[1] == pytest.approx(0.12, rel=1e-6)


def test_fewer_seeds_and_higher_levels_are_wider() -> None:
    errors = noisy(M2, seeds=16)

    def width(found: Fit, level: float) -> float:
        low, high = found.interval(1000, level)
        return float(high - low)

    few = np.mean(
        [width(fit(SIZES, errors[:, first : first + 3], "M1", resamples=100), 0.9) for first in range(0, 15, 3)]
    )
    many = fit(SIZES, errors, "M1")
    assert few > 2 * width(many, 0.9)  # sqrt(16 / 3) = 2.3, and Student's 2.9 against 1.75: 3.8 in expectation
    assert width(many, 0.99) > width(many, 0.9) > width(many, 0.5)


def test_the_noise_of_test_images_widens_as_the_binomial_does() -> None:
    """Runs that agree to the digit leave nothing but the test images: sd sqrt(e (1 - e) / N) at each size."""
    errors = np.tile((0.3 * (SIZES / 100) ** -0.2)[:, None], (1, 4))
    low, high = fit(SIZES, errors, "M1", test_images=1_000, resamples=400).interval(1131)  # the middle of the sizes
    middle = 0.3 * 11.31**-0.2
    deviation = np.sqrt(middle * (1 - middle) / 1_000)
    # Sizes move together, not as one: the mean over them varies less, by up to a third (measured: 0.86).
    assert 0.65 < (high - low) / (2 * 1.645 * deviation) < 1.1
    assert np.subtract(*fit(SIZES, errors, "M1").interval(1131)) == pytest.approx(0, abs=1e-6)


def test_initialisations_count_within_their_subset() -> None:
    """Two subsets with many initialisations each are two groups: what decides is the difference of the two."""
    generator = np.random.default_rng(0)
    by_subset = np.array([0.95, 1.05])
    errors = M2[:, None, None] * by_subset[:, None] * np.exp(0.001 * generator.standard_normal((8, 2, 5)))
    sizes, groups = np.repeat(SIZES, 10), np.tile(np.repeat([0, 1], 5), 8)
    nested = fit(sizes, errors.ravel(), "M1", groups)
    alone = fit(SIZES, errors.reshape(8, 10), "M1")
    assert nested.groups == 2
    assert alone.groups == 10
    assert np.subtract(*nested.interval(1000)) < 3 * np.subtract(*alone.interval(1000)) < 0


@pytest.mark.parametrize(
    ("errors", "chance", "reason"),
    [
        (0.05 + 0.4 * np.abs(np.log2(SIZES / 800)) / 4, None, "not monotone"),
        (np.full(8, 0.895), 0.9, "still at chance"),
        (np.full(8, 0.3), None, "the error stays at"),
        (np.array([0.3, 0.1, 0.05, 0.02, 0.01, 0, 0, 0]), None, "no error is left at size 3200"),
    ],
)
def test_shapes_that_are_no_law(errors: np.ndarray, chance: float | None, reason: str) -> None:
    found = refused(SIZES, noisy(errors), chance=chance)  # type: ignore[arg-type]
    assert found.status.startswith("not identifiable: ")
    assert reason in found.status
    assert np.isnan(found.predict(1000.0))
    assert np.isnan(found.interval(1000.0)).all()
    assert np.isnan(found.samples_needed(0.2)).all()
    assert np.isnan(list(found.parameters.values())).all()
    assert reason in statement(found, 0.2)


def test_noise_alone_is_not_called_a_rise() -> None:
    """Of 60 noisy but falling curves at most 4 are refused: a rise is called one with probability 0.01."""
    wrong = 0
    for seed in range(60):
        try:
            fit(SIZES, noisy(M2, noise=0.1, seed=seed), "M1", resamples=0)
        except NotIdentifiableWarning:
            wrong += 1
    assert wrong <= 4


def test_four_sizes_do_not_determine_four_parameters() -> None:
    assert "4 parameters" in refused(SIZES[:4], M2[:4], "M3").status
    assert fit(SIZES[:4], M2[:4], "auto", resamples=0).law in {"M1", "log-linear"}


def test_a_parameter_at_its_end_is_named() -> None:
    rising_bend = 0.5 * SIZES**-0.1 * np.exp(-0.02 * np.log(SIZES / 100) ** 2)  # falls ever faster: below any floor
    assert "c ended at the end of its range" in fit(SIZES, rising_bend, "M2", resamples=0).notes


def test_one_seed_says_what_it_leaves_out() -> None:
    found = fit(SIZES, noisy(M2, seeds=1)[:, 0], "M2")
    assert any("one seed" in note for note in found.notes)
    low, high = found.interval(1000)
    assert low < found.predict(1000) < high


@pytest.mark.parametrize(
    ("sizes", "errors", "options", "message"),
    [
        (SIZES[:3], M2[:3], {}, "at least 4 distinct sizes, got 3"),
        (-SIZES, M2, {}, "size -100 is not"),
        (SIZES, M2 + 1, {}, "is not in \\[0, 1\\]"),
        (SIZES, np.where(SIZES == 400, np.nan, M2), {}, "error nan is not in"),
        (np.append(SIZES, 400), np.append(M2, 0.1), {}, "size 400 appears 2 times"),
        (SIZES, M2[:7], {}, "lists of one length"),
        (SIZES, M2, {"law": "M7"}, "unknown law 'M7': one of M1"),
        (SIZES, M2, {"chance": 1.5}, "chance 1.5 is not in"),
        (SIZES, M2, {"test_images": 0}, "test_images 0"),
        (SIZES, M2, {"resamples": -1}, "resamples -1"),
    ],
)
def test_wrong_input_is_named(sizes: np.ndarray, errors: np.ndarray, options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit(sizes, errors, **options)  # type: ignore[arg-type]


def test_wrong_questions_are_named() -> None:
    found = fit(SIZES, M2, "M2", chance=0.9, resamples=5)
    for error, message in ((0.0, "strictly between"), (1.2, "strictly between"), (0.95, "above chance")):
        with pytest.raises(ValueError, match=message):
            found.samples_needed(error)
    with pytest.raises(ValueError, match="n -5 is not"):
        found.predict(-5)
    with pytest.raises(ValueError, match=r"level 1\.5"):
        found.interval(100, level=1.5)
    with pytest.raises(ValueError, match="no parameter m"):
        found.parameter_interval("m")


def test_below_the_floor_the_answer_is_one_sided() -> None:
    found = fit(SIZES, noisy(M2), "M2")
    low, estimate, high = found.samples_needed(0.03)
    assert estimate == high == np.inf
    assert low > SIZES[-1]
    assert "below what more samples lead to" in statement(found, 0.03)


def test_far_answers_are_called_extrapolations() -> None:
    found = fit(SIZES, noisy(2 * SIZES**-0.3), "M1")
    assert "extrapolation" in statement(found, 0.01)
    assert "extrapolation" not in statement(found, 0.15)
    assert found.extrapolates([128_000, 128_001]).tolist() == [False, True]


def test_ratio_of_two_power_laws() -> None:
    """Equal exponents: (3 / 1)^(1 / b) at every error. Its interval covers, and holds both spreads."""
    robust, standard = (fit(SIZES, noisy(a * SIZES**-0.5, seed=a), "M1") for a in (3, 1))
    low, estimate, high = ratio(robust, standard, 0.05)
    assert low < 9 < high
    assert estimate == pytest.approx(9, rel=0.2)
    alone = robust.samples_needed(0.05)
    assert high / low > alone[2] / alone[0]


def test_ratio_with_a_floor_or_without_a_fit() -> None:
    floored, free = fit(SIZES, noisy(M2), "M2"), fit(SIZES, noisy(2 * SIZES**-0.5), "M1")
    low, estimate, high = ratio(floored, free, 0.03)
    assert estimate == high == np.inf
    assert low > 1
    assert np.isnan(ratio(free, floored, 0.03)).all()
    assert np.isnan(ratio(refused(SIZES, np.full(8, 0.3)), free, 0.1)).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", LAWS)
def test_intervals_cover_what_they_promise(name: str) -> None:
    """Of 1,000 curves; 90 % intervals, 85 to 96 % allowed at each size."""
    shares = np.mean(list(covered(name, 1_000)), axis=0)
    assert shares.min() >= 0.85
    assert shares.max() <= 0.96


@pytest.mark.slow
@pytest.mark.parametrize("name", LAWS)
def test_a_hundred_resamples_take_less_than_half_a_second(name: str) -> None:
    assert seconds(name, resamples=100) < 0.5


@pytest.mark.slow
def test_auto_predicts_no_worse_than_any_law() -> None:
    """In the median over the curves of all laws, at 8 times the largest size."""
    found = deviations(40)
    assert found["auto"] == min(found.values())
