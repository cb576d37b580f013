"""The smallest trials that learn something."""

from typing import Any

import pytest

from analysis.trials import Trial, run_trials

SMALL = {"dataset": "digits", "steps": 30, "batch_size": 32, "width": 32, "depth": 2}
MARGIN = {"model": "AOL-MLP", "learning_rate": 1.0, "offset": 2**0.5 / 4, "temperature": 0.125}


@pytest.fixture(scope="session")
def standard() -> Trial:
    return Trial(**SMALL, model="MLP")  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def robust() -> Trial:
    """A trial with everything: a margin, two bands, moved images."""
    bands = {"components": ((0, 16), (32, None)), "augmentation": "shift"}
    return Trial(**SMALL, **MARGIN, **bands, size=400)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def standard_record(standard: Trial) -> dict[str, Any]:
    (record,) = run_trials([standard])
    return record


@pytest.fixture(scope="session")
def robust_record(robust: Trial) -> dict[str, Any]:
    (record,) = run_trials([robust])
    return record
