"""What studies declare: valid, distinct trials; shared where studies overlap; a grid as wide as the thesis asks for."""

from dataclasses import replace

import pytest

from analysis.studies import STUDIES, find
from analysis.studies.preset import Preset
from analysis.studies.presets import CIFAR, PRESETS, SMOKE
from analysis.studies.study import Study
from analysis.trials import Trial

every_preset = pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
FULL = {name: preset for name, preset in PRESETS.items() if preset is not SMOKE}
full_preset = pytest.mark.parametrize("preset", FULL.values(), ids=FULL)
every_study = pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES)

STANDARD_BANDS = {  # DESIGN, decision 6
    "digits": [((0, 4),), ((0, 16),), ((16, None),), ((32, None),), ((0, 4), (32, None))],
    "mnist": [((0, 16),), ((0, 50),), ((50, None),), ((200, None),), ((0, 16), (200, None))],
    "cifar10-jpeg": [((0, 16),), ((0, 512),), ((512, None),), ((2048, None),), ((0, 16), (512, None))],
}
DIRECTIONS = {"digits": 61, "mnist": 712, "cifar10-jpeg": 3072}  # of non-zero variance
SEARCH = STUDIES["learning_rate"]


def trained(study: Study, preset: Preset) -> list[Trial]:
    return [spec for spec in study.trials(preset) if isinstance(spec, Trial)]


@every_preset
@every_study
def test_trials_are_distinct(study: Study, preset: Preset) -> None:
    specs = study.trials(preset)
    assert len(set(specs)) == len(specs)
    without_layers = study.name.startswith("layers_") and not preset.compared
    without_layers |= study.name in ("activations", "orthogonality") and not preset.activated
    without_images = study.name == "generated_scaling" and preset.generated is None
    of_closed_forms = study.shelf == "theory" and study.name != "n_function"
    assert bool(specs) != (of_closed_forms or without_layers or without_images)
    if study.shelf is None:
        generated = {preset.generated.dataset} if study.name == "generated_scaling" and preset.generated else set()
        assert {spec.dataset for spec in specs} <= {preset.dataset} | generated


@every_study
def test_a_figure_with_a_place_of_its_own_is_the_same_for_every_preset(study: Study) -> None:
    declared = [study.trials(preset) for preset in PRESETS.values()]
    assert all(specs == declared[0] for specs in declared) == (study.shelf is not None)
    assert study.shelf not in PRESETS
    assert study.shelf is None or not study.tuned


@every_preset
@every_study
def test_trials_are_valid(study: Study, preset: Preset) -> None:
    for trial in trained(study, preset):
        assert replace(trial) == trial  # construction refuses what is impossible
        bands = trial.components or ()
        assert all(0 <= first < (last or DIRECTIONS[preset.dataset]) for first, last in bands)
        assert all((last or 1) <= DIRECTIONS[preset.dataset] for _, last in bands)


@every_preset
def test_studies_share_the_trials_on_all_images_and_components(preset: Preset) -> None:
    whole = [
        {trial for trial in trained(STUDIES[name], preset) if trial.size is None and trial.components is None}
        for name in ("data_scaling", "subspace_accuracy", "subspace_sweep")
    ]
    more = {preset.trial(model, seed) for model in preset.scaled[2:] for seed in preset.seeds}
    assert whole[0] - more == whole[1] == whole[2]
    assert more <= whole[0]
    assert whole[1] == {preset.trial(model, seed) for model in preset.models for seed in preset.seeds}


@every_preset
def test_a_seed_decides_subset_and_network(preset: Preset) -> None:
    for study in STUDIES.values():
        assert all(trial.subset_seed == trial.seed for trial in trained(study, preset))


@every_preset
def test_test_images_never_influence_the_search(preset: Preset) -> None:
    """The search sees validation images only; they are test images to nobody else."""
    for study in STUDIES.values():
        held_out = {trial.validation > 0 for trial in trained(study, preset)}
        assert held_out <= {study is SEARCH}
    assert {trial.validation for trial in trained(SEARCH, preset)} == {
        preset.search_of(model).validation for model in preset.searched
    }


@every_preset
def test_the_search_tries_every_rate_with_every_network(preset: Preset) -> None:
    tried = {(preset.name_of(trial), trial.learning_rate, trial.seed) for trial in trained(SEARCH, preset)}
    searches = {preset.name_of(model): preset.search_of(model) for model in preset.searched}
    assert len(searches) == len(preset.searched)
    assert tried == {
        (name, rate, seed) for name, search in searches.items() for rate in search.rates for seed in search.seeds
    }
    for search in searches.values():
        assert list(search.rates) == sorted(set(search.rates))  # ties go to the smaller rate, which is the first


@every_preset
@every_study
def test_the_radius_that_is_drawn_changes_no_trial(study: Study, preset: Preset) -> None:
    assert study.trials(replace(preset, radius=0.123)) == study.trials(preset)


@full_preset
def test_grids_have_at_least_seven_sizes_and_enough_seeds(preset: Preset) -> None:
    assert len(set(preset.sizes)) >= 7
    assert len(set(preset.seeds)) >= (2 if preset is CIFAR else 3)  # a training there takes minutes
    assert set(preset.search.seeds) <= set(range(len(preset.search.seeds)))


@every_preset
def test_sizes_rise_to_all_images(preset: Preset) -> None:
    *sizes, whole = preset.sizes
    assert whole is None
    assert sizes == sorted(set(sizes))


@full_preset
def test_presets_have_the_standard_bands(preset: Preset) -> None:
    assert preset.bands == (None, *STANDARD_BANDS[preset.name])


@full_preset
def test_the_sweep_begins_with_all_components(preset: Preset) -> None:
    assert preset.firsts[0] == 0
    assert list(preset.firsts) == sorted(set(preset.firsts))
    assert preset.firsts[-1] < DIRECTIONS[preset.dataset]


@every_preset
def test_training_aims_at_the_radius_that_is_drawn(preset: Preset) -> None:
    for model in (preset.robust, *preset.others, *preset.compared, *preset.activated):
        assert model.offset == pytest.approx(2**0.5 * preset.radius)
    assert preset.smoothed is None or preset.smoothed.noise == preset.radius
    assert preset.standard.offset == 0


def test_find_knows_every_study_by_its_name() -> None:
    assert all(find(name) is study and study.name == name for name, study in STUDIES.items())


def test_find_lists_the_known_names() -> None:
    with pytest.raises(ValueError, match=f"unknown study 'spectre'; known are {', '.join(STUDIES)}"):
        find("spectre")


def test_titles_and_questions_are_each_study_s_own() -> None:
    assert len({study.title for study in STUDIES.values()}) == len(STUDIES)
    assert len({study.question for study in STUDIES.values()}) == len(STUDIES)
    assert all(study.question.endswith("?") for study in STUDIES.values())


def test_the_smoke_preset_is_a_small_one() -> None:
    """It tries the machinery: a minute of training is too much."""
    assert all(model.total_steps <= 50 for model in SMOKE.searched)
    assert len({trial for study in STUDIES.values() for trial in trained(study, SMOKE)}) <= 120
