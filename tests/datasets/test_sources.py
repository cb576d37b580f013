"""Names lead to data sets: known ones, files and folders in the data folder, paths."""

import subprocess
import sys

import numpy as np
import pytest

from analysis import datasets


@pytest.fixture
def saved(tmp_path, make_split):
    """A data folder with one file, toy.npz."""
    split = make_split(12)
    np.savez(tmp_path / "toy.npz", x_train=split.images, y_train=split.labels)
    return tmp_path


@pytest.mark.parametrize("name", ["toy", "toy.npz"])
def test_a_file_in_the_data_folder_is_found_with_and_without_suffix(saved, name):
    assert datasets.load(name, saved).name == "toy"


def test_a_path_is_never_a_name(saved, monkeypatch):
    monkeypatch.chdir(saved)
    for path in (saved / "toy.npz", str(saved / "toy"), "./toy.npz", "toy"):
        assert datasets.load(path, data_dir="elsewhere").name == "toy"


def test_the_data_folder_goes_before_the_working_folder(saved, make_split, monkeypatch):
    split = make_split(30)
    (saved / "here").mkdir()
    np.savez(saved / "here" / "toy.npz", x_train=split.images, y_train=split.labels)
    monkeypatch.chdir(saved / "here")
    assert len(datasets.load("toy", saved).train) == 10
    assert len(datasets.load("./toy", saved).train) == 25


def test_a_folder_is_called_by_its_last_part(tmp_path, make_split, encode, monkeypatch):
    for index, image in enumerate(make_split(12).images):
        folder = tmp_path / "pets.v2" / "ab"[index % 2]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{index}.png").write_bytes(encode(image))
    assert datasets.load("pets.v2", tmp_path).name == "pets.v2"
    monkeypatch.chdir(tmp_path / "pets.v2")
    assert datasets.load(".", tmp_path).name == "pets.v2"


def test_the_environment_names_the_data_folder(saved, monkeypatch):
    monkeypatch.setenv("ANALYSIS_DATA_DIR", str(saved))
    assert datasets.load("toy").name == "toy"


def test_data_is_the_default_data_folder(saved, monkeypatch):
    monkeypatch.delenv("ANALYSIS_DATA_DIR", raising=False)
    (saved / "data").mkdir()
    (saved / "toy.npz").rename(saved / "data" / "toy.npz")
    monkeypatch.chdir(saved)
    assert datasets.load("toy").name == "toy"


@pytest.mark.parametrize("name", ["mnits", ""])
def test_an_unknown_name_lists_the_known_ones_and_where_it_was_looked_for(tmp_path, name):
    known = ", ".join(datasets.KNOWN)
    with pytest.raises(ValueError, match=rf"unknown data set '{name}': known are {known};.*{tmp_path}"):
        datasets.load(name, tmp_path)


def test_another_kind_of_file_is_refused(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(ValueError, match=r"found the file .*notes\.txt, expected an \.npz or \.parquet file"):
        datasets.load("notes.txt", tmp_path)


def test_what_is_wrong_inside_a_file_names_the_file(tmp_path):
    np.savez(tmp_path / "toy.npz", x_train=np.zeros((2, 3, 3)), y_train=np.array([0, -1]))
    with pytest.raises(ValueError, match=r"toy\.npz: x_train, y_train: labels must be 0 or more"):
        datasets.load("toy", tmp_path)


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("mnist", "train-images-idx3-ubyte, .*MNIST/raw"),
        ("fashion-mnist", "train-images-idx3-ubyte, .*FashionMNIST/raw"),
        ("cifar10", "data_batch_1, .*cifar-10-batches-py"),
        ("cifar100", "train, test, meta into .*cifar-100-python"),
        ("edm-20m", "20m_part1.npz, 20m_part2.npz into .*edm-cifar10"),
    ],
)
def test_missing_files_of_a_known_set_are_listed(tmp_path, name, files):
    command = f"run `python -m analysis data {name} --data-dir {tmp_path}`"
    with pytest.raises(FileNotFoundError, match=f"{name} is not complete: {command}, or put {files} by hand"):
        datasets.load(name, tmp_path)


def test_a_set_tested_on_another_asks_for_that_too(tmp_path, monkeypatch):
    (tmp_path / "edm-cifar10").mkdir()
    (tmp_path / "edm-cifar10" / "1m.npz").touch()
    monkeypatch.setenv("ANALYSIS_DATA_DIR", str(tmp_path))
    with pytest.raises(
        FileNotFoundError, match="cifar10 is not complete: run `python -m analysis data cifar10`, or put"
    ):
        datasets.load("edm-1m")


def test_only_what_is_missing_is_asked_for(tmp_path):
    folder = tmp_path / "downloads" / "MNIST" / "raw"
    folder.mkdir(parents=True)
    for name in ("train-images-idx3-ubyte", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte"):
        (folder / name).touch()
    with pytest.raises(FileNotFoundError, match=rf"put t10k-labels-idx1-ubyte \(plain or \.gz\) into {folder}"):
        datasets.load("mnist", tmp_path)


def test_downloads_are_a_data_folder_of_known_sets(tmp_path, shared_data):
    (tmp_path / "downloads").symlink_to(shared_data)
    assert len(datasets.load("mnist", tmp_path).test) == 10_000


def test_what_is_there_is_not_downloaded(tmp_path, shared_data, monkeypatch):
    monkeypatch.setattr("pooch.retrieve", lambda *_, **__: pytest.fail("downloaded"))
    (tmp_path / "MNIST").symlink_to(shared_data / "MNIST")
    assert len(datasets.load("mnist", tmp_path, download=True).test) == 10_000
    assert datasets.load("digits", tmp_path, download=True).name == "digits"
    assert [path.name for path in tmp_path.iterdir()] == ["MNIST"]


def test_importing_loads_nothing_heavy():
    heavy = "{'torch', 'sklearn', 'pyarrow', 'PIL', 'pandas', 'matplotlib', 'pooch', 'requests', 'tqdm'}"
    check = f"import sys, analysis.datasets; assert not {heavy} & sys.modules.keys()"
    subprocess.run([sys.executable, "-c", check], check=True)
