"""The page on estimators does what it says."""

from typing import Any

import pytest
from pages import blocks, numbers

OFF = 0.04  # a score of 500 points, on another processor


def test_the_examples_print_what_the_page_shows(capsys: pytest.CaptureFixture[str]) -> None:
    """Words and counts as they are, scores to a few points."""
    names: dict[str, Any] = {}
    for language, content in blocks("estimators.md"):
        if language == "python":
            exec(content, names)  # noqa: S102  # the page's own
        else:
            printed = capsys.readouterr().out
            assert len(printed.splitlines()) == len(content.splitlines())
            assert numbers(printed) == pytest.approx(numbers(content), abs=OFF)
    assert "robust" in names
