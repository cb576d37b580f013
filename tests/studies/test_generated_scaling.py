"""Generated images beside real ones: the same networks, shared trials, and gains over sizes that both have."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis import datasets, own_data
from analysis.datasets import Dataset, Split
from analysis.scaling import points_per_doubling
from analysis.studies import STUDIES
from analysis.studies.generated_scaling import networks
from analysis.studies.measures import accuracy
from analysis.studies.preset import Preset
from analysis.studies.presets import CIFAR, DIGITS, MNIST, SMOKE
from analysis.studies.study import Drawing, Study

Invent = Callable[[Study, Preset], dict[Any, dict[str, Any]]]
Drawn = Callable[[Study, Preset], Drawing]
STUDY = STUDIES["generated_scaling"]
every_preset = pytest.mark.parametrize("preset", [SMOKE, DIGITS, MNIST], ids=lambda preset: preset.name)


@every_preset
def test_real_trials_are_those_of_data_scaling(preset: Preset) -> None:
    real = {trial for trial in STUDY.trials(preset) if trial.dataset == preset.dataset}
    smoothed = {trial for trial in STUDIES["data_scaling"].trials(preset) if trial.noise}
    assert real == set(STUDIES["data_scaling"].trials(preset)) - smoothed


@every_preset
def test_generated_trials_differ_in_their_images_only(preset: Preset) -> None:
    assert preset.generated is not None
    generated = [trial for trial in STUDY.trials(preset) if trial.dataset == preset.generated.dataset]
    assert {replace(trial, dataset=preset.dataset, size=None) for trial in generated} == {
        preset.trial(model, seed) for model in networks(preset) for seed in preset.seeds
    }
    assert [trial.size for trial in generated[: len(preset.generated.sizes)]] == list(preset.generated.sizes)


@every_preset
def test_learning_rates_are_those_of_the_real_images(preset: Preset) -> None:
    rates = {preset.name_of(model): 0.01 * place for place, model in enumerate(preset.searched, start=1)}
    trials = STUDY.trials(preset.tuned(rates))
    assert all(
        {trial.learning_rate for trial in trials if trial.classifier == model.classifier and trial.width == model.width}
        == {rates[preset.name_of(model)]}
        for model in networks(preset)
    )


@every_preset
def test_four_times_as_many_images_or_more_and_as_many_as_the_real_ones(preset: Preset) -> None:
    recipe = datasets.recipe_of(preset.on_generated().dataset)
    own = {"digits": 1_297, "mnist": 60_000}[preset.dataset]
    assert recipe is not None
    assert recipe.source == preset.dataset
    assert recipe.count is not None
    assert recipe.count >= (2 if preset is SMOKE else 4) * own
    assert own in preset.on_generated().sizes
    assert {*preset.on_generated().sizes} - {own, None} < {*preset.sizes}


def test_without_generated_images_there_is_nothing() -> None:
    assert STUDY.trials(CIFAR) == []
    with pytest.raises(ValueError, match="preset cifar10-jpeg has no generated images"):
        STUDY.draw(CIFAR, {})


@every_preset
def test_the_tables_hold_the_records(preset: Preset, invent: Invent, drawn: Drawn) -> None:
    records, rows = invent(STUDY, preset), drawn(STUDY, preset).tables[""]
    plain = rows[rows["measure"] == "accuracy"]
    assert len(plain) == len(records)
    assert sorted(plain["value"]) == sorted(map(accuracy, records.values()))
    assert set(rows["images"]) == {"real", "generated"}


def test_gains_are_over_sizes_of_both_and_beyond(invent: Invent, drawn: Drawn) -> None:
    records, table = invent(STUDY, MNIST), drawn(STUDY, MNIST).tables["_doublings"]
    grids = {"real": MNIST, "generated": MNIST.on_generated()}
    for images, name, sizes in (
        ("real", "sizes of both", (937, 7_500, 60_000)),
        ("generated", "sizes of both", (937, 7_500, 60_000)),
        ("generated", "beyond the real ones", (60_000, 240_000)),
    ):
        grid = grids[images]
        whole = max(size or 10**6 for size in grid.sizes if size is not None)
        values = [
            accuracy(records[grid.trial(grid.robust, seed, size=None if size > whole else size)])
            for seed in grid.seeds
            for size in sizes
        ]
        expected = points_per_doubling(sizes * len(grid.seeds), values, np.repeat(grid.seeds, len(sizes)))
        kept = (table["model"] == "AOL-MLP") & (table["measure"] == "accuracy") & (table["images"] == images)
        (row,) = table[kept & (table["range"] == name)].to_dict("records")
        assert row["per_doubling"] == pytest.approx(expected.slope)
        assert (row["low"], row["high"]) == pytest.approx(expected.interval)
        assert (row["from"], row["to"]) == (sizes[0], sizes[-1])


@every_preset
def test_the_caption_says_what_the_images_are_and_how_good(preset: Preset, invent: Invent, drawn: Drawn) -> None:
    caption, records = drawn(STUDY, preset).caption, invent(STUDY, preset)
    own = {"digits": 1_297, "mnist": 60_000}[preset.dataset]
    assert f"drawn from a mixture model fitted to each class of {preset.dataset}" in caption
    grid = preset.on_generated()
    for each, size in ((preset, None), (grid, own)):
        mean = np.mean([accuracy(records[each.trial(each.standard, seed, size=size)]) for seed in preset.seeds])
        assert f"{mean:.1%}" in caption
    assert ("its budget is the limit" in caption) == (preset is not DIGITS)
    assert f"{len(preset.seeds)} seeds" in caption
    assert f"radius {preset.radius:g} " in caption


def test_one_seed_and_diverged_trainings_are_drawn(invent: Invent, diverge: Any) -> None:
    one = replace(SMOKE, seeds=(0,))
    STUDY.draw(one, invent(STUDY, one)).figure.draw_without_rendering()
    records = invent(STUDY, SMOKE)
    lost = [trial for trial in records if trial.model == "AOL-MLP" and trial.seed == 0]
    drawing = STUDY.draw(SMOKE, diverge(records, lost))
    drawing.figure.draw_without_rendering()
    assert "trainings diverged" in drawing.caption
    everything = STUDY.draw(SMOKE, diverge(records, [trial for trial in records if trial.model == "AOL-MLP"]))
    everything.figure.draw_without_rendering()
    assert "AOL-MLP" not in set(everything.tables["_doublings"]["model"])


@pytest.mark.parametrize("is_here", [True, False])
def test_edm_stands_beside_cifar10_where_it_is(monkeypatch: pytest.MonkeyPatch, is_here: bool, tmp_path: Path) -> None:
    split = Split(np.zeros((160, 2, 2, 1), np.uint8), np.arange(160) % 2)
    data = Dataset("cifar10", split, split, ("a", "b"))
    monkeypatch.setattr(own_data.trials, "content", lambda *_: {"data": data.content_hash})
    monkeypatch.setattr(own_data.trials, "directions", lambda *_: type("", (), {"directions": range(100)}))
    monkeypatch.setattr(datasets, "is_complete", lambda name, _: is_here and name == "edm-1m")
    generated = own_data.own_preset(SMOKE, data, tmp_path).generated
    assert (generated and (generated.dataset, generated.sizes)) == (
        ("edm-1m", (10, 40, 160, 640, None)) if is_here else None
    )


def test_edm_is_not_here_without_its_files(tmp_path: Path) -> None:
    assert not datasets.is_complete("edm-1m", tmp_path)
    (tmp_path / "edm-cifar10").mkdir()
    (tmp_path / "edm-cifar10" / "1m.npz").touch()
    assert not datasets.is_complete("edm-1m", tmp_path)  # for the test images are not
    assert datasets.is_complete("digits", tmp_path)
