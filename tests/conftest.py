"""What every test may ask for, and what no test may touch."""

import os
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


@pytest.fixture(autouse=True)
def cache_dir(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of each test's own, so that none writes into the checkout or finds what another left."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("ANALYSIS_CACHE_DIR", str(folder))
    return folder
