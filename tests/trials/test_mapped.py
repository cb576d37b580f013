"""Subsets that are too large to be held are read from their file, batch by batch, and change no bit."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from analysis import datasets
from analysis.datasets import Dataset, Split
from analysis.trials import Trial, cohort, measure, run_trials, setup
from analysis.trials.setup import MappedImages, training_set

CPU = torch.device("cpu")


@pytest.fixture
def mapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """The digits, mapped from a file, of which nothing may be held."""
    digits = datasets.load("digits")
    np.save(tmp_path / "images.npy", digits.train.images)
    images = np.load(tmp_path / "images.npy", mmap_mode="c")
    found = replace(digits, train=Split(images, digits.train.labels))
    monkeypatch.setattr(setup, "HELD", 0)
    for module in (measure, cohort):
        monkeypatch.setattr(module, "load", lambda *_: found)
    return found


def test_only_what_is_asked_for_is_read(mapped: Dataset) -> None:
    chosen = np.array([7, 3, 900])
    images, labels = training_set(mapped.train, chosen, CPU)
    assert isinstance(images, MappedImages)
    held, expected = training_set(datasets.load("digits").train, chosen, CPU)
    assert isinstance(held, torch.Tensor)
    assert torch.equal(images[torch.tensor([2, 0])], held[[2, 0]])
    assert torch.equal(labels, expected)
    assert len(images) == 3


def test_records_are_the_same(mapped: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """Alone and in company."""
    robust = Trial(dataset="digits", model="AOL-MLP", width=16, depth=2, batch_size=32, steps=20, size=500)
    trials = [replace(robust, model="MLP", components=((0, 16),)), robust, replace(robust, seed=1, size=None)]
    from_file = run_trials(trials)
    monkeypatch.undo()
    for one, other in zip(from_file, run_trials(trials), strict=True):
        assert one["outcome"] == other["outcome"]
        assert one["data"] == other["data"]
        for name, values in one["arrays"].items():
            assert np.array_equal(values, other["arrays"][name])
