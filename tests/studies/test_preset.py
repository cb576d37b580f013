"""A preset carries its grid to other data sets, and other learning rates or radii change nothing else."""

from dataclasses import dataclass, replace
from math import prod

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from analysis import models
from analysis.studies import STUDIES
from analysis.studies.fitting import FEWEST, LARGE
from analysis.studies.preset import Preset
from analysis.studies.presets import DIGITS, MNIST, PRESETS

NAMES = dict.fromkeys(preset.name_of(model) for preset in PRESETS.values() for model in preset.searched)
RATES = {name: 0.1 + number / 50 for number, name in enumerate(NAMES)}


@dataclass(frozen=True)
class Own:
    """A preset on a data set, and what the data set is like."""

    preset: Preset
    images: int
    classes: int
    directions: int
    shape: tuple[int, int, int]


@st.composite
def own_presets(draw: st.DrawFn) -> Own:
    """A preset on a data set of 2 to 200 classes and any side up to 64, from the smallest that is taken."""
    classes = draw(st.integers(2, 200))
    images = draw(st.integers(2 * classes, 2 * classes + 5_000))
    directions = draw(st.integers(FEWEST, 4_000))
    shape = draw(st.tuples(st.integers(2, 64), st.integers(2, 64), st.sampled_from((1, 3))))
    base = draw(st.sampled_from(list(PRESETS.values())))
    preset = base.on("own", images=images, classes=classes, directions=directions, shape=shape)
    return Own(preset, images, classes, directions, shape)


