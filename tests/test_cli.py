"""What a user types, and what the answer is: one line where something is wrong, everything finished kept."""

import contextlib
import errno
import io
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from analysis.cli import COMMANDS, main
from analysis.commands import Workshop
from analysis.runner import EXECUTORS, Store
from analysis.runner.record import decode
from analysis.studies import STUDIES
from analysis.studies.presets import CIFAR, DIGITS, MNIST
from analysis.studies.presets import SMOKE as SMOKE_PRESET
from analysis.trials import Trial

INTERRUPTED = Path(__file__).with_name("interrupted_cli.py")
TRIAL = ("trial", "--dataset", "digits", "--model", "AOL-MLP", "--width", "32", "--depth", "2", "--steps", "20")
SMOKE = ("--preset", "smoke", "--executor", "serial")
FIGURES = {".pdf", ".png", ".svg", ".csv"}
KEPT = ("n_function", "spectra")  # whose records lie beside the code, and are not made with a preset's
OF_A_PRESET = [study for study in STUDIES.values() if study.name not in KEPT]  # drawn with every preset
RECORDS = Path(__file__).resolve().parents[1] / "data" / "results"


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder of the test's own, since records and figures go into the working folder."""
    folder = tmp_path / "desk"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.delenv("ANALYSIS_DATA_DIR", raising=False)
    return folder


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Class folders of small images: a bright spot at one of three places, and noise."""
    root, rng = tmp_path_factory.mktemp("pictures") / "photos", np.random.default_rng(0)
    for label, name in enumerate(("left", "middle", "right")):
        (root / name).mkdir(parents=True)
        for number in range(24):
            pixels = rng.integers(60, size=(8, 8), dtype=np.uint8)
            pixels[2:6, 3 * label : 3 * label + 2] += 150
            Image.fromarray(pixels).save(root / name / f"{number}.png")
    return root


@pytest.fixture(scope="session")
def figures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The working folder of somebody who has regenerated all figures once."""
    folder = tmp_path_factory.mktemp("figures")
    with contextlib.chdir(folder):
        assert main(["figures", *SMOKE]) == 0
    return folder


@pytest.fixture
def nothing_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.trials.run_trials", lambda *_, **__: pytest.fail("a trial was run"))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)


def seconds_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def test_help_answers_in_half_a_second() -> None:
    """Of processor time, so that it holds on a busy machine."""
    before = seconds_of_children()
    answer = python("-m", "analysis", "--help")
    assert seconds_of_children() - before < 0.5
    assert answer.returncode == 0
    for command in ("figures", "run", "draw", "status", "results", "clean", "list", "trial"):
        assert command in answer.stdout


def test_help_lists_all_executors(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["run", "--help"])
    told = capsys.readouterr().out
    for name, kind in EXECUTORS.items():
        assert f"  {name}" in told
        assert all(option in told for option in kind.usage.partition("[:")[2].strip("]").split("=")[:1])


