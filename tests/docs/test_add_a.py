"""The pages that say how to add something: their steps, followed on a copy of the project, do what they say."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pages import DOCS, apply, steps

PAGES = sorted(path.name for path in DOCS.glob("add_a_*.md"))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The package and its tests, as a folder of their own."""
    for name in ("analysis", "tests"):
        shutil.copytree(DOCS.parent / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(DOCS.parent / "pyproject.toml", tmp_path)
    return tmp_path


QUICK = "add_a_layer.md"  # of the others the edits are tried here, and the commands by the slow tests


@pytest.mark.parametrize(
    "page", [page if page == QUICK else pytest.param(page, marks=pytest.mark.slow) for page in PAGES]
)
def test_the_steps_of_a_page_lead_to_its_end(page: str, copy: Path) -> None:
    commands = []
    for step in steps(page):
        if step.language == "sh":
            commands.append(step.content)
        else:
            apply(step, copy)
    output = run("".join(commands), copy)
    assert " passed" in output


def run(commands: str, folder: Path) -> str:
    """All of them by one shell, which stops at the first that fails; what they say."""
    environment = os.environ | {"PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"}
    shell = ["bash", "-euc", f'python() {{ {sys.executable} "$@"; }}\n{commands}']
    result = subprocess.run(shell, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    return result.stdout


def test_code_that_pages_ask_for_is_held_to_the_rules_of_the_project(copy: Path) -> None:
    """Formatted, linted, and small, as what is here already."""
    for page in PAGES:
        for step in steps(page):
            if step.file:
                apply(step, copy)
    for check in ("ruff check", "ruff format --check"):
        run(f"python -m {check} analysis tests/evaluation", copy)