@given(own_presets())
def test_sizes_double_up_to_all_images(own: Own) -> None:
    *sizes, whole = own.preset.sizes
    assert whole is None
    assert sizes[0] >= own.classes
    assert all(large // 2 == small for small, large in zip(sizes, [*sizes[1:], own.images], strict=True))


@given(own_presets())
def test_as_many_sizes_as_there_are_doublings_up_to_ten(own: Own) -> None:
    sizes = own.preset.sizes
    assert len(sizes) >= 2
    assert len(sizes) == 10 or own.images // 2 ** len(sizes) < own.classes


@given(own_presets())
def test_bands_lie_within_the_directions_and_differ(own: Own) -> None:
    preset, directions = own.preset, own.directions
    assert preset.bands[0] is None
    assert len(set(preset.bands)) == len(preset.bands) == 6
    kept = [set() for _ in preset.bands[1:]]
    for indices, components in zip(kept, preset.bands[1:], strict=True):
        for first, last in components or ():
            assert 0 <= first < (directions if last is None else last) <= directions
            indices.update(range(first, directions if last is None else last))
    assert len({frozenset(indices) for indices in kept}) == 5
    assert all(len(indices) < directions for indices in kept)


@given(own_presets())
def test_the_sweep_leaves_directions(own: Own) -> None:
    firsts = own.preset.firsts
    assert firsts[0] == 0
    assert list(firsts) == sorted(set(firsts))
    assert firsts[-1] < own.directions


@given(own_presets())
def test_the_search_keeps_images_to_train_on_and_to_measure(own: Own) -> None:
    for model in own.preset.searched:
        search = own.preset.search_of(model)
        assert own.images // 5 <= search.validation <= max(own.images / 4, 1)
        assert search.validation >= min(own.classes, own.images // 4), "one of each class, where a quarter suffices"
        assert search.size is None


@given(own_presets())
def test_every_network_has_room_for_the_classes(own: Own) -> None:
    """As ``models.build`` asks: channels double with each halving of the next power of two, to one pixel."""
    side = 2 ** (max(own.shape[:2]) - 1).bit_length()
    for model in own.preset.searched:
        if model.width is not None and "-" in model.model:
            assert model.width % 2 == 0
            assert model.width * (1 if model.model.endswith("MLP") else side) >= own.classes
        elif model.model.endswith("-MLP"):
            assert own.classes <= prod(own.shape) <= LARGE, "as wide as an image has values"
    if own.preset.budgets and own.preset.compared:
        assert {model.width for model in own.preset.compared} <= set(own.preset.budgets.widths)
    assert len({own.preset.name_of(model) for model in own.preset.searched}) == len(own.preset.searched)


@given(own_presets())
def test_every_study_declares_distinct_trials_of_that_data_set(own: Own) -> None:
    preset = own.preset
    for study in (each for each in STUDIES.values() if each.shelf is None):
        specs = study.trials(preset)
        assert len(set(specs)) == len(specs)
        compares = study.name.startswith("layers_")
        generates = study.name == "generated_scaling"  # images of a user have nothing generated after them
        activates = study.name in ("activations", "orthogonality") and not preset.activated
        assert bool(specs) or (compares and not preset.compared) or generates or activates
        assert {spec.dataset for spec in specs} <= {"own"}


def test_networks_of_many_classes_are_built() -> None:
    """The smallest images, the most classes."""
    preset = DIGITS.on("own", images=1_000, classes=200, directions=24, shape=(5, 5, 1))
    for model in preset.searched:
        network = models.build(model.model, input_shape=(1, 5, 5), classes=200, width=model.width, depth=1)
        assert network(torch.zeros(2, 1, 5, 5)).shape == (2, 200)


def test_large_images_are_spared_what_would_take_days() -> None:
    large, small = (DIGITS.on("own", images=500, classes=2, directions=99, shape=(64, 64, c)) for c in (3, 1))
    assert (large.others, large.compared) == ((), ()) == (small.others, small.compared)
    at_most = DIGITS.on("own", images=500, classes=2, directions=99, shape=(32, 32, 3))
    assert at_most.searched == tuple(replace(model, dataset="own") for model in DIGITS.searched)


def test_networks_budgets_and_seeds_stay() -> None:
    own = MNIST.on("own", images=1_000, classes=10, directions=100, shape=(28, 28, 1))
    assert own.searched == tuple(replace(model, dataset="own") for model in MNIST.searched)
    assert (own.seeds, own.search.rates, own.radius) == (MNIST.seeds, MNIST.search.rates, MNIST.radius)


@pytest.mark.parametrize(("images", "directions"), [(19, 16), (20, 3), (0, 0)])
def test_a_data_set_that_is_too_small_is_refused(images: int, directions: int) -> None:
    with pytest.raises(ValueError, match=f"tiny has {images} training images of 10 classes in {directions} directions"):
        DIGITS.on("tiny", images=images, classes=10, directions=directions)


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_tuning_changes_only_the_learning_rates(preset: Preset) -> None:
    tuned = preset.tuned(RATES)
    assert [model.learning_rate for model in tuned.searched] == [
        RATES[preset.name_of(model)] for model in preset.searched
    ]
    back = {preset.name_of(model): model.learning_rate for model in preset.searched}
    assert tuned.tuned(back) == preset


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_tuning_reaches_every_trial_but_the_search(preset: Preset) -> None:
    """By classifier: budgets of equal time train at further widths, with the rate of the one that is searched."""
    chosen = {(model.classifier, RATES[preset.name_of(model)]) for model in preset.searched}
    for study in STUDIES.values():
        rates = {
            (spec.classifier, spec.learning_rate)
            for spec in study.trials(preset.tuned(RATES))
            if hasattr(spec, "model")
        }
        assert rates <= chosen or not study.tuned
        if not study.tuned:
            assert study.trials(preset.tuned(RATES)) == study.trials(preset)


@pytest.mark.parametrize("radius", [0.0, -0.5, float("nan"), float("inf")])
def test_an_impossible_radius_is_refused(radius: float) -> None:
    with pytest.raises(ValueError, match=f"radius must be positive and finite, got {radius}"):
        replace(DIGITS, radius=radius)


def test_no_seeds_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one seed"):
        replace(DIGITS, seeds=())


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_no_two_networks_share_a_name(preset: Preset) -> None:
    """They would share a learning rate, too."""
    assert len({preset.name_of(model) for model in preset.searched}) == len(preset.searched)


def test_the_width_tells_networks_of_one_family_apart() -> None:
    narrow = replace(DIGITS.robust, width=8)
    preset = replace(DIGITS, compared=(narrow,))
    assert preset.name_of(narrow) == "AOL-MLP, width 8"
    assert preset.name_of(preset.trial(preset.robust, 3, size=20)) == "AOL-MLP, width 64"
    assert preset.name_of(preset.standard) == "MLP"
