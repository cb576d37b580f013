"""Trials trained together have the records that they have alone, up to rounding, and survive being cut off."""

import logging
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.training import Cohort
from analysis.trials import Trial, checkpoint, run_trials

VARIED: list[dict[str, Any]] = [
    {"seed": 1, "size": 50, "subset_seed": 3},
    {"seed": 2, "learning_rate": 0.3, "steps": 12},
    {"seed": 3, "components": ((0, 16),), "offset": 0.1, "temperature": 0.5},
    {"seed": 4, "visits": 32 * 7 + 1, "components": None},
]


def varied(trial: Trial) -> list[Trial]:
    return [trial, *(replace(trial, **change) for change in VARIED)]


def assert_alike(found: dict[str, Any], expected: dict[str, Any]) -> None:
    """Same images, same losses; a score that lies on the border between two classes may fall either way."""
    for name in ("size", "variance_share", "diverged", "examples"):
        assert found["outcome"][name] == expected["outcome"][name]
    assert found["outcome"]["loss"] == pytest.approx(expected["outcome"]["loss"], rel=1e-3)
    assert found["outcome"]["accuracy"] == pytest.approx(expected["outcome"]["accuracy"], abs=0.005)
    assert found["specification"] == expected["specification"]
    assert found["data"] == expected["data"]
    for name, values in expected["arrays"].items():
        assert np.mean(~np.isclose(found["arrays"][name], values, rtol=1e-3, atol=1e-4)) < 0.01


@pytest.mark.parametrize("kind", ["standard", "robust"])
def test_every_trial_has_the_record_that_it_has_alone(kind: str, request: pytest.FixtureRequest) -> None:
    trials = varied(request.getfixturevalue(kind))
    for found, trial in zip(run_trials(trials), trials, strict=True):
        assert_alike(found, run_trials([trial])[0])


def test_smoothed_networks_are_trained_together_each_on_its_own_noise(standard: Trial) -> None:
    trials = [replace(standard, noise=noise, draws=20, seed=seed) for seed, noise in enumerate((0.2, 0.4))]
    for found, trial in zip(run_trials(trials), trials, strict=True):
        assert_alike(found, run_trials([trial])[0])


def test_records_come_back_in_order_from_several_companies(standard: Trial, robust: Trial) -> None:
    short = [replace(trial, steps=2, seed=seed) for seed in range(3) for trial in (standard, robust)]
    records = run_trials(short)
    assert [record["specification"] for record in records] == [asdict(trial) for trial in short]
    assert {record["provenance"]["cohort"] for record in records} == {3}


def test_a_diverged_trial_does_not_disturb_the_others(standard: Trial) -> None:
    lost = replace(standard, learning_rate=1e30, seed=5)
    records = run_trials([standard, lost, replace(standard, seed=6)])
    assert [record["outcome"]["diverged"] for record in records] == [None, 29, None]
    assert records[1]["arrays"] == {}
    assert_alike(records[0], run_trials([standard])[0])


def test_the_same_company_gives_the_same_bits(robust: Trial) -> None:
    first, again = (run_trials(varied(robust)) for _ in range(2))
    for one, other in zip(first, again, strict=True):
        assert one["outcome"] == other["outcome"]
        assert one["arrays"]["radii"].tobytes() == other["arrays"]["radii"].tobytes()


def kept(cache_dir: Path) -> list[Path]:
    return sorted((cache_dir / "cohorts").glob("*"))


@pytest.mark.parametrize("kind", ["standard", "robust"])
def test_a_cohort_that_was_cut_off_goes_on_to_the_same_records(
    kind: str, request: pytest.FixtureRequest, cache_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trials = [replace(trial, steps=trial.steps + 90) for trial in varied(request.getfixturevalue(kind))]
    expected = run_trials(trials)
    monkeypatch.setattr(checkpoint, "EVERY", 0.0)
    taken: list[int] = []
    step = Cohort.take_step

    def stopped(cohort: Cohort) -> Any:
        taken.append(cohort.optimizer.taken)
        if len(taken) == 80:
            raise KeyboardInterrupt
        return step(cohort)

    with monkeypatch.context() as patch:
        patch.setattr(Cohort, "take_step", stopped)
        with pytest.raises(KeyboardInterrupt):
            run_trials(trials)
        assert len(kept(cache_dir)) == 1
        taken.clear()
        patch.setattr(Cohort, "take_step", lambda cohort: taken.append(cohort.optimizer.taken) or step(cohort))
        records = run_trials(trials)
    assert taken[0] == 51
    assert kept(cache_dir) == []
    for record, whole in zip(records, expected, strict=True):
        assert record["outcome"] == whole["outcome"]
        for name, values in whole["arrays"].items():
            assert record["arrays"][name].tobytes() == values.tobytes()


def test_a_damaged_or_impossible_checkpoint_is_one_line(
    standard: Trial, cache_dir: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    trials = [replace(standard, seed=seed) for seed in range(2)]
    expected = run_trials(trials)
    monkeypatch.setattr(checkpoint.FileCheckpoint, "remove", lambda self: self.path.write_bytes(b"half"))
    (cache_dir / "cohorts").mkdir()
    run_trials(trials)
    monkeypatch.undo()
    monkeypatch.setenv("ANALYSIS_CACHE_DIR", str(cache_dir))
    records = run_trials(trials)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "is unreadable, the training begins anew" in caplog.text
    assert [record["outcome"] for record in records] == [record["outcome"] for record in expected]
    caplog.clear()
    monkeypatch.setattr(checkpoint, "EVERY", 0.0)
    (cache_dir / "cohorts").rmdir()
    (cache_dir / "cohorts").touch()
    assert run_trials(trials)[0]["outcome"] == expected[0]["outcome"]
    assert "cannot be written and is skipped" in caplog.text


@pytest.mark.slow
@pytest.mark.parametrize("model", ["MLP", "AOL-MLP"])
def test_final_accuracies_over_60_seeds_are_those_of_single_trainings(model: str) -> None:
    """Paired differences: mean within 3 standard errors of 0, and no larger in size than half a test image on average.

    The second holds the test against a standard error that is large because cohorts are noisier.
    """
    base = Trial(dataset="digits", model=model, width=32, depth=3, batch_size=32, steps=300, size=200, offset=0.1)
    trials = [replace(base, seed=seed, subset_seed=seed) for seed in range(60)]
    together = np.array([record["outcome"]["accuracy"] for record in run_trials(trials)])
    alone = np.array([run_trials([trial])[0]["outcome"]["accuracy"] for trial in trials])
    differences = together - alone
    error = differences.std(ddof=1) / np.sqrt(len(trials))
    assert abs(differences.mean()) <= 3 * error + 1e-12
    assert abs(differences.mean()) <= 0.5 / 500
    assert np.std(together) == pytest.approx(np.std(alone), rel=0.2)
