"""``make docs`` builds without a warning, and every public name is in its reference."""

import importlib
import os
import pkgutil
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType

import pytest
from pages import DOCS
from sphinx.util.inventory import InventoryFile

import analysis

ROOT = DOCS.parent
PARTS = sorted(
    f"analysis.{module.name}" for module in pkgutil.iter_modules(analysis.__path__) if module.name != "__main__"
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages, built from a copy, because the reference writes a page for each part."""
    folder = tmp_path_factory.mktemp("docs")
    shutil.copytree(DOCS, folder / "docs", ignore=shutil.ignore_patterns("_build", "parts"))
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    strictly = ["-q", "-W", "--keep-going", "-b", "html"]
    command = [sys.executable, "-m", "sphinx", *strictly, str(folder / "docs"), str(folder / "html")]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    return folder / "html"


def public_names() -> Iterator[str]:
    """Classes and functions of each part's ``__all__``; of a part without one, those that it defines itself."""
    for part in PARTS:
        module = importlib.import_module(part)
        documented = {name: member for name, member in vars(module).items() if isinstance(member, type | FunctionType)}
        own = [name for name, member in documented.items() if name[0] != "_" and member.__module__ == part]
        yield from (f"{part}.{name}" for name in getattr(module, "__all__", own) if name in documented)


def test_every_part_and_public_name_is_in_the_reference(built: Path) -> None:
    inventory = InventoryFile.loads((built / "objects.inv").read_bytes(), uri="").data
    found = {name for kind, entries in inventory.items() if kind.startswith("py:") for name in entries}
    wanted = {*PARTS, *public_names()}
    assert len(wanted) > 100
    assert wanted - found == set()


def test_links_between_pages_lead_somewhere() -> None:
    """But to figures, which ``make figures`` draws."""
    for page in DOCS.rglob("*.md"):
        targets = re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8"))
        local = [each for each in targets if "://" not in each and "figures/" not in each]
        assert [each for each in local if not (page.parent / each).exists()] == [], page.name


def test_tables_of_the_reference_exist() -> None:
    index = (DOCS / "reference" / "index.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\.\. py:data:: (.+)\.(\w+)$", index, flags=re.MULTILINE)
    assert len(listed) > 10
    assert [name for part, name in listed if not hasattr(importlib.import_module(part), name)] == []
