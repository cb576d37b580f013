"""Class folders of images are read with or without a split above them; other layouts are explained."""

import numpy as np
import pytest

from analysis import datasets
from analysis.datasets.folders import read_folders


@pytest.fixture
def write(make_split, encode):
    """Put images into class folders; returns them by class."""

    def written(root, classes=("cat", "dog"), count=6, seed=0, suffix=".png"):
        split = make_split(count * len(classes), classes=len(classes), seed=seed)
        for label, name in enumerate(classes):
            (root / name).mkdir(parents=True)
            for index, image in enumerate(split.images[split.labels == label]):
                (root / name / f"{index}{suffix}").write_bytes(encode(image))
        return {name: split.images[split.labels == label] for label, name in enumerate(classes)}

    return written


@pytest.mark.parametrize("test_name", ["test", "val", "validation"])
def test_a_split_folder_keeps_its_split(tmp_path, write, test_name):
    training = write(tmp_path / "train", ("dog", "cat"))
    test = write(tmp_path / test_name, count=2, seed=1)
    dataset = read_folders(tmp_path)
    assert dataset.classes == ("cat", "dog")
    assert np.array_equal(dataset.train.images, np.concatenate([training["cat"], training["dog"]]))
    assert np.array_equal(dataset.test.images, np.concatenate([test["cat"], test["dog"]]))
    assert dataset.test.labels.tolist() == [0, 0, 1, 1]


def test_test_goes_before_val(tmp_path, write):
    write(tmp_path / "train")
    write(tmp_path / "val", count=3)
    write(tmp_path / "test", count=2)
    assert len(read_folders(tmp_path).test) == 4


@pytest.mark.parametrize("below", ["", "train"])
def test_without_a_test_a_sixth_is_held_out(tmp_path, write, below):
    write(tmp_path / below)
    dataset = read_folders(tmp_path)
    assert (len(dataset.train), len(dataset.test)) == (10, 2)
    assert dataset.test.labels.tolist() == [0, 1]


def test_train_may_be_a_class(tmp_path, write):
    write(tmp_path, ("car", "train"))
    assert read_folders(tmp_path).classes == ("car", "train")


def test_hidden_files_and_notes_are_left_out(tmp_path, write):
    write(tmp_path, suffix=".PNG")
    (tmp_path / ".git").mkdir()
    (tmp_path / "README.txt").touch()
    (tmp_path / "cat" / ".0.png").touch()
    (tmp_path / "cat" / "Thumbs.db").touch()
    assert len(read_folders(tmp_path).train) == 10


def test_images_outside_of_class_folders_are_refused(tmp_path, encode, write):
    write(tmp_path)
    (tmp_path / "lost.png").touch()
    with pytest.raises(ValueError, match=r"has 1 images, such as lost\.png, outside of class folders: expected"):
        read_folders(tmp_path)


def test_images_right_below_train_are_refused(tmp_path, write):
    write(tmp_path, ("train", "test"))
    with pytest.raises(ValueError, match=r"train has 6 images, such as 0\.png, outside of class folders"):
        read_folders(tmp_path)


@pytest.mark.parametrize("classes", [(), ("cat",)])
def test_fewer_than_two_classes_are_refused(tmp_path, write, classes):
    if classes:
        write(tmp_path, classes)
    found = ", ".join(classes) or "nothing"
    with pytest.raises(
        ValueError, match=rf"has {len(classes)} class folders, needs two or more \(found {found}\): exp"
    ):
        read_folders(tmp_path)


@pytest.mark.parametrize("content", ["nothing", "notes.txt"])
def test_a_class_without_images_is_refused(tmp_path, write, content):
    write(tmp_path)
    (tmp_path / "emu").mkdir()
    if content != "nothing":
        (tmp_path / "emu" / content).touch()
    with pytest.raises(ValueError, match=rf"emu has no images \(found {content}\): expected"):
        read_folders(tmp_path)


def test_train_and_test_must_have_the_same_classes(tmp_path, write):
    write(tmp_path / "train", ("cat", "dog"))
    write(tmp_path / "test", ("cat", "emu"))
    with pytest.raises(ValueError, match="same in train and test, found only in train: dog; only in test: emu"):
        read_folders(tmp_path)


def test_images_of_two_sizes_are_refused_with_an_example_of_each(tmp_path, write, make_split, encode):
    write(tmp_path)
    (tmp_path / "dog" / "big.png").write_bytes(encode(make_split(1, (9, 8, 3)).images[0]))
    with pytest.raises(ValueError, match=r"cat/0\.png has 5 x 4, .*dog/big\.png has 8 x 9"):
        read_folders(tmp_path)


def test_a_second_load_does_not_decode_until_an_image_changes(tmp_path, write, encode, monkeypatch):
    write(tmp_path)
    first = datasets.load(tmp_path)
    monkeypatch.setattr("analysis.datasets.decode.decode", lambda *_: pytest.fail("decoded again"))
    assert datasets.load(tmp_path).content_hash == first.content_hash
    (tmp_path / "cat" / "0.png").write_bytes(encode(np.zeros((4, 5, 3), np.uint8)))
    with pytest.raises(pytest.fail.Exception, match="decoded again"):
        datasets.load(tmp_path)