def test_list_names_what_can_be_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    listing = capsys.readouterr().out
    for name in (*STUDIES, "smoke", "digits", "mnist", "cifar10", *(kind.usage for kind in EXECUTORS.values())):
        assert name in listing
    for study in STUDIES.values():
        assert study.question in listing


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ("run nothing", "unknown study 'nothing'; known are learning_rate, spectrum,"),
        ("draw nothing", "unknown study 'nothing'; known are learning_rate, spectrum,"),
        ("draw layers_budgets --preset cifar10-jpeg", "nothing to run or draw in preset cifar10-jpeg"),
        ("run activations --preset cifar10-jpeg", "nothing to run or draw in preset cifar10-jpeg"),
        ("run spectrum --preset huge", "unknown preset 'huge'; known are smoke, digits"),
        ("figures --preset huge", "unknown preset 'huge'; known are smoke, digits"),
        ("run learning_rate --preset smoke --executor cloud", "unknown executor 'cloud'; known are serial, processes"),
        ("run spectrum --preset smoke --executor cloud", "unknown executor 'cloud'; known are serial, processes"),
        ("run spectrum --preset smoke --executor processes:0", "workers must be at least 1, got 0"),
        ("run spectrum --preset smoke --executor serial:2", "serial has no options, got '2'"),
        ("run spectrum --preset smoke --executor dask", "dask is followed by the address of the scheduler"),
        ("run spectrum --preset smoke --executor slurm:queue=1", "unknown option 'queue=1' of slurm; known are"),
        ("status nothing", "unknown study 'nothing'; known are learning_rate, spectrum,"),
        ("results nothing", "unknown study 'nothing'; known are learning_rate, spectrum,"),
        (
            "results data_scaling --preset smoke",
            "have not been run: python -m analysis run data_scaling --preset smoke",
        ),
        ("results spectrum --format parquet", "a table in the format parquet needs a file: --out FILE"),
        ("clean --dataset imagenet", "unknown data set 'imagenet': known are digits, mnist"),
        ("run spectrum --dataset imagenet", "unknown data set 'imagenet': known are digits, mnist"),
        ("figures --dataset ./nowhere", "unknown data set 'nowhere': known are digits, mnist"),
        ("run spectrum --seeds 0", "at least one seed"),
        ("run spectrum --seeds -3", "at least one seed"),
        ("draw spectrum --radius -1", "radius must be positive and finite, got -1.0"),
        ("draw spectrum --radius nan", "radius must be positive and finite, got nan"),
        ("draw spectrum --preset smoke", "have not been run: python -m analysis run spectrum --preset smoke"),
        ("draw spectra --radius 1", "trials of spectra on mnist, cifar10-first4000, cifar10-jpeg have not been run"),
        ("draw spectra --data-dir here", "have not been run: python -m analysis run spectra --data-dir here\n"),
        ("run spectra --data-dir here", "put train-images-idx3-ubyte, train-labels-idx1-ubyte"),
        ("draw data_scaling --preset smoke", "have not been run: python -m analysis run data_scaling --preset smoke"),
        ("run spectrum --preset mnist --data-dir here", "put train-images-idx3-ubyte, train-labels-idx1-ubyte"),
        ("trial --dataset mnist --model MLP --data-dir here", "(plain or .gz) into here/MNIST/raw"),
        ("trial --dataset digits --model ResNet", "unknown model 'ResNet'; known are MLP, ConvNet"),
        ("trial --dataset imagenet --model MLP", "unknown data set 'imagenet': known are"),
        ("trial --dataset digits --model MLP --augmentation turn", "unknown augmentation 'turn'; known are none,"),
        ("trial --dataset digits --model MLP --size 5", "size 5 is less than one image for each of the 10 classes"),
        ("trial --dataset digits --model MLP --size 0", "size must be at least 1, got 0"),
        ("trial --dataset digits --model MLP --components 0-99", "no band [0, 99) in 61 directions"),
        ("trial --dataset digits --model MLP --device abacus", "device 'abacus' cannot be used"),
    ],
    ids=lambda value: value if value.split()[0] in COMMANDS else "",
)
def test_a_wrong_request_is_answered_in_one_line(
    request_: str, message: str, capsys: pytest.CaptureFixture[str], desk: Path
) -> None:
    assert main(request_.split()) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("error: ")
    assert output.err.count("\n") == 1
    assert message in output.err
    assert not list(desk.rglob("*.npz"))


