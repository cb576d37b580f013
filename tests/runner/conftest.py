"""Makes ``runner_toys`` importable: here, and in worker processes, which inherit the search path."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """File in which every execution of a toy leaves a line, in whatever process."""
    path = tmp_path / "log"
    path.touch()
    monkeypatch.setenv("RUNNER_TOYS_LOG", str(path))
    return path
