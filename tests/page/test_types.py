"""The page's scripts agree with the types that their comments state."""

import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
INSTALLED = HERE.parents[1] / ".venv" / "node_modules" / ".bin" / "tsc"


def test_scripts_are_typed() -> None:
    compiler = shutil.which("tsc") or shutil.which(INSTALLED)
    if compiler is None:
        pytest.skip("no TypeScript compiler: npm install --prefix .venv typescript")
    found = subprocess.run([compiler, "-p", str(HERE / "tsconfig.json")], check=False, capture_output=True, text=True)
    assert found.stdout == ""
    assert found.returncode == 0
