"""Distances are those of known matrices; tables, curves and words are the records'."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import ortho_group

from analysis.studies.orthogonality import STUDY, distance
from analysis.studies.preset import Preset
from analysis.studies.presets import CIFAR, PRESETS, SMOKE
from analysis.studies.study import Drawing, Study

Records = dict[Any, dict[str, Any]]
Invent = Callable[[Study, Preset], Records]
Drawn = Callable[[Study, Preset], Drawing]
Break = Callable[[Any, Any], Records]
LOOKING = {name: preset for name, preset in PRESETS.items() if preset is not CIFAR}
every_preset = pytest.mark.parametrize("preset", LOOKING.values(), ids=LOOKING)


def of(matrix: np.ndarray) -> float:
    return float(distance(np.linalg.svd(matrix, compute_uv=False)))


def test_an_isometry_is_at_distance_0() -> None:
    matrix = ortho_group.rvs(7, random_state=0)
    assert of(matrix) < 1e-14
    assert of(matrix[:, :3]) < 1e-14
    assert of(matrix[:3]) < 1e-14  # wide: its transpose is one


def test_of_a_diagonal_it_is_the_root_mean_square_of_squares_less_one() -> None:
    assert of(np.diag([0.5, -1.0, 0.0, 1.2])) == pytest.approx(np.sqrt((0.75**2 + 1 + 0.44**2) / 4))
    assert of(np.zeros((3, 3))) == 1


def test_it_is_the_frobenius_norm_of_what_the_gram_matrix_has_beside_the_identity() -> None:
    matrix = np.random.default_rng(0).normal(size=(6, 4))
    assert of(matrix) == pytest.approx(np.linalg.norm(matrix.T @ matrix - np.eye(4)) / 2)


def test_values_that_a_layer_lacks_are_left_out() -> None:
    assert distance(np.array([[1.0, 0.0], [1.0, np.nan]])).tolist() == [np.sqrt(0.5), 0.0]


@every_preset
def test_networks_are_looked_into_from_the_start_to_the_end(preset: Preset) -> None:
    for trial in STUDY.trials(preset):
        assert (trial.looks[0], trial.looks[-1]) == (0, trial.total_steps)
        assert replace(trial, looks=(), seed=0, subset_seed=0) in preset.activated


@every_preset
def test_the_tables_hold_the_records(preset: Preset, invent: Invent, drawn: Drawn) -> None:
    records, tables = invent(STUDY, preset), drawn(STUDY, preset).tables
    layers = tables[""].set_index(["model", "layer", "step", "seed"])
    networks = tables["_networks"].set_index(["model", "step", "seed"])
    assert len(networks) == sum(len(trial.looks) for trial in records)
    for trial, record in records.items():
        arrays = record["arrays"]
        for look, step in enumerate(trial.looks):
            own = networks.loc[(trial.model, step, trial.seed)]
            assert own.tolist() == [arrays["bounds"][look], arrays["slopes"][look]]
            for layer, values in enumerate(arrays["singular_values"][look]):
                found = layers.loc[(trial.model, layer + 1, step, trial.seed)]
                assert found.tolist() == [distance(values), values.max(), values.min()]


@every_preset
def test_curves_are_means_over_seeds(preset: Preset, drawn: Drawn) -> None:
    drawing = drawn(STUDY, preset)
    layers, networks = drawing.tables[""], drawing.tables["_networks"]
    means = layers.groupby(["model", "layer", "step"])["distance"].mean()
    lines = iter(drawing.figure.axes[0].lines)
    for model in preset.activated:
        for layer in range(1, (model.depth or 0) + 1):
            line = next(lines)
            np.testing.assert_allclose(line.get_ydata(), means[model.model, layer], rtol=1e-12)
    line = drawing.figure.axes[2].lines[1]
    slopes = networks[networks["model"] == preset.activated[0].model].groupby("step")["slope"].mean()
    np.testing.assert_allclose(line.get_ydata(), slopes, rtol=1e-12)


def test_the_caption_says_how_far_layers_end_and_how_tight_the_bound_is(invent: Invent) -> None:
    records = invent(STUDY, SMOKE)
    for trial, record in records.items():
        values = np.ones_like(record["arrays"]["singular_values"])
        values[-1, :, ::2] = 0.5 ** (trial.seed / 2)  # half of the squares are 1, or half of them a half
        slopes = np.linspace(0.2, 0.8, len(trial.looks))
        record["arrays"] |= {"singular_values": values, "bounds": np.ones(len(slopes)), "slopes": slopes}
    caption = STUDY.draw(SMOKE, records).caption
    far = np.sqrt(0.5**2 / 2) / 2
    assert f"AOL-MLP: distance {far:.3f} [" in caption
    assert "largest singular value 1.000 [1.000, 1.000]" in caption
    assert "slope found over proven bound 0.800 [0.800, 0.800] (least: 0.200 after 0 steps)" in caption


@every_preset
def test_the_matrix_is_that_of_the_first_seed(preset: Preset, invent: Invent, drawn: Drawn) -> None:
    (trial, *_) = (trial for trial in STUDY.trials(preset) if trial.seed == preset.seeds[0])
    (image,) = drawn(STUDY, preset).figure.axes[3].images
    np.testing.assert_array_equal(image.get_array(), np.abs(invent(STUDY, preset)[trial]["arrays"]["gram"]))


@pytest.mark.parametrize("count", [0, 1, 2])
def test_the_caption_counts_what_diverged(count: int, invent: Invent, diverge: Break) -> None:
    """Of two trainings: where both are lost, axes remain."""
    drawing = STUDY.draw(SMOKE, diverge(invent(STUDY, SMOKE), STUDY.trials(SMOKE)[:count]))
    drawing.figure.draw_without_rendering()
    found = re.search(r"(\d+) trainings? diverged", drawing.caption)
    assert (int(found[1]) if found else 0) == count


def test_one_seed_draws_without_intervals(invent: Invent) -> None:
    preset = replace(SMOKE, seeds=(0,))
    STUDY.draw(preset, invent(STUDY, preset)).figure.draw_without_rendering()
