"""Makes ``runner_toys`` importable: here, and in worker processes, which inherit the search path or are told it."""

import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.append(str(HERE))


@pytest.fixture(autouse=True)
def search_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """For workers that are programs of their own."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(HERE.parents[1]), str(HERE)]))


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """File in which every execution of a toy leaves a line, in whatever process."""
    path = tmp_path / "log"
    path.touch()
    monkeypatch.setenv("RUNNER_TOYS_LOG", str(path))
    return path
