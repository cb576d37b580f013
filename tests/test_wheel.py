"""The wheel stands on its own: in an empty environment, away from the checkout, it lists, trains and draws."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SMOKE = ("--preset", "smoke", "--seeds", "1")


def succeed(command: list[str | Path], folder: Path) -> str:
    """What a command says; its environment knows nothing of the checkout."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "ANALYSIS", "VIRTUAL"))}
    done = subprocess.run(command, cwd=folder, env=kept, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, so that nothing is left in the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "analysis", folder / "source" / "analysis", ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / "source")
    succeed([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder, folder / "source"], folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.mark.slow
def test_a_wheel_needs_nothing_of_the_checkout(wheel: Path, tmp_path: Path) -> None:
    succeed([sys.executable, "-m", "venv", tmp_path / "environment"], tmp_path)
    python = tmp_path / "environment" / "bin" / "python"
    constraints = ("-c", str(ROOT / "constraints.txt"))
    succeed([python, "-m", "pip", "install", "--quiet", "--no-compile", *constraints, wheel], tmp_path)
    desk = tmp_path / "desk"
    desk.mkdir()
    place = succeed([python, "-c", "import analysis; print(analysis.__file__)"], desk)
    assert Path(place.strip()).is_relative_to(tmp_path / "environment")
    analysis = tmp_path / "environment" / "bin" / "analysis"
    listed = succeed([analysis, "list"], desk)
    assert "data_scaling" in listed
    assert "presets: smoke, digits, mnist" in listed
    for study in ("subspace_accuracy", "layers_published"):
        assert "the others were recorded" in succeed([analysis, "run", study, *SMOKE], desk)
        assert f"{study} drawn in figures/" in succeed([analysis, "draw", study, *SMOKE], desk)
        made = {path.name for path in (desk / "figures" / "smoke").iterdir()}
        assert {f"{study}{suffix}" for suffix in (".pdf", ".png", ".svg", ".csv")} <= made
    assert {path.name for path in desk.iterdir()} == {"data", "figures"}, "records, cache and figures; nothing else"
