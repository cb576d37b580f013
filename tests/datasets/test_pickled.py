"""CIFAR's batches round trip; nothing is unpickled unverified, and no code ever runs."""

import hashlib
import pickle

import numpy as np
import pytest

from analysis.datasets.pickled import (
    CIFAR10_MD5,
    CIFAR100_MD5,
    read_cifar10,
    read_cifar10_test,
    read_cifar100,
    unpickle,
)

NAMES = ["cat", "dog", "ship"]


def old_pickle(value):
    """Pickle as numpy did when CIFAR-10 was made: under its old names, with flags 0 and 1."""
    content = pickle.dumps(value, protocol=2)
    content = content.replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n")
    return content.replace(pickle.NEWFALSE + pickle.NEWTRUE + pickle.TUPLE3, b"K\x00K\x01" + pickle.TUPLE3)


def batch(split):
    rows = split.images.transpose(0, 3, 1, 2).reshape(len(split), -1)
    return {"data": rows, "labels": split.labels.tolist(), "batch_label": "a batch"}


@pytest.fixture
def splits(make_split):
    return [make_split(4, (32, 32, 3), classes=3, seed=seed) for seed in range(6)]


@pytest.fixture
def checksums(tmp_path, splits):
    values = [*map(batch, splits), {"label_names": NAMES}]
    contents = dict(zip(CIFAR10_MD5, map(old_pickle, values), strict=True))
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return {name: hashlib.md5(content, usedforsecurity=False).hexdigest() for name, content in contents.items()}


def test_batches_round_trip_in_order(tmp_path, splits, checksums):
    dataset = read_cifar10(tmp_path, checksums)
    assert np.array_equal(dataset.train.images, np.concatenate([split.images for split in splits[:5]]))
    assert np.array_equal(dataset.test.images, splits[5].images)
    assert dataset.train.labels.tolist() == [0, 1, 2, 0] * 5
    assert dataset.classes == tuple(NAMES)


def test_the_test_images_can_be_read_alone(tmp_path, splits, checksums):
    (tmp_path / "data_batch_1").unlink()
    test, classes = read_cifar10_test(tmp_path, checksums)
    assert np.array_equal(test.images, splits[5].images)
    assert classes == tuple(NAMES)


def test_cifar100_has_fine_labels(tmp_path, splits):
    values = [
        {"data": batch(s)["data"], "fine_labels": s.labels.tolist(), "coarse_labels": [0] * 4} for s in splits[:2]
    ]
    values.append({"fine_label_names": NAMES, "coarse_label_names": ["animal"]})
    contents = dict(zip(CIFAR100_MD5, map(old_pickle, values), strict=True))
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    checksums = {name: hashlib.md5(content, usedforsecurity=False).hexdigest() for name, content in contents.items()}
    dataset = read_cifar100(tmp_path, checksums)
    assert np.array_equal(dataset.train.images, splits[0].images)
    assert dataset.test.labels.tolist() == splits[1].labels.tolist()
    assert dataset.classes == tuple(NAMES)
    with pytest.raises(ValueError, match="train has md5"):
        read_cifar100(tmp_path)


def test_a_truncated_batch_is_refused_by_name(tmp_path, checksums):
    path = tmp_path / "data_batch_3"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(ValueError, match=r"data_batch_3 has md5 .*bytes\), expected .*delete it and fetch"):
        read_cifar10(tmp_path, checksums)


def test_nothing_is_unpickled_before_it_is_verified(tmp_path, checksums, monkeypatch):
    (tmp_path / "data_batch_1").write_bytes(b"changed")
    monkeypatch.setattr("analysis.datasets.pickled.unpickle", lambda *_: pytest.fail("unpickled"))
    with pytest.raises(ValueError, match="data_batch_1 has md5"):
        read_cifar10(tmp_path, checksums)


def test_a_pickle_cut_short_is_refused_by_name(tmp_path, splits):
    content = old_pickle(batch(splits[0]))
    with pytest.raises(ValueError, match=r"cut-short cannot be unpickled .*: delete it"):
        unpickle(content[:-10], tmp_path / "cut-short")


class Attack:
    """Unpickling this would call a function."""

    def __reduce__(self):
        return print, ("code of the file's choice",)


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_code_in_a_pickle_does_not_run(tmp_path, capsys, protocol):
    with pytest.raises(ValueError, match="print is not allowed"):
        unpickle(pickle.dumps(Attack(), protocol), tmp_path)
    assert capsys.readouterr().out == ""


def test_arrays_of_objects_do_not_get_in(tmp_path):
    with pytest.raises(ValueError, match="not allowed"):
        unpickle(pickle.dumps(np.array([Attack()]), 2), tmp_path)
