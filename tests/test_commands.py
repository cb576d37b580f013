"""The workshop: every specification is compared with its own data set, once, and what is missing runs together."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis import commands, runner
from analysis.commands import Workshop
from analysis.drawing import draw
from analysis.gallery import Gallery
from analysis.plots import new_figure
from analysis.runner import headers as headers_module
from analysis.studies import STUDIES
from analysis.studies.presets import SMOKE
from analysis.studies.study import Drawing, Study
from analysis.trials import Spectrum
from analysis.trials.content import load

SETS = ("one", "two")
SPECS = [Spectrum(dataset=name, head=((0, 1),), tail=((1, 3),), shown=shown) for shown in (0, 1) for name in SETS]
STUDY = Study(
    name="both",
    title="",
    question="",
    trials=lambda preset: SPECS,
    draw=lambda preset, records: Drawing(new_figure(1, 1), {}, ""),
    tuned=False,
    shelf="data",
)


def write(folder: Path, name: str, seed: int) -> None:
    images = np.random.default_rng(seed).integers(256, size=(12, 3, 3, 1), dtype=np.uint8)
    labels = np.arange(12) % 2
    folder.mkdir(exist_ok=True)
    np.savez(folder / f"{name}.npz", x_train=images, y_train=labels, x_test=images[:4], y_test=labels[:4])
    load.cache_clear()  # as in a new process


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for seed, name in enumerate(SETS):
        write(tmp_path / "data", name, seed)
    return tmp_path / "data"


@pytest.fixture
def workshop(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    monkeypatch.setattr(commands, "RESULTS", tmp_path / "results")
    return Workshop(SMOKE, "smoke", Gallery(tmp_path / "figures"), data)


@pytest.fixture
def executors(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the executors that were asked for; all work is done here."""
    names: list[str] = []
    serial = runner.executor

    def asked(name: str, device: str | None) -> AbstractContextManager[Any]:
        names.append(name)
        return serial("serial")

    monkeypatch.setattr(runner, "executor", asked)
    return names


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Length of every record that was decoded."""
    lengths: list[int] = []
    decode = headers_module.decode

    def counted(content: bytes) -> dict[str, Any]:
        lengths.append(len(content))
        return decode(content)

    monkeypatch.setattr(headers_module, "decode", counted)
    return lengths


def places(workshop: Workshop, specs: Sequence[Spectrum] = SPECS) -> list[str]:
    return [workshop.store.path(spec).relative_to(workshop.store.folder).parts[0] for spec in specs]


def test_records_lie_with_their_own_data_set(workshop: Workshop, executors: list[str]) -> None:
    assert workshop.run([STUDY]) == len(SPECS)
    assert executors == ["serial", "processes"], "nothing to search for, then all data sets together"
    assert places(workshop) == [spec.dataset for spec in SPECS]
    assert all(spec in workshop.store for spec in SPECS)
    assert sorted(path.name for path in workshop.store.folder.iterdir()) == sorted(SETS)


def test_changed_data_runs_again_what_is_of_it_on_the_executor_asked_for(
    workshop: Workshop, data: Path, executors: list[str]
) -> None:
    workshop.run([STUDY])
    executors.clear()
    before = {spec: workshop.store.path(spec).read_bytes() for spec in SPECS}
    write(data, "two", seed=7)
    assert workshop.run([STUDY]) == 2
    assert executors[-1] == "processes"
    changed = [spec for spec in SPECS if workshop.store.path(spec).read_bytes() != before[spec]]
    assert [spec.dataset for spec in changed] == ["two", "two"]


def test_no_record_is_read_to_see_what_is_missing(workshop: Workshop, executors: list[str], decoded: list[int]) -> None:
    """Whoever writes a record notes its header."""
    workshop.run([STUDY])
    assert workshop.run([STUDY]) == 0
    assert decoded == []
    assert executors[-1] == "serial"


def test_without_its_data_a_record_counts_and_nothing_else_does(
    workshop: Workshop, data: Path, executors: list[str]
) -> None:
    workshop.run([STUDY])
    (data / "one.npz").unlink()
    load.cache_clear()
    assert workshop.run([STUDY]) == 0
    workshop.store.path(SPECS[0]).unlink()
    workshop.store.path(SPECS[1]).unlink()
    with pytest.raises(ValueError, match="unknown data set 'one'"):
        workshop.run([STUDY])
    assert SPECS[1] not in workshop.store, "refused before anything is run"


def test_fresh_runs_everything_again(workshop: Workshop, data: Path, executors: list[str]) -> None:
    workshop.run([STUDY])
    anew = Workshop(SMOKE, "smoke", workshop.gallery, data, fresh=True)
    assert anew.run([STUDY]) == len(SPECS)
    (data / "one.npz").unlink()
    load.cache_clear()
    with pytest.raises(ValueError, match="unknown data set 'one'"):
        anew.run([STUDY])


def test_missing_records_are_named_by_their_data_sets(workshop: Workshop, executors: list[str]) -> None:
    workshop.run([STUDY])
    workshop.store.path(SPECS[1]).unlink()
    advice = (
        f"1 of 4 trials of both on two have not been run: python -m analysis run both --data-dir {workshop.data_dir}$"
    )
    with pytest.raises(commands.MissingRecordsError, match=advice):
        draw(workshop, STUDY)


def test_a_study_waits_for_the_rates_of_its_own_networks_only(
    workshop: Workshop, executors: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(runner, "run", lambda function, missing, *_, **__: asked.extend(missing))
    monkeypatch.setattr(commands.trials, "content", lambda *_: {})
    study = STUDIES["subspace_accuracy"]
    with pytest.raises(commands.MissingRecordsError, match="4 of 4 trials of learning_rate on digits"):
        workshop.run([study])
    assert [(trial.classifier, trial.learning_rate) for trial in asked] == [
        (name, rate) for name in ("MLP", "AOL-MLP") for rate in SMOKE.search.rates
    ]
    for number, trial in enumerate(asked):
        workshop.store[trial] = {"outcome": {"accuracy": number / 4}, "arrays": {"radii": np.zeros(1)}}
    assert workshop.status(study).total == len(study.trials(SMOKE)), "its trials are known"
    names = {runner.identity(trial) for trial in study.trials(SMOKE.tuned({"MLP": 1.0, "AOL-MLP": 1.0}))}
    assert names <= (workshop.asked_for() or {})["digits"]
    workshop.store.path(asked[0]).unlink()
    assert workshop.asked_for() is None, "a half-done search decides what is asked for"


def test_a_shared_figure_has_one_place_and_is_drawn_once(workshop: Workshop, data: Path, executors: list[str]) -> None:
    workshop.run([STUDY])
    assert draw(workshop, STUDY)
    assert (workshop.gallery.folder / "data" / "both.png").exists()
    other = Workshop(SMOKE.on("one", images=100, classes=2, directions=30), "one", workshop.gallery, data, radius=0.1)
    assert not draw(other, STUDY)


def test_a_drawing_is_the_one_that_the_gallery_gets_and_is_written_nowhere(
    workshop: Workshop, tmp_path: Path, executors: list[str]
) -> None:
    workshop.run([STUDY])
    drawing = Workshop(SMOKE).drawing(STUDY)
    assert drawing.caption.startswith("Records: ")
    assert not (tmp_path / "figures" / "data").exists()
    with pytest.raises(ValueError, match="draws nothing into it"):
        draw(Workshop(SMOKE), STUDY)


def test_a_drawing_without_records_says_how_to_run_them(workshop: Workshop) -> None:
    with pytest.raises(commands.MissingRecordsError, match=r"4 of 4 trials of both .* python -m analysis run both"):
        workshop.drawing(STUDY)
