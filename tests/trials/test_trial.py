"""A trial is a value: impossible ones are refused where they are written, naming the value and what is allowed."""

import json
from dataclasses import FrozenInstanceError, asdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.trials import Spectrum, Trial

WHOLES = ("steps", "batch_size", "size", "width", "depth", "visits", "validation", "subset_seed", "seed")
NUMBERS = ("learning_rate", "momentum", "offset", "temperature")
INFINITY, NAN = float("inf"), float("nan")


def trial(**changes: Any) -> Trial:
    return Trial(**({"dataset": "digits", "model": "MLP"} | changes))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("size", 0, "size must be at least 1, got 0"),
        ("width", -3, "width must be at least 1, got -3"),
        ("depth", 0, "depth must be at least 1, got 0"),
        ("steps", 0, "steps must be at least 1, got 0"),
        ("visits", 0, "visits must be at least 1, got 0"),
        ("batch_size", 0, "batch_size must be at least 1, got 0"),
        ("validation", -1, "validation must be at least 0, got -1"),
        ("subset_seed", -1, "subset_seed must be at least 0, got -1"),
        ("seed", -2, "seed must be at least 0, got -2"),
        ("learning_rate", 0, "learning_rate must be positive and finite, got 0"),
        ("learning_rate", INFINITY, "learning_rate must be positive and finite, got inf"),
        ("learning_rate", NAN, "learning_rate must be positive and finite, got nan"),
        ("temperature", -0.5, "temperature must be positive and finite, got -0.5"),
        ("momentum", 0, r"momentum must lie in \(0, 1\), got 0"),
        ("momentum", 1, r"momentum must lie in \(0, 1\), got 1"),
        ("momentum", NAN, r"momentum must lie in \(0, 1\), got nan"),
        ("offset", -0.1, "offset must not be negative and be finite, got -0.1"),
        ("offset", INFINITY, "offset must not be negative and be finite, got inf"),
        ("noise", -0.1, "noise must not be negative and be finite, got -0.1"),
        ("draws", 0, "draws must be at least 1, got 0"),
        ("dataset", "", "dataset must be a name"),
        ("dataset", "../data/mnist", r"not the path '\.\./data/mnist': give its folder as data_dir"),
        ("components", (), "at least one band; None means all pixels"),
        ("components", ((-1, 4),), "first component must be at least 0, got -1"),
        ("components", ((4, 4),), "last component must be at least 5, got 4"),
        ("components", ((0, 4), (9, 3)), "last component must be at least 10, got 3"),
    ],
    ids=str,
)
def test_impossible_values_are_refused(name: str, value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        trial(**{name: value})


@pytest.mark.parametrize("name", WHOLES)
@pytest.mark.parametrize("value", [np.int64(5), True, 5.0, "5"], ids=lambda value: type(value).__name__)
def test_counts_and_seeds_are_whole_numbers_that_json_can_hold(name: str, value: object) -> None:
    with pytest.raises(TypeError, match=f"{name} must be a whole number, got .* of type {type(value).__name__}"):
        trial(**{name: value})


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [np.float32(0.5), True, "0.5", None], ids=lambda value: type(value).__name__)
def test_rates_are_numbers_that_json_can_hold(name: str, value: object) -> None:
    with pytest.raises(TypeError, match=f"{name} must be a number, got .* of type {type(value).__name__}"):
        trial(**{name: value})


@pytest.mark.parametrize(
    "components",
    [[(0, 4)], ([0, 4],), (0, 4), ((0, 4, 8),), ((0,),), ((0.0, 4),), ((0, 4.0),), ((np.int64(0), 4),), "0-4"],
    ids=str,
)
def test_components_are_a_tuple_of_pairs(components: object) -> None:
    with pytest.raises(TypeError, match="component"):
        trial(components=components)


def test_misspelt_fields_are_refused() -> None:
    with pytest.raises(TypeError, match="epochs"):
        trial(epochs=3)


def test_a_trial_does_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        trial().size = 3  # type: ignore[misc]
    assert len({trial(), trial(size=None), trial(size=5)}) == 2


@given(st.integers(1, 10**6), st.integers(1, 1000))
def test_steps_are_the_fewest_whole_batches_that_hold_the_visits(visits: int, batch_size: int) -> None:
    steps = trial(visits=visits, batch_size=batch_size, steps=7).total_steps
    assert (steps - 1) * batch_size < visits <= steps * batch_size


def test_steps_are_as_given_without_visits() -> None:
    assert trial(steps=7, batch_size=3).total_steps == 7


@pytest.mark.parametrize(
    "spec",
    [
        trial(),
        trial(components=((0, 4), (32, None)), size=40, learning_rate=1e-3, offset=2**0.5),
        Spectrum(dataset="digits", head=((0, 4),), tail=((32, None),)),
        Spectrum(dataset="digits", head=((0, 4),), tail=((32, None),), split="all", size=40),
    ],
    ids=["plain", "banded", "spectrum", "spectrum-part"],
)
def test_json_keeps_everything(spec: Trial | Spectrum) -> None:
    kept = json.loads(json.dumps(asdict(spec)))
    bands = {name: tuple(map(tuple, value)) for name, value in kept.items() if isinstance(value, list)}
    assert type(spec)(**(kept | bands)) == spec


@pytest.mark.parametrize(
    ("size", "label"), [(1000, "MLP on 1,000 of digits, seed 0"), (None, "MLP on all of digits, seed 0")]
)
def test_the_label_is_readable(size: int | None, label: str) -> None:
    assert trial(size=size).label == label
