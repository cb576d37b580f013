"""Scores of a set are those of its images one by one, in evaluation mode, projected."""

import importlib

import pytest
import torch
from torch import Tensor, nn

from analysis.evaluation import scores

IMAGES = torch.randint(256, (23, 2, 3, 3), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)


def network(dtype: torch.dtype = torch.float64) -> nn.Sequential:
    """Batch normalisation and dropout: other scores in training mode."""
    torch.manual_seed(0)
    layers = nn.BatchNorm2d(2), nn.Flatten(), nn.Dropout(0.5), nn.Linear(18, 4)
    return nn.Sequential(*layers).to(dtype)


@pytest.mark.parametrize("batch", [1, 7, 23, 100])
def test_the_size_of_a_batch_does_not_matter(monkeypatch: pytest.MonkeyPatch, batch: int) -> None:
    model = network()
    expected = model.eval()(IMAGES.double() / 255)
    monkeypatch.setattr(importlib.import_module("analysis.evaluation.scores"), "BATCH", batch)
    torch.testing.assert_close(scores(model, IMAGES, dtype=torch.float64), expected)


@pytest.mark.parametrize("training", [True, False])
def test_the_mode_is_restored_and_statistics_stay(training: bool) -> None:
    model = network(torch.float32).train(training)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    found = scores(model, IMAGES)
    assert model.training == training
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert torch.equal(found, scores(model.eval(), IMAGES))
    assert not found.requires_grad


def test_the_mode_is_restored_after_an_error() -> None:
    def fail(pixels: Tensor) -> Tensor:
        raise ArithmeticError

    model = network().train()
    with pytest.raises(ArithmeticError):
        scores(model, IMAGES, project=fail)
    assert model.training


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_pixels_in_0_1_are_projected_before_they_are_scored(dtype: torch.dtype) -> None:
    model = network(dtype)

    def project(pixels: Tensor) -> Tensor:
        assert (pixels.dtype, float(pixels.min()), float(pixels.max())) == (dtype, 0, 1)
        return pixels * torch.tensor([1, 0], dtype=dtype)[:, None, None]

    images = IMAGES.clone()
    images[0, 0, 0, :2] = torch.tensor([0, 255])
    alone = images.clone()
    alone[:, 1] = 0
    assert torch.equal(scores(model, images, project=project, dtype=dtype), scores(model, alone, dtype=dtype))


def test_floats_are_taken_as_they_are() -> None:
    model = network()
    assert torch.equal(
        scores(model, IMAGES.double() / 255, dtype=torch.float64), scores(model, IMAGES, dtype=torch.float64)
    )
