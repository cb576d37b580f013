"""The libraries in the page are the published ones, and all that the page is made of is installed with the package."""

import hashlib
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "analysis"
LIBRARIES = PACKAGE / "page" / "assets" / "libraries"
ROWS = re.findall(r"^\| (\S+\.js) \| .* \| (\S+) \| (\w{64}) \|$", (LIBRARIES / "README.md").read_text(), flags=re.M)


def test_every_bundle_is_described() -> None:
    assert sorted(name for name, _, _ in ROWS) == sorted(path.name for path in LIBRARIES.glob("*.js"))


@pytest.mark.parametrize(("name", "version", "digest"), ROWS, ids=[name for name, _, _ in ROWS])
def test_bundles_are_unchanged_and_have_their_licences(name: str, version: str, digest: str) -> None:
    content = (LIBRARIES / name).read_bytes()
    assert hashlib.sha256(content).hexdigest() == digest
    assert f"v{version} ".encode() in content[:200]
    assert "Permission to use, copy, modify" in (LIBRARIES / f"{name.partition('.')[0]}.LICENSE").read_text()


def test_all_assets_are_installed_with_the_package() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    patterns = settings["tool"]["setuptools"]["package-data"]["analysis"]
    installed = {path for pattern in patterns for path in PACKAGE.glob(pattern)}
    assert {path for path in (PACKAGE / "page" / "assets").rglob("*") if path.is_file()} <= installed
