"""The right images reach the network, in the right subspace; what is measured is measured on others."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from analysis.datasets import load
from analysis.datasets.batches import order_generator
from analysis.evaluation import certified_radii, scores, smoothed_radii, sound_radii
from analysis.lipschitz import fold
from analysis.subspaces import principal_subspace
from analysis.trials import Trial, directions, measure, run_trials, setup

CPU = torch.device("cpu")


class Spy:
    """Stands in for a function of ``measure``, remembers its arguments, and calls it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        self.function, self.calls = getattr(measure, name), []  # type: tuple[Any, list[tuple[Any, ...]]]
        monkeypatch.setattr(measure, name, self)

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        self.calls.append(arguments)
        return self.function(*arguments, **options)


def weights(trial: Trial) -> NDArray[np.float32]:
    network = measure.initial_network(trial, load("digits").train, 10)
    return np.concatenate([value.detach().numpy().ravel() for value in network.parameters()])


@pytest.mark.parametrize("most", [3_072, 10], ids=["by-projector", "by-directions"])
@pytest.mark.parametrize("channels", [1, 3], ids=["grey", "colour"])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-12)], ids=str)
def test_the_projection_on_the_device_is_the_subspace_s(
    channels: int, dtype: torch.dtype, tolerance: float, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup, "WIDE", most)
    pixels = np.random.default_rng(0).random((60, 4, 5, channels))
    space = principal_subspace(pixels).bands((0, 3), (7, 12))
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).to(dtype)
    projected = measure.projection(space, CPU)(images)
    assert (projected.shape, projected.dtype) == (images.shape, dtype)
    np.testing.assert_allclose(projected.permute(0, 2, 3, 1).numpy(), space.project(pixels), atol=tolerance)


def test_whatever_a_banded_network_sees_lies_in_its_subspace(robust: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    """Images are moved first and projected last, in training and in the test."""
    seen: list[Tensor] = []
    build = measure.initial_network

    def watched(*arguments: Any) -> nn.Sequential:
        network = build(*arguments)
        network.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].detach().double()))
        return network

    monkeypatch.setattr(measure, "initial_network", watched)
    run_trials([replace(robust, steps=5)])
    space = directions("digits", None).bands(*robust.components or ())
    assert len(seen) >= 5
    for images in seen:
        pixels = images.permute(0, 2, 3, 1).numpy()
        np.testing.assert_allclose(space.project(pixels), pixels, atol=1e-5)


