"""Steps are timed as they are taken in training, and the fastest round counts."""

import time
from typing import Any

import numpy as np
import pytest

from analysis.runner import identity
from analysis.trials import Pace, run_trials, step_seconds

PACE = Pace(dataset="digits", models=("AOL-MLP", "CPL-MLP"), widths=(16, 128), depth=2, batch_size=64, rounds=3)


@pytest.fixture(scope="module")
def timed() -> tuple[dict[str, Any], float]:
    """The record, and the processor's seconds that all of it took."""
    start = time.process_time()
    (record,) = run_trials([PACE])
    return record, time.process_time() - start


def test_every_network_is_timed_in_every_round(timed: tuple[dict[str, Any], float]) -> None:
    record, _ = timed
    shapes = {name: values.shape for name, values in record["arrays"].items()}
    assert shapes == {"training": (3, 2, 2), "inference": (3, 2, 2), "memory": (2, 2)}
    assert all((values > 0).all() for values in record["arrays"].values())
    assert record["outcome"] == {"networks": 4, "clock": "processor"}
    assert record["provenance"]["threads"] == 1


def test_times_are_of_steps_and_not_of_rounds(timed: tuple[dict[str, Any], float]) -> None:
    """A round takes about a tenth of a second for each network, so that its steps are much shorter than it."""
    record, spent = timed
    steps = record["arrays"]["training"]
    assert steps.max() < 0.1
    assert spent > 3 * 4 * 0.05  # rounds x networks x half of what a round should take


def test_a_wider_network_takes_longer_and_holds_more(timed: tuple[dict[str, Any], float]) -> None:
    record, _ = timed
    found = step_seconds(PACE, record)
    narrow, wide = record["arrays"]["memory"].T
    assert found["AOL-MLP", 16] < found["AOL-MLP", 128]
    assert (narrow < wide).all()


def test_the_fastest_round_counts() -> None:
    rounds = np.array([[[0.3, 0.5], [0.9, 0.7]], [[0.2, 0.6], [0.8, 0.9]], [[0.4, 0.4], [1.0, 0.8]]])
    assert step_seconds(PACE, {"arrays": {"training": rounds}}) == {
        ("AOL-MLP", 16): 0.2,
        ("AOL-MLP", 128): 0.4,
        ("CPL-MLP", 16): 0.8,
        ("CPL-MLP", 128): 0.7,
    }


def test_its_name_is_pinned() -> None:
    assert identity(PACE) == "1c314fd683c6a470"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"models": ()}, "models must hold at least one"),
        ({"widths": ()}, "widths must hold at least one"),
        ({"widths": (0,)}, "width must be at least 1"),
        ({"rounds": 0}, "rounds must be at least 1"),
        ({"depth": 0}, "depth must be at least 1"),
    ],
    ids=["models", "widths", "width", "rounds", "depth"],
)
def test_impossible_values_are_refused(change: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Pace(**{"dataset": "digits", "models": ("AOL-MLP",), "widths": (16,)} | change)


def test_unknown_models_are_refused_before_anything_is_timed() -> None:
    with pytest.raises(ValueError, match="unknown model 'LOA-MLP'"):
        run_trials([Pace(dataset="digits", models=("AOL-MLP", "LOA-MLP"), widths=(16,))])
