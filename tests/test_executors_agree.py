"""Where trials are run, and how often they are interrupted, changes no bit of what they find."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from analysis.runner.record import decode
from analysis.studies import STUDIES
from analysis.studies.presets import PRESETS

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 600  # seconds on a busy machine


def start(desk: Path, executor: str) -> subprocess.Popen[bytes]:
    """The search of learning rates on a working folder of its own, one thread per worker."""
    desk.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "analysis", "run", "learning_rate", "--preset", "smoke", "--executor", executor]
    return subprocess.Popen(command, cwd=desk, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def records(desk: Path) -> dict[str, Any]:
    """What was found, provenance apart, by name."""
    found = {path.name: decode(path.read_bytes()) for path in desk.glob("data/results/digits/*.npz")}
    return {
        name: (record["outcome"], {key: array.tobytes() for key, array in record["arrays"].items()})
        for name, record in found.items()
    }


@pytest.mark.slow
def test_every_executor_and_a_killed_run_find_the_same_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    cores, count = len(os.sched_getaffinity(0)), len(STUDIES["learning_rate"].trials(PRESETS["smoke"]))
    address = request.getfixturevalue("dask_cluster").address
    for executor in ("serial", f"processes:{cores}", f"dask:{address}"):
        assert start(tmp_path / executor[:4], executor).wait(PATIENCE) == 0
    killed = start(tmp_path / "kill", "serial")
    while len(records(tmp_path / "kill")) < 3:
        time.sleep(0.02)
    killed.kill()
    killed.wait()
    assert 3 <= len(records(tmp_path / "kill")) < count
    assert start(tmp_path / "kill", "serial").wait(PATIENCE) == 0
    first, *others = (records(tmp_path / name) for name in ("seri", "proc", "dask", "kill"))
    assert len(first) == count
    assert all(other == first for other in others)