def test_the_test_images_are_projected_too(robust: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    spy = Spy(monkeypatch, "_measure")
    run_trials([replace(robust, steps=1)])
    ((_, _, split, project, *_),) = spy.calls
    images, _ = measure.tensors(split, CPU)
    expected = directions("digits", None).bands(*robust.components or ()).project(load("digits").test.images)
    np.testing.assert_allclose(project(images / 255).permute(0, 2, 3, 1).numpy(), expected, atol=1e-5)


def test_the_subset_seed_decides_the_images_and_nothing_else(standard: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    spy = Spy(monkeypatch, "train_alone")
    small = replace(standard, size=50, steps=1)
    for trial in (small, replace(small, seed=1), replace(small, subset_seed=1)):
        run_trials([trial])
    first, same, other = (split.part(ready.chosen).images.tobytes() for ready, split, *_ in spy.calls)
    assert first == same
    assert first != other
    assert np.array_equal(weights(standard), weights(replace(standard, subset_seed=1)))


def test_the_seed_decides_weights_and_order(standard: Trial) -> None:
    other = replace(standard, seed=1)
    assert not np.array_equal(weights(standard), weights(other))
    assert np.array_equal(weights(standard), weights(replace(standard, steps=7, learning_rate=0.5)))
    drawn = [torch.rand(5, generator=order_generator(trial.seed)).tolist() for trial in (standard, other, standard)]
    assert drawn[0] == drawn[2] != drawn[1]


def test_no_trial_touches_the_global_generator(standard: Trial) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    run_trials([replace(standard, steps=2)])
    assert torch.equal(torch.rand(3), expected)


def test_validation_images_are_measured_and_neither_trained_on_nor_the_test(
    standard: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained, measured = Spy(monkeypatch, "train_alone"), Spy(monkeypatch, "_measure")
    (record,) = run_trials([replace(standard, validation=200, steps=1)])
    parts = load("digits").with_validation(200)
    assert record["outcome"]["examples"] == 200
    assert record["outcome"]["size"] == 1097
    assert record["arrays"]["correct"].shape == (200,)
    assert np.array_equal(measured.calls[0][2].images, parts.validation.images)  # type: ignore[union-attr]
    ready, split, *_ = trained.calls[0]
    assert sorted(map(bytes, split.part(ready.chosen).images)) == sorted(map(bytes, parts.train.images))


def test_directions_are_those_of_the_images_that_validation_leaves() -> None:
    rest = load("digits").with_validation(200).train.images
    np.testing.assert_array_equal(directions("digits", None, 200).directions, principal_subspace(rest).directions)
    assert not np.array_equal(directions("digits", None, 200).mean, directions("digits", None).mean)


def test_directions_of_few_images_come_from_them_and_no_moments_are_kept(tmp_path: Path, cache_dir: Path) -> None:
    levels = np.random.default_rng(0).integers(256, size=(60, 6, 5, 3), dtype=np.uint8)
    np.savez(
        tmp_path / "few.npz", x_train=levels[:50], y_train=np.arange(50) % 2, x_test=levels, y_test=np.arange(60) % 2
    )
    found = directions("few", tmp_path)
    assert np.array_equal(found.directions, principal_subspace(levels[:50]).directions)
    assert found.directions.shape == (49, 90)
    assert not (cache_dir / "moments").exists()


def test_the_network_subtracts_the_mean_of_the_training_images(standard: Trial) -> None:
    split = load("digits").train
    network = measure.initial_network(standard, split, 10)
    expected = split.images.mean() / 255
    np.testing.assert_allclose(network[0](torch.zeros(1, 1, 2, 2)).numpy(), -expected, rtol=1e-6)


def test_radii_of_record_are_sound_and_give_away_next_to_nothing(
    robust: Trial, robust_record: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At most the margin of the float64 network over its bound, and within 1e-6 of that."""
    spy = Spy(monkeypatch, "_measure")
    run_trials([robust])
    ((_, network, split, project, *_),) = spy.calls
    images, labels = measure.tensors(split, CPU)
    radii, lipschitz = sound_radii(network, images, labels, project=project)
    exact = scores(fold(network, images.shape[1:]).double(), images, project=project, dtype=torch.float64)
    plain = certified_radii(exact, labels, lipschitz)
    assert np.array_equal(radii.numpy(), robust_record["arrays"]["radii"])
    assert (radii.double() <= plain).all()
    assert (plain - radii.double()).max() < 1e-6


@pytest.mark.parametrize(("visits", "steps"), [(None, 4), (33, 2), (64, 2)])
def test_training_takes_the_steps_that_the_trial_says(
    standard: Trial, monkeypatch: pytest.MonkeyPatch, visits: int | None, steps: int
) -> None:
    taken = []
    monkeypatch.setattr(measure, "train", lambda _, stream, **__: taken.extend(stream) or 0.0)
    run_trials([replace(standard, steps=4, visits=visits)])
    assert [len(images) for images, _ in taken] == [32] * steps


def test_a_smoothed_network_trains_on_noise_and_is_measured_by_votes(
    standard: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Noise lies on every training image, in all directions; the radii are those of Cohen et al. at that noise."""
    smoothed = replace(standard, noise=0.3, draws=50, components=((0, 4),))
    seen: list[Tensor] = []
    original = measure.train

    def watched(network: nn.Module, stream: Any, **options: Any) -> float:
        return original(network, (seen.append(batch[0]) or batch for batch in stream), **options)

    monkeypatch.setattr(measure, "train", watched)
    spy = Spy(monkeypatch, "_measure")
    (record,) = run_trials([smoothed])
    space = directions("digits", None).bands((0, 4))
    pixels = torch.cat(seen).permute(0, 2, 3, 1).numpy()
    outside = pixels - space.project(pixels)
    assert outside.std() == pytest.approx(0.3 * np.sqrt(60 / 64), rel=0.05)  # 4 of 64 directions are inside
    ((_, network, split, project, *_),) = spy.calls
    images, labels = measure.tensors(split, CPU)
    expected = smoothed_radii(network, project(images / 255), labels, sigma=0.3, n=50, seed=0)
    assert np.array_equal(record["arrays"]["radii"], expected.numpy())
    assert record["outcome"]["accuracy"] == (expected > 0).double().mean()
    assert record["outcome"]["lipschitz"] is None


def test_noise_is_another_draw_for_every_seed(standard: Trial) -> None:
    first, same, other = run_trials([replace(standard, noise=0.3, draws=20, steps=2, seed=seed) for seed in (0, 0, 1)])
    assert np.array_equal(first["arrays"]["radii"], same["arrays"]["radii"])
    assert not np.array_equal(first["arrays"]["radii"], other["arrays"]["radii"])