@pytest.mark.parametrize("request_", ["run", "walk", "trial --model MLP", "list more", "run spectrum --seeds two"])
def test_what_cannot_be_parsed_is_answered_with_the_usage(request_: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(request_.split())
    assert capsys.readouterr().err.startswith("usage: python -m analysis")


@pytest.mark.parametrize("bands", ["", "4", "4-x", "a-b", "0-4,", "-"])
def test_bands_that_cannot_be_read_are_named(bands: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([*TRIAL, f"--components={bands}"])
    assert f"{bands!r} is not a list of bands such as 0-16,200-" in capsys.readouterr().err


def test_a_trial_is_printed_as_json(capsys: pytest.CaptureFixture[str], desk: Path) -> None:
    assert main([*TRIAL, "--components", "0-16,32-", "--learning-rate", "1", "--offset", "0.35"]) == 0
    printed = capsys.readouterr().out
    record = json.loads(printed)
    assert record["specification"]["components"] == [[0, 16], [32, None]]
    assert record["specification"]["learning_rate"] == 1.0
    certified = record["certified"]
    assert list(certified) == ["0.1412", "0.2824", "0.4235", "1.0000"]
    assert record["outcome"]["accuracy"] >= certified["0.1412"] >= certified["0.2824"] >= certified["1.0000"]
    assert certified["0.1412"] > 0
    assert "/" not in printed
    assert not list(desk.iterdir()), "a trial leaves nothing behind"


@pytest.mark.usefixtures("nothing_is_run")
@pytest.mark.parametrize("out", ["blocked", "blocked/below"])
@pytest.mark.parametrize("command", [("figures",), ("run", "learning_rate"), ("draw", "learning_rate")], ids=str)
def test_figures_that_cannot_be_written_are_refused_before_anything_is_trained(
    command: tuple[str, ...], out: str, capsys: pytest.CaptureFixture[str], desk: Path
) -> None:
    (desk / "blocked").touch()
    assert main([*command, *SMOKE, "--out", out]) == 2
    assert f"figures cannot be written to {out}" in capsys.readouterr().err
    assert contents(desk) == {"blocked": b""}


@pytest.mark.usefixtures("nothing_is_run")
def test_records_that_cannot_be_written_are_refused_before_anything_is_trained(
    capsys: pytest.CaptureFixture[str], desk: Path
) -> None:
    (desk / "data").touch()
    assert main(["run", "learning_rate", *SMOKE]) == 2
    assert "records cannot be written to data/results/digits" in capsys.readouterr().err


def test_a_study_is_run_once_and_drawn_once(capsys: pytest.CaptureFixture[str], desk: Path) -> None:
    answers = (
        (["run", "spectrum", *SMOKE], "digits: ran 1 trials of spectrum, the others were recorded\n"),
        (["run", "spectrum", *SMOKE], "digits: ran 0 trials of spectrum, the others were recorded\n"),
        (["draw", "spectrum", *SMOKE, "--out", "here"], "spectrum drawn in here/\n"),
        (["draw", "spectrum", *SMOKE, "--out", "here"], "spectrum is up to date in here/\n"),
        (["run", "spectrum", *SMOKE, "--fresh"], "digits: ran 1 trials of spectrum, the others were recorded\n"),
    )
    for command, answer in answers:
        assert main(command) == 0
        assert capsys.readouterr().out == answer
    made = contents(desk / "here")
    assert {Path(name).suffix for name in made} == {*FIGURES, ".json"}


def test_spectra_are_drawn_from_the_records_without_the_data(
    capsys: pytest.CaptureFixture[str], desk: Path, tmp_path: Path
) -> None:
    shutil.copytree(RECORDS, desk / "data" / "results")
    nowhere = ("--data-dir", str(tmp_path / "nowhere"))
    assert main(["run", "spectra", *nowhere]) == 0
    assert capsys.readouterr().out == "data: ran 0 trials of spectra, the others were recorded\n"
    assert main(["draw", "spectra", *nowhere]) == 0
    names = {f"spectra{end}" for end in (*FIGURES, "_tails.csv", "_counts.csv")}
    assert {path.name for path in (desk / "figures" / "data").iterdir()} == names
    assert main(["draw", "spectra", "--preset", "mnist"]) == 0
    assert "spectra is up to date" in capsys.readouterr().out, "it is the same for every preset"


def test_all_figures_are_asked_for_by_naming_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each is drawn in its own place, once; whatever lacks records is named, and the answer is incomplete."""
    asked = []
    monkeypatch.setattr(Workshop, "run", lambda workshop, studies: len(studies))
    monkeypatch.setattr(Workshop, "outdated", lambda workshop, study: asked.append(workshop.name(study)))
    assert main(["figures"]) == 0
    own, shared = ([study for study in STUDIES.values() if (study.shelf is None) == kind] for kind in (True, False))
    expected = [
        f"{preset.name}/{study.name}" for preset in (DIGITS, MNIST, CIFAR) for study in own if study.trials(preset)
    ]
    assert sorted(asked) == sorted([*expected, *(f"{study.shelf}/{study.name}" for study in shared)])
    assert f"digits: ran {len(own)} trials" in capsys.readouterr().out
    assert "There are no figures yet" in Path("figures/index.html").read_text()


def test_a_preset_s_figures_need_no_records_that_lie_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(Workshop, "run", lambda workshop, studies: len(studies))
    monkeypatch.setattr(Workshop, "outdated", lambda workshop, study: asked.append(study.name))
    assert main(["figures", *SMOKE]) == 0
    assert asked == [study.name for study in OF_A_PRESET if study.shelf or study.trials(SMOKE_PRESET)]


def test_your_own_images_take_the_preset_s_place(photos: Path, capsys: pytest.CaptureFixture[str], desk: Path) -> None:
    own = ("--dataset", str(photos), *SMOKE, "--seeds", "1")
    assert main(["draw", "learning_rate", *own]) == 2
    advice = f"run learning_rate --preset smoke --dataset photos --data-dir {photos.parent}"
    assert advice in capsys.readouterr().err
    assert main(["run", "learning_rate", *own]) == 0
    assert capsys.readouterr().out == (
        "photos: 60 training and 12 test images of 8 x 8, grey; 3 classes of 20 training images\n"
        "one test image more or less moves an accuracy by 8.3 points\n"
        "photos: ran 12 trials of learning_rate, the others were recorded\n"
    )
    assert main(["draw", *advice.split()[1:]]) == 0
    assert {path.suffix for path in (desk / "figures" / "photos").iterdir()} == FIGURES
    records = [decode(path.read_bytes()) for path in (desk / "data" / "results" / "photos").glob("*.npz")]
    assert len(records) == 12
    for record in records:
        assert record["specification"]["dataset"] == "photos"
        assert "/" not in json.dumps({key: value for key, value in record.items() if key != "arrays"})
    assert max(record["outcome"]["accuracy"] for record in records) > 0.8, "three places are easy to tell apart"


@pytest.mark.parametrize("dataset", [".", "../photos", "../photos/", "../photos/left/.."])
def test_a_path_is_a_name_in_a_folder(
    photos: Path, dataset: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(photos)
    assert main(["trial", "--dataset", dataset, "--model", "MLP", "--steps", "1", "--width", "8"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["specification"]["dataset"] == "photos"
    assert record["outcome"]["size"] == 60


@pytest.mark.parametrize("dataset", ["./digits", "mnist.npz", "./mnist.npz"])
def test_a_path_is_not_mistaken_for_a_known_data_set(
    dataset: str, desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["trial", "--dataset", dataset, "--model", "MLP", "--steps", "1"]) == 2
    assert "would be taken for the known data set" in capsys.readouterr().err


def test_failures_are_named_and_the_rest_is_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], desk: Path
) -> None:
    def sometimes(specs: list[Any], **_: Any) -> list[dict[str, Any]]:
        if specs[0].model == "MLP":
            raise RuntimeError("out of memory")
        return [{"outcome": {}}]

    monkeypatch.setattr("analysis.trials.run_trials", sometimes)
    monkeypatch.setattr("analysis.trials.content", lambda *_: {})
    assert main(["run", "learning_rate", *SMOKE]) == 1
    said = capsys.readouterr().err
    failures = [line for line in said.splitlines() if line.startswith("failed: ")]
    assert len(failures) == 4  # two rates of the network, and of the smoothed one
    assert all("out of memory in Trial(dataset='digits', model='MLP'" in line for line in failures)
    assert len(list(desk.rglob("*.npz"))) == 8
    assert said.endswith("4 of 12 trials failed; the others are kept, and the same command tries again\n")
    assert main(["status", "learning_rate", "--preset", "smoke"]) == 0
    counts, _, *failed = capsys.readouterr().out.splitlines()
    assert counts == "learning_rate on digits: 8 of 12 trials are done, 0 are missing, 4 failed"
    assert len(failed) == 4
    assert all(line.startswith("failed: ") and line.endswith(": RuntimeError: out of memory") for line in failed)


@pytest.mark.parametrize("executor", ["serial", "processes", "dask", "slurm-local"])
def test_an_interrupt_keeps_what_was_finished_and_says_how_to_go_on(
    desk: Path, executor: str, request: pytest.FixtureRequest
) -> None:
    """Ctrl-C reaches the process and its workers."""
    if executor == "dask":
        executor = f"dask:{request.getfixturevalue('dask_cluster').address}"
    command = [sys.executable, str(INTERRUPTED), "run", "learning_rate", "--preset", "digits", "--executor", executor]
    process = subprocess.Popen(command, start_new_session=True, stderr=subprocess.PIPE, text=True)
    results = desk / "data" / "results" / "digits"
    with interrupted_once(process, results) as stderr:
        assert process.returncode == 130
        assert "interrupted: everything that was finished is kept; the same command goes on from there" in stderr
        assert "Traceback" not in stderr or executor == "slurm-local"  # submitit's own, of its local jobs
    records = list(results.glob("*.npz"))
    assert {path.name for path in results.iterdir()} == {"plan.json", *(path.name for path in records)}
    assert 2 <= len(records) < 24
    for path in records:
        decode(path.read_bytes())


@contextlib.contextmanager
def interrupted_once(process: subprocess.Popen[str], results: Path) -> Iterator[str]:
    """Interrupt a process group once two records are there; yield what it says in its end."""
    try:
        end = time.monotonic() + 120
        while len(list(results.glob("*.npz"))) < 2:
            assert process.poll() is None, "ended by itself"
            assert time.monotonic() < end, "nothing is finished"
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGINT)
        _, stderr = process.communicate(timeout=60)  # ends when the last worker closes the pipe
        yield stderr
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def test_a_full_disk_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], desk: Path
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "data/results/digits/record.npz")

    monkeypatch.setattr("analysis.trials.run_trials", lambda specs, **_: [{"outcome": {}} for _ in specs])
    monkeypatch.setattr("analysis.runner.store.write_whole", full)
    assert main(["run", "learning_rate", *SMOKE]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: no space is left in data/results/digits: everything that was finished")
    assert line.endswith("make room, and the same command goes on from there")


def test_an_executor_without_its_library_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], desk: Path
) -> None:
    for name, library in (
        ("dask:tcp://127.0.0.1:1", "distributed"),
        ("slurm", "submitit"),
        ("slurm-local", "submitit"),
    ):
        monkeypatch.setitem(sys.modules, library, None)
        assert main(["run", "learning_rate", "--preset", "smoke", "--executor", name]) == 2
        extra = name.partition(":")[0].partition("-")[0]
        assert f'this executor needs {library}: pip install ".[{extra}]"' in capsys.readouterr().err


def test_a_study_is_followed_from_nothing_to_a_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], desk: Path
) -> None:
    assert main(["status", "data_scaling", "--preset", "smoke"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("data_scaling follows the learning rates, which are not complete: 8 of 8 trials")
    assert said.endswith("learning_rate on digits: 0 of 12 trials are done, 12 are missing, 0 failed\n")
    assert not list(desk.rglob("figures")), "asking leaves nothing behind"
    radii = np.linspace(-0.1, 1, 12)
    record = {"outcome": {"accuracy": 0.5}, "arrays": {"radii": radii}, "provenance": {"training": 60.0}}
    monkeypatch.setattr("analysis.trials.run_trials", lambda specs, **_: [record for _ in specs])
    monkeypatch.setattr("analysis.trials.content", lambda *_: {})
    assert main(["run", "learning_rate", *SMOKE]) == 0
    assert main(["status", "learning_rate", "--preset", "smoke"]) == 0
    assert capsys.readouterr().out.endswith(
        "learning_rate on digits: 12 of 12 trials are done, 0 are missing, 0 failed\n"
        "time spent on those done: 12 min 00 s\n"
    )
    readers = {"csv": pd.read_csv, "json": pd.read_json, "parquet": pd.read_parquet}
    for kind, read in readers.items():
        assert main(["results", "learning_rate", "--preset", "smoke", "--format", kind, "--out", f"table.{kind}"]) == 0
        assert capsys.readouterr() == ("", f"learning_rate: 12 of 12 trials are recorded, in table.{kind}\n")
        rows = read(desk / f"table.{kind}")
        assert sorted(rows["learning_rate"].unique()) == [0.1, 1.0]
        assert rows["certified_accuracy_0.25"].tolist() == pytest.approx([8 / 12] * 12)
    assert main(["results", "learning_rate", "--preset", "smoke", "--radius", "0.75"]) == 0
    assert pd.read_csv(io.StringIO(capsys.readouterr().out))["certified_accuracy_0.75"].notna().all()


def test_clean_shows_before_it_removes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], desk: Path
) -> None:
    store = Store(desk / "data" / "results", drawer=lambda trial: trial.dataset)
    extra = Trial(dataset="digits", model="MLP", size=77, seed=9)
    asked = STUDIES["learning_rate"].trials(SMOKE_PRESET)
    for trial in (extra, *asked):
        store[trial] = {"outcome": {"accuracy": 0.5, "diverged": None}, "arrays": {"radii": np.zeros(3)}}
    path = store.path(extra).relative_to(desk)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert main(["clean"]) == 0
    listed = f"{path}  model MLP, size 77, learning_rate 0.1, seed 9\n1 records, 0 leftovers\n"
    assert capsys.readouterr().out == f"{listed}nothing is removed without --yes\n"
    assert extra in store
    assert main(["clean", "--yes"]) == 0
    assert capsys.readouterr().out == f"{listed}removed 1 files\n"
    assert extra not in store
    assert all(trial in store for trial in asked)
    store.path(asked[0]).unlink()
    store[extra] = {"outcome": {}}
    assert main(["clean", "--yes"]) == 0
    assert "digits: its 12 records are kept" in capsys.readouterr().out, "a half-done search decides what is asked for"
    assert extra in store


@pytest.mark.slow
def test_figures_are_all_there(figures: Path) -> None:
    made = contents(figures / "figures")
    for study in OF_A_PRESET:
        assert {f"{study.shelf or 'smoke'}/{study.name}{suffix}" for suffix in FIGURES} <= made.keys()
    assert not any(name.startswith("data/") for name in made)
    assert json.loads(made["drawn.json"]).keys() == {name.rpartition(".")[0] for name in made if name.endswith(".pdf")}


@pytest.mark.slow
@pytest.mark.usefixtures("nothing_is_run")
def test_figures_are_made_once(
    figures: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(figures)
    before = contents(figures)
    assert main(["figures", *SMOKE]) == 0
    ran, *drawn, place = capsys.readouterr().out.splitlines()
    assert ran == "smoke: ran 0 trials, the others were recorded"
    assert drawn == [f"{study.shelf or 'smoke'}: {study.name} is up to date" for study in OF_A_PRESET]
    assert place == "figures are in figures/, and all of them on one page: figures/index.html"
    assert contents(figures) == before


@pytest.mark.slow
@pytest.mark.usefixtures("nothing_is_run")
def test_drawing_again_gives_the_same_bytes(figures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(figures)
    before = contents(figures)
    (figures / "figures" / "drawn.json").unlink()
    assert main(["figures", *SMOKE]) == 0
    assert contents(figures) == before


@pytest.mark.slow
def test_figures_of_your_own_images(photos: Path, desk: Path) -> None:
    assert main(["figures", "--dataset", str(photos), *SMOKE, "--seeds", "1", "--out", "mine"]) == 0
    made = contents(desk / "mine")
    assert b'data-study="slices" data-shelf="photos"' in made["index.html"], "it can be explored on the page"
    for study in OF_A_PRESET:
        if study.name != "generated_scaling":  # nothing was generated after these images
            assert {f"{study.shelf or 'photos'}/{study.name}{suffix}" for suffix in FIGURES} <= made.keys()
