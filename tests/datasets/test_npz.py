"""Keras's .npz files round trip; floats are rounded knowingly; the rest is refused."""

import logging

import numpy as np
import pytest

from analysis import datasets
from analysis.datasets.npz import as_levels, read_npz


@pytest.fixture
def arrays(make_split):
    train, test = make_split(12, classes=3), make_split(6, classes=3, seed=1)
    return {"x_train": train.images, "y_train": train.labels, "x_test": test.images, "y_test": test.labels}


@pytest.fixture
def save(tmp_path):
    def saved(arrays):
        np.savez(tmp_path / "toy.npz", **arrays)
        return tmp_path / "toy.npz"

    return saved


@pytest.mark.parametrize("width", [np.uint8, np.int32, np.int64])
def test_a_file_round_trips(arrays, save, width):
    dataset = read_npz(save(arrays | {"y_train": arrays["y_train"].astype(width)[:, None]}))
    assert np.array_equal(dataset.train.images, arrays["x_train"])
    assert np.array_equal(dataset.train.labels, arrays["y_train"])
    assert np.array_equal(dataset.test.images, arrays["x_test"])
    assert dataset.classes == ("0", "1", "2")


def test_grey_images_may_come_without_a_channel_axis(arrays, save):
    grey = {name: array[..., 0] if name[0] == "x" else array for name, array in arrays.items()}
    assert read_npz(save(grey)).train.images.shape == (12, 4, 5, 1)


def test_without_a_test_set_a_sixth_is_held_out(arrays, save):
    dataset = read_npz(save({name: arrays[name] for name in ("x_train", "y_train")}))
    assert (len(dataset.train), len(dataset.test)) == (10, 2)


@pytest.mark.parametrize("missing", ["x_train", "y_train", "x_test", "y_test"])
def test_a_missing_array_is_named(arrays, save, missing):
    del arrays[missing]
    with pytest.raises(ValueError, match=rf"toy\.npz: found .*, expected x_train, y_train, .*it lacks {missing}$"):
        read_npz(save(arrays))


@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_floats_that_were_levels_come_back_exactly(caplog, precision):
    levels = np.arange(256, dtype=np.uint8).reshape(16, 4, 4)
    assert np.array_equal(as_levels((levels / 255).astype(precision)), levels)
    assert not caplog.records


def test_floats_between_levels_go_to_the_nearest():
    between = np.array([[0.4, 0.6, 99.6, 100.4, 254.6]]) / 255
    assert as_levels(between).tolist() == [[0, 1, 100, 100, 255]]


def test_a_warning_says_how_much_rounding_loses(caplog):
    with caplog.at_level(logging.WARNING):
        as_levels(np.array([[0.5, 100.25 / 255]]))
    assert "by up to 0.5 of a level" in caplog.text


@pytest.mark.parametrize(("value", "found"), [(-0.1, "-0.1 to 0"), (1.5, "0 to 1.5"), (np.inf, "inf"), (np.nan, "nan")])
def test_floats_outside_the_unit_interval_are_refused(arrays, save, value, found):
    images = np.zeros((12, 4, 5, 3))
    images[7, 1, 2, 0] = value
    with pytest.raises(ValueError, match=rf"x_train.*found float images from .*{found}.*, expected \[0, 1\]"):
        read_npz(save(arrays | {"x_train": images}))


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("x_train", lambda a: a.astype(np.int64), "x_train.*got int64"),
        ("x_train", lambda a: a[:0], "x_train.*at least one image"),
        ("x_test", lambda a: a[:, 0, 0], r"x_test.*shape \(6, 3\)"),
        ("y_train", lambda a: a / 2, "y_train.*found labels of float64 .*integers"),
        ("y_train", lambda a: np.eye(3)[a].astype(int), r"y_train.*int64 and shape \(12, 3\)"),
        ("y_test", lambda a: a - 1, "y_test.*got -1"),
        ("y_test", lambda a: a[:5], "6 images do not go with 5 labels"),
    ],
)
def test_other_arrays_are_refused(arrays, save, name, change, message):
    with pytest.raises(ValueError, match=message):
        read_npz(save(arrays | {name: change(arrays[name])}))


@pytest.mark.parametrize("kept", [0, 100, -100])
def test_a_truncated_file_is_refused_by_name(arrays, save, kept):
    path = save(arrays)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(ValueError, match=r"toy\.npz is not a readable \.npz file"):
        read_npz(path)


def test_a_flipped_byte_is_noticed(arrays, save):
    path = save(arrays)
    content = bytearray(path.read_bytes())
    content[content.index(arrays["x_train"].tobytes())] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"toy\.npz is not a readable .* CRC"):
        read_npz(path)


def test_python_objects_are_refused(arrays, save):
    with pytest.raises(ValueError, match=r"toy\.npz is not a readable .*allow_pickle"):
        read_npz(save(arrays | {"y_train": np.array([{}] * 12)}))


def test_cifar10_first4000(shared_data):
    dataset = datasets.load("cifar10-first4000", shared_data)
    assert (len(dataset.train), len(dataset.test)) == (3_000, 1_000)
    assert dataset.train.images.shape[1:] == (32, 32, 3)
