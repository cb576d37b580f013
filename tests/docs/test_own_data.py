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
from analysis.trials.content import directions, load

SMALL = ("--preset", "smoke", "--executor", "serial", "--seeds", "2")


def write(folder: Path, side: int, count: int, *, colour: bool) -> None:
    """Two classes, called as people call them: a bright spot on the left or on the right, and noise."""
    rng = np.random.default_rng(0)
    shape = (side, side, 3) if colour else (side, side)
    for label, name in enumerate(("Katze, grau", "ねこ")):
        (folder / "photos" / name).mkdir(parents=True)
        for number in range(count):
            pixels = rng.integers(60, size=shape, dtype=np.uint8)
            pixels[side // 3 : side - 1, side // 2 * label : side // 2 * (label + 1)] += 150
            Image.fromarray(pixels).save(folder / "photos" / name / f"{number}.png")


@pytest.mark.parametrize(
    ("side", "count", "colour", "found"),
    [
        (6, 10, False, "17 training and 3 test images of 6 x 6, grey; 2 classes of 8 to 9"),
        pytest.param(
            *(64, 60, True, "100 training and 20 test images of 64 x 64, in colour; 2 classes of 50"),
            marks=pytest.mark.slow,
        ),
    ],
    ids=["small", "large"],
)
def test_five_commands_lead_to_both_figures_and_the_statement(
    side: int,
    count: int,
    colour: bool,
    found: str,
    tmp_path: Path,
    cache_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Also of images whose covariance and projector would take a gigabyte each: nothing large is kept of them."""
    load.cache_clear()  # two commands of one process may know the data, two of these tests may not
    directions.cache_clear()
    write(tmp_path, side, count, colour=colour)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ANALYSIS_DATA_DIR", raising=False)
    (commands,) = (content for language, content in blocks("own_data.md") if language == "sh")
    lines = commands.splitlines()
    assert len(lines) <= 5
    for line in lines:
        python, *arguments = shlex.split(line)
        assert (python, *arguments[:2]) == ("python", "-m", "analysis")
        assert main([*arguments[2:], *SMALL]) == 0, capsys.readouterr().err
    assert found in capsys.readouterr().out
    assert sum(path.stat().st_size for path in cache_dir.rglob("*") if path.is_file()) < 20_000_000
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
