"""What the README promises is there: commands, figures, links, and the example."""

import re
from typing import Any

import pytest
from pages import DOCS

from analysis.cli import COMMANDS
from analysis.studies import STUDIES

ROOT = DOCS.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
TYPED = {"README.md": README, "command_line.md": (DOCS / "command_line.md").read_text(encoding="utf-8")}
OFF = 0.05  # of an accuracy on 500 digits, on another processor


@pytest.mark.parametrize("page", TYPED)
def test_commands_exist(page: str) -> None:
    named = set(re.findall(r"python -m analysis (\w+)", TYPED[page]))
    assert named
    assert named <= set(COMMANDS)


def test_every_command_is_explained() -> None:
    assert set(re.findall(r"python -m analysis (\w+)", "".join(TYPED.values()))) == set(COMMANDS)


def test_targets_exist() -> None:
    targets = set(re.findall(r"^(\S+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    named = set(re.findall(r"^make (\S+)|`make (\S+)`", README, flags=re.MULTILINE))
    assert {"figures", "notebooks", "docs", "test"} <= {name for pair in named for name in pair if name} <= targets


def test_every_figure_has_its_line() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", README, flags=re.MULTILINE)
    assert sorted(rows) == sorted(STUDIES)


def test_links_lead_somewhere() -> None:
    targets = [each for each in re.findall(r"\]\(([^)#]+)", README) if "://" not in each]
    assert len(targets) > 5
    assert [each for each in targets if not (ROOT / each).exists()] == []


def test_the_tree_is_the_project_s() -> None:
    (tree,) = re.findall(r"^```\n(analysis/\n.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
    inside = re.findall(r"^  ((?:[a-z]+(?:/|\.py) ?)+)", tree, flags=re.MULTILINE)
    outside = re.findall(r"^([a-z/]+/)", tree, flags=re.MULTILINE)
    named = [f"analysis/{name}" for line in inside for name in line.split()] + outside
    assert len(named) > 20
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_example_gives_what_it_says() -> None:
    (example,) = re.findall(r"^```python\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    exec(example, names)  # noqa: S102  # the page's own
    record = names["record"]
    assert record["outcome"]["accuracy"] > 0.95 - OFF
    assert (record["arrays"]["radii"] > 0.25).mean() > 0.85 - OFF
    assert names["projected"].shape == (500, 8, 8, 1)
