"""The page on own data: its five commands lead from a folder of images to both figures and the statement."""

import json
import shlex
from pathlib import Path

import numpy as np
import pytest
from pages import blocks
from PIL import Image

from analysis import datasets
from analysis.cli import main

SMALL = ("--preset", "smoke", "--executor", "serial", "--seeds", "2")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two classes, called as people call them: a bright spot on the left or on the right, and noise."""
    rng = np.random.default_rng(0)
    for label, name in enumerate(("Katze, grau", "ねこ")):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(10):
            pixels = rng.integers(60, size=(6, 6), dtype=np.uint8)
            pixels[2:5, 3 * label : 3 * label + 3] += 150
            Image.fromarray(pixels).save(tmp_path / "photos" / name / f"{number}.png")
    return tmp_path


def test_five_commands_lead_to_both_figures_and_the_statement(
    photos: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(photos)
    monkeypatch.delenv("ANALYSIS_DATA_DIR", raising=False)
    (commands,) = (content for language, content in blocks("own_data.md") if language == "sh")
    lines = commands.splitlines()
    assert len(lines) <= 5
    for line in lines:
        python, *arguments = shlex.split(line)
        assert (python, *arguments[:2]) == ("python", "-m", "analysis")
        assert main([*arguments[2:], *SMALL]) == 0, capsys.readouterr().err
    assert "17 training and 3 test images of 6 x 6, grey; 2 classes of 8 to 9" in capsys.readouterr().out
    drawn = json.loads(Path("figures/drawn.json").read_text())
    names = {f"photos/{name}" for name in ("data_scaling", "sample_complexity", "subspace_accuracy")}
    assert drawn.keys() == names
    for name in names:
        assert {".png", ".pdf", ".svg", ".csv"} <= {Path(file).suffix for file in drawn[name]["files"]}


def test_a_setting_of_the_theory_becomes_a_data_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = (content for language, content in blocks("own_data.md") if language == "python")
    monkeypatch.chdir(tmp_path)
    exec(code, {})  # noqa: S102  # the page's own
    assert datasets.load("hidden_bit", tmp_path).train.images.shape == (2_000, 1, 11, 1)
