"""Moments of a training set are measured once, kept under its content, and never in the way."""

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.datasets import Dataset, Split
from analysis.subspaces import Moments, principal_subspace
from analysis.trials import directions, moments
from analysis.trials.moments import training_moments


def made(seed: int = 0) -> Dataset:
    levels = np.random.default_rng(seed).integers(256, size=(60, 3, 2, 1), dtype=np.uint8)
    labels = np.arange(60) % 2
    return Dataset("toy", Split(levels[:40], labels[:40]), Split(levels[40:], labels[40:]), ("a", "b"))


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many images were measured, each time."""
    counts: list[int] = []
    measure = moments.moments_of

    def counted(images: Any) -> Moments:
        counts.append(len(images))
        time.sleep(0.1)  # long enough for others to come too late
        return measure(images)

    monkeypatch.setattr(moments, "moments_of", counted)
    return counts


def files(cache_dir: Path) -> list[Path]:
    return sorted((cache_dir / "moments").glob("*.npz"))


def test_moments_are_measured_once(measured: list[int], cache_dir: Path, caplog: pytest.LogCaptureFixture) -> None:
    first, again = training_moments(made()), training_moments(made())
    assert measured == [40]
    assert (again.count, again.features) == (40, 6)
    assert np.array_equal(again.mean, first.mean)
    assert np.array_equal(again.covariance, first.covariance)
    assert [path.name.split("-")[0] for path in files(cache_dir)] == [made().content_hash]
    assert caplog.records == []


def test_whoever_asks_meanwhile_waits(measured: list[int]) -> None:
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda _: training_moments(made()).covariance, range(3)))
    assert measured == [40]
    assert all(np.array_equal(found[0], each) for each in found)


def test_other_pixels_and_other_splits_have_their_own(
    measured: list[int], cache_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    training_moments(made())
    training_moments(made(seed=1))
    training_moments(made().with_validation(10))
    training_moments(made().with_validation(10, seed=1), seed=1)
    training_moments(made().with_validation(12))
    assert measured == [40, 40, 30, 30, 28]
    monkeypatch.setattr(moments, "FORMAT", 10**6)
    training_moments(made())
    assert measured[5:] == [40]
    assert len(files(cache_dir)) == 6


@pytest.mark.parametrize("kept", [0, 200, -20])
def test_a_half_written_cache_is_one_line_and_replaced(
    measured: list[int], cache_dir: Path, caplog: pytest.LogCaptureFixture, kept: int
) -> None:
    expected = training_moments(made()).covariance
    (path,) = files(cache_dir)
    path.write_bytes(path.read_bytes()[:kept])
    assert np.array_equal(training_moments(made()).covariance, expected)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "is unreadable and made anew" in caplog.text
    training_moments(made())
    assert measured == [40, 40]


def test_other_moments_under_the_same_name_are_replaced(
    measured: list[int], cache_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    training_moments(made())
    (path,) = files(cache_dir)
    other = Moments(6)
    other.update(made().train.images[:39])
    for arrays in (other.to_arrays(), {"x": np.zeros(3)}):
        np.savez(path, **arrays)
        assert training_moments(made()).count == 40
    assert measured == [40, 40, 40]
    assert "moments of 39 images" in caplog.text
    assert "moments lack count, first, integer, second" in caplog.text


def test_a_cache_that_cannot_be_written_is_skipped_in_one_line(
    measured: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("ANALYSIS_CACHE_DIR", str(tmp_path / "file"))
    assert training_moments(made()).count == 40
    assert len(caplog.records) == 1
    assert "cannot be written and is skipped" in caplog.text


def test_nothing_half_written_is_left_behind(
    cache_dir: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(file: Any, **_: Any) -> None:
        file.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez", full)
    assert training_moments(made()).count == 40
    assert "disk full" in caplog.text
    assert [path.suffix for path in (cache_dir / "moments").iterdir()] == [".lock"]


def test_directions_come_from_the_cache_and_principal_subspace_does_not(measured: list[int], cache_dir: Path) -> None:
    directions.cache_clear()
    found = directions("digits", None, 100)
    directions.cache_clear()
    again = directions("digits", None, 100)
    directions.cache_clear()
    assert measured == [1197]
    assert np.array_equal(found.directions, again.directions)
    (path,) = files(cache_dir)
    path.unlink()
    principal_subspace(made().train.images)
    assert files(cache_dir) == []
