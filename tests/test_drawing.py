"""Many figures at once: told in order, kept by one process, none lost to another's error, the same bytes anywhere."""

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis import commands, drawing, studies
from analysis.commands import MissingRecordsError, Workshop
from analysis.drawing import draw_all
from analysis.gallery import INDEX, Gallery
from analysis.plots import new_figure
from analysis.runner import WorkerDiedError
from analysis.studies import STUDIES
from analysis.studies.presets import SMOKE
from analysis.studies.study import Drawing, Study
from analysis.trials import Spectrum

SLOW = Path(__file__).with_name("interrupted_drawing.py")
KEPT = {"n_function": "theory/n_function", "spectra": "data/spectra"}  # figures whose records lie with the code
ROOT = Path(__file__).resolve().parents[1]


def small(number: int) -> Drawing:
    figure = new_figure(1, 1)
    figure.subplots().plot([0, number])
    return Drawing(figure, {"": pd.DataFrame({"number": [number]})}, f"Figure {number}.")


def study(name: str, **options: Any) -> Study:
    return Study(name, name, "", **{"draw": lambda *_: small(len(name)), "shelf": "theory", "tuned": False} | options)


def broken(*_: object) -> Drawing:
    raise ZeroDivisionError("no scale")


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Study]:
    """Studies in the order in which they are wanted; the third is begun first."""
    unrecorded = [Spectrum(dataset="digits", head=((0, 1),), tail=((1, 3),), shown=1)]
    found = {
        each.name: each
        for each in (
            study("first"),
            study("broken", draw=broken),
            study("slow", slow=True),
            study("unrecorded", trials=lambda preset: unrecorded),
            study("last"),
        )
    }
    for name, each in found.items():
        monkeypatch.setitem(studies.STUDIES, name, each)
    return found


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    monkeypatch.setattr(commands, "RESULTS", tmp_path / "results")
    return Workshop(SMOKE, "smoke", Gallery(tmp_path / "figures"))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_became_of_each_is_said_in_order_and_one_error_loses_no_other_figure(
    workshop: Workshop, made_up: Mapping[str, Study], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []
    printed = Workshop.printed
    monkeypatch.setattr(Workshop, "printed", lambda self, each: (begun.append(each.name), printed(self, each))[1])
    said: list[str] = []
    with caplog.at_level(logging.ERROR):
        undrawn = draw_all([(workshop, each) for each in made_up.values()], said.append, "serial")
    assert said[:3] == [
        "theory: first drawn",
        "theory: broken cannot be drawn: ZeroDivisionError: no scale",
        "theory: slow drawn",
    ]
    assert "1 of 1 trials of unrecorded on digits have not been run" in said[3]
    assert said[4:] == ["theory: last drawn"]
    assert begun == ["slow", "first", "broken", "last"]
    assert {type(error) for _, error in undrawn} == {ZeroDivisionError, MissingRecordsError}
    assert "in broken" in caplog.text, "whoever mends it wants to know where"
    assert set(workshop.gallery.entries()) == {"theory/first", "theory/slow", "theory/last"}


def test_what_is_drawn_is_not_drawn_again(workshop: Workshop, made_up: Mapping[str, Study]) -> None:
    wanted = [(workshop, made_up[name]) for name in ("first", "last")]
    assert draw_all(wanted, lambda line: None, "serial") == []
    before, said = contents(workshop.gallery.folder), []
    assert draw_all(wanted, said.append, "serial") == []
    assert said == ["theory: first is up to date", "theory: last is up to date"]
    assert contents(workshop.gallery.folder) == before


def test_each_figure_is_kept_as_soon_as_it_is_drawn(workshop: Workshop, made_up: Mapping[str, Study]) -> None:
    def interrupted(*_: object) -> Drawing:
        raise KeyboardInterrupt

    stopped = replace(made_up["last"], draw=interrupted)
    studies.STUDIES["last"] = stopped
    with pytest.raises(KeyboardInterrupt):
        draw_all([(workshop, made_up["first"]), (workshop, stopped)], lambda line: None, "serial")
    assert set(workshop.gallery.entries()) == {"theory/first"}


@pytest.mark.slow
def test_bytes_do_not_depend_on_where_figures_are_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    found = {}
    for executor in ("serial", "processes:2"):
        workshop = Workshop(SMOKE, "smoke", Gallery(tmp_path / executor.replace(":", "")))
        said: list[str] = []
        assert draw_all([(workshop, STUDIES[name]) for name in KEPT], said.append, executor) == []
        assert said == ["theory: n_function drawn", "data: spectra drawn"]
        found[executor] = contents(workshop.gallery.folder)
    assert found["serial"] == found["processes:2"]
    assert json.loads(found["serial"][INDEX]).keys() == set(KEPT.values())


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "status"), [("waits", 130), ("dies", 1)])
def test_an_interrupt_ends_the_workers_at_once_and_a_death_loses_one_figure(
    tmp_path: Path, kind: str, status: int
) -> None:
    command = [sys.executable, str(SLOW), kind, str(tmp_path)]
    process = subprocess.Popen(command, start_new_session=True, stderr=subprocess.PIPE)
    end = time.monotonic() + 120
    while kind == "waits" and len(list(tmp_path.glob("begun-*"))) < 2:
        assert process.poll() is None, "ended by itself"
        assert time.monotonic() < end
        time.sleep(0.05)
    if kind == "waits":
        os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=60 if kind == "waits" else 120)  # ends when the last worker closes the pipe
    assert process.returncode == status
    assert set(Gallery(tmp_path / "figures").entries()) == ({"theory/hidden_bit"} if kind == "dies" else set())


def test_drawing_takes_place_here_whatever_trains(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []

    def refused(name: str, device: str) -> Any:
        asked.append((name, device))
        raise WorkerDiedError

    monkeypatch.setattr(drawing.runner, "executor", refused)
    for name, figures in (("slurm:time=60", 5), ("processes:3", 5), ("serial", 5), ("processes", 1)):
        with pytest.raises(WorkerDiedError), drawing._workers(name, figures):
            pass
    assert asked == [(name, "cpu") for name in ("processes", "processes:3", "serial", "serial")]
