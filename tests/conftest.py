"""What every test may ask for, and what no test may touch."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("patient", deadline=None)  # the machine may be busy, the first call slow
settings.load_profile("patient")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real data: ANALYSIS_DATA_DIR, or ../shared/data beside the repository."""
    folder = Path(os.environ.get("ANALYSIS_DATA_DIR") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}; set ANALYSIS_DATA_DIR")
    return folder


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """One thread for torch: the tests' networks are small, and their sums the same on every machine."""
    import torch  # not at the top: pytest --help needs no torch

    torch.set_num_threads(1)


@dataclass(frozen=True)
class DaskCluster:
    """A Dask scheduler on the loopback address, and its workers."""

    address: str
    workers: list[subprocess.Popen[bytes]]


@pytest.fixture
def dask_cluster(tmp_path: Path) -> Iterator[DaskCluster]:
    """A scheduler and two workers, each a process of its own with the environment that the test has by now."""
    folder = tmp_path / "dask"
    folder.mkdir()
    told = folder / "scheduler.json"
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder, "start_new_session": True}

    def start(kind: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", "--host", "127.0.0.1", "--no-dashboard"]
        return subprocess.Popen([*command, *arguments], **silent)

    scheduler = start("scheduler", "--port", "0", "--scheduler-file", str(told))
    alone = ("--scheduler-file", str(told), "--nthreads", "1", "--no-nanny", "--local-directory", str(folder))
    workers = [start("worker", *alone) for _ in range(2)]
    try:
        yield DaskCluster(_address(told), workers)
    finally:
        for process in (*workers, scheduler):
            process.kill()
            process.wait()


def _address(told: Path) -> str:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        try:
            return str(json.loads(told.read_text())["address"])
        except (FileNotFoundError, ValueError):
            time.sleep(0.02)
    raise TimeoutError("no Dask scheduler has started")


@pytest.fixture(autouse=True)
def cache_dir(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of each test's own, so that none writes into the checkout or finds what another left."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("ANALYSIS_CACHE_DIR", str(folder))
    return folder
