"""One record for each trial: complete, reproducible, and decided by the trial's own fields."""

import json
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest
import torch

from analysis.datasets import load
from analysis.runner.record import decode, encode
from analysis.trials import Spectrum, Trial, content, run_trials

OUTCOME = {"size", "variance_share", "diverged", "loss", "examples", "accuracy", "lipschitz"}
PROVENANCE = {
    *("package", "commit", "python", "numpy", "scipy", "torch"),
    *("device", "threads", "training", "evaluation", "inference", "memory"),
}


def same_numbers(one: dict[str, Any], other: dict[str, Any]) -> bool:
    first, second = ({name: array.tobytes() for name, array in each["arrays"].items()} for each in (one, other))
    return bool(one["outcome"] == other["outcome"] and first == second)


def header(record: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key != "arrays"}


@pytest.mark.parametrize("kind", ["standard", "robust"])
def test_a_record_says_what_was_run_on_what_and_what_came_out(kind: str, request: pytest.FixtureRequest) -> None:
    trial, record = request.getfixturevalue(kind), request.getfixturevalue(f"{kind}_record")
    assert record.keys() == {"specification", "outcome", "arrays", "data", "provenance"}
    assert record["outcome"].keys() == OUTCOME
    assert record["provenance"].keys() == PROVENANCE
    assert record["specification"] == asdict(trial)
    assert record["data"] == load("digits").content_hash == content("digits")["data"]
    assert record["outcome"]["examples"] == 500
    assert record["outcome"]["size"] == (trial.size or 1297)
    assert min(record["provenance"]["training"], record["provenance"]["evaluation"]) >= 0


@pytest.mark.parametrize("kind", ["standard", "robust"])
def test_a_record_can_be_kept_and_holds_no_path(kind: str, request: pytest.FixtureRequest) -> None:
    record = request.getfixturevalue(f"{kind}_record")
    kept = decode(encode(header(record), record["arrays"]))
    assert kept["outcome"] == record["outcome"]
    assert "/" not in json.dumps(header(record))


def test_a_standard_network_s_record_says_which_examples_were_correct(standard_record: dict[str, Any]) -> None:
    correct, outcome = standard_record["arrays"]["correct"], standard_record["outcome"]
    assert "radii" not in standard_record["arrays"]
    assert (correct.dtype, correct.shape) == (np.bool_, (500,))
    assert outcome["accuracy"] == correct.mean()
    assert outcome["accuracy"] > 0.8
    assert (outcome["lipschitz"], outcome["variance_share"], outcome["diverged"]) == (None, 1.0, None)


def test_a_robust_network_s_record_has_a_radius_for_each_example(robust_record: dict[str, Any]) -> None:
    radii, outcome = robust_record["arrays"]["radii"], robust_record["outcome"]
    assert "correct" not in robust_record["arrays"]
    assert (radii.dtype, radii.shape) == (np.float32, (500,))
    assert np.isfinite(radii).all()
    assert outcome["accuracy"] == (radii > 0).mean()
    assert outcome["accuracy"] > 0.5
    assert 0 < outcome["lipschitz"] <= 1 + 1e-6
    assert 0.5 < outcome["variance_share"] < 1


@pytest.mark.parametrize("kind", ["standard", "robust"])
def test_the_same_trial_gives_the_same_bits(kind: str, request: pytest.FixtureRequest) -> None:
    """Beside trials that it cannot be trained with, too."""
    trial, record = request.getfixturevalue(kind), request.getfixturevalue(f"{kind}_record")
    _, again = run_trials([replace(trial, depth=1, steps=3), trial])
    assert same_numbers(record, again)


@pytest.mark.parametrize("change", [{"seed": 1}, {"subset_seed": 1}, {"augmentation": "none"}], ids=str)
def test_another_seed_gives_other_numbers(robust: Trial, robust_record: dict[str, Any], change: dict[str, Any]) -> None:
    (other,) = run_trials([replace(robust, **change)])
    assert not same_numbers(robust_record, other)
    assert abs(other["outcome"]["accuracy"] - robust_record["outcome"]["accuracy"]) < 0.3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": "ResNet"}, "unknown model 'ResNet'; known are MLP, ConvNet, .*AOL-MLP"),
        ({"augmentation": "turn"}, "unknown augmentation 'turn'; known are none, shift, flip, shift-flip"),
        ({"dataset": "imagenet"}, "unknown data set 'imagenet': known are digits, mnist"),
        ({"components": ((60, 62),)}, r"no band \[60, 62\) in 61 directions of non-zero variance"),
        ({"components": ((61, None),)}, r"no band \[61, None\) in 61 directions"),
        ({"components": ((0, 9), (8, 16))}, "overlap"),
        ({"size": 1298}, "size 1298 is more than the 1297 images"),
        ({"size": 1098, "validation": 200}, "size 1098 is more than the 1097 images"),
        ({"size": 9}, "size 9 is less than one image for each of the 10 classes"),
        ({"validation": 1297}, "can hold out 1 to 1296 of 1297 images, not 1297"),
        ({"model": "AOL-MLP", "width": 33}, "width must be even"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_what_does_not_exist_is_refused(standard: Trial, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        run_trials([replace(standard, **change)])


@pytest.mark.parametrize("change", [{"model": "ResNet"}, {"augmentation": "turn"}], ids=str)
def test_names_are_checked_before_the_first_trial_is_trained(
    standard: Trial, change: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analysis.trials.measure.run_trial", lambda *_: pytest.fail("trained"))
    with pytest.raises(ValueError, match="unknown"):
        run_trials([standard, replace(standard, **change)])  # type: ignore[arg-type]


@pytest.mark.parametrize(("steps", "seen"), [(30, 29), (120, 50)])
def test_a_diverged_training_is_recorded_with_the_step_at_which_it_was_seen(
    standard: Trial, steps: int, seen: int
) -> None:
    (record,) = run_trials([replace(standard, learning_rate=1e30, steps=steps)])
    assert record["outcome"].keys() == OUTCOME
    assert record["outcome"]["diverged"] == seen
    assert [record["outcome"][name] for name in ("accuracy", "loss", "lipschitz")] == [None, None, None]
    assert record["outcome"]["examples"] == 500
    assert record["arrays"] == {}
    encode(header(record), record["arrays"])


def test_trials_and_spectra_may_be_mixed_and_keep_their_order(standard: Trial) -> None:
    spectrum = Spectrum(dataset="digits", head=((0, 4),), tail=((32, None),))
    short = replace(standard, steps=1)
    records = run_trials([short, spectrum, short])
    assert [record["specification"] for record in records] == [asdict(short), asdict(spectrum), asdict(short)]


def test_progress_counts_trials_where_somebody_looks(
    standard: Trial, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    short = replace(standard, steps=1)
    run_trials([short, replace(short, depth=1)], progress=True)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    run_trials([short])
    assert capsys.readouterr().err == ""
    run_trials([short, replace(short, depth=1)], progress=True)
    assert "2/2" in capsys.readouterr().err


def test_nothing_to_run_gives_no_records() -> None:
    assert run_trials([]) == []


def test_a_trial_is_run_on_the_threads_that_are_asked_for(standard: Trial) -> None:
    before = torch.get_num_threads()
    (record,) = run_trials([replace(standard, steps=1)], threads=before + 1)
    assert record["provenance"]["threads"] == before + 1
    assert torch.get_num_threads() == before
    with pytest.raises(ValueError, match="threads must be at least 1, got 0"):
        run_trials([standard], threads=0)
