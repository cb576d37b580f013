"""The page of theorems and the docstrings refer to each other, and to nothing that is not there."""

import re

from pages import DOCS

PAGE = (DOCS / "mathematics.md").read_text(encoding="utf-8")
THEOREMS = re.findall(r"^\(([a-z-]+)\)=\n### Theorem (\d+): .+$", PAGE, flags=re.MULTILINE)
SOURCES = {path: path.read_text(encoding="utf-8") for path in sorted((DOCS.parent / "analysis").rglob("*.py"))}
REFERENCE = re.compile(r":ref:`(?:[^`<]*<)?([^`>]+)>?`")


def test_theorems_are_numbered_in_order_and_named_once() -> None:
    names, numbers = zip(*THEOREMS, strict=True)
    assert list(map(int, numbers)) == list(range(1, len(THEOREMS) + 1))
    assert len(set(names)) == len(names) == PAGE.count("### ")


def test_docstrings_refer_to_every_theorem_and_to_no_other() -> None:
    found = {name for text in SOURCES.values() for name in REFERENCE.findall(text)}
    assert found == {name for name, _ in THEOREMS}


def test_theorems_that_the_page_mentions_by_number_exist() -> None:
    mentioned = {int(number) for number in re.findall(r"(?<!, )Theorem (\d+)", PAGE)}
    assert mentioned <= set(range(1, len(THEOREMS) + 1))
