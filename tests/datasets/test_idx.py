"""IDX files round trip; truncated, foreign and changed ones are refused by name."""

import gzip
import hashlib

import numpy as np
import pytest

from analysis import datasets
from analysis.datasets.idx import MNIST_MD5, parse_idx, read_content, read_mnist


def idx(array):
    """Write an array as an IDX file of bytes."""
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()


@pytest.fixture
def contents(make_split):
    """The four files of a small set of MNIST's form, and the arrays in them."""
    splits = make_split(12, (3, 4, 1), classes=10), make_split(5, (3, 4, 1), classes=10, seed=1)
    arrays = [a for s in splits for a in (s.images[..., 0], s.labels.astype(np.uint8))]
    return dict(zip(MNIST_MD5, map(idx, arrays), strict=True)), splits


def write(folder, contents, compressed=False):
    for name, content in contents.items():
        if compressed:
            (folder / f"{name}.gz").write_bytes(gzip.compress(content))
        else:
            (folder / name).write_bytes(content)
    return {name: hashlib.md5(content, usedforsecurity=False).hexdigest() for name, content in contents.items()}


@pytest.mark.parametrize("compressed", [False, True])
def test_plain_and_compressed_files_give_the_same_arrays(tmp_path, contents, compressed):
    files, (train, test) = contents
    dataset = read_mnist(tmp_path, write(tmp_path, files, compressed))
    assert np.array_equal(dataset.train.images, train.images)
    assert np.array_equal(dataset.test.labels, test.labels)
    assert dataset.train.images.flags.writeable  # else torch warns


@pytest.mark.parametrize(
    ("kept", "message"),
    [
        (3, r"starts with b'\\x00\\x00\\x08'"),
        (10, "expected 16 bytes of header, found 10 bytes"),
        (30, "expected 40 bytes, found 30 bytes"),
    ],
)
def test_a_truncated_file_is_refused_with_its_sizes(tmp_path, kept, message):
    content = idx(np.zeros((2, 3, 4), np.uint8))
    with pytest.raises(ValueError, match=rf"cut-short.*{message}.*: delete it and fetch it again"):
        parse_idx(content[:kept], tmp_path / "cut-short")


def test_a_truncated_compressed_file_is_refused_too(tmp_path, make_split):
    content = idx(make_split(50).images)
    (tmp_path / "images.gz").write_bytes(gzip.compress(content)[:-500])
    with pytest.raises(ValueError, match=rf"images\.gz: expected {len(content)} bytes, found \d+ bytes"):
        parse_idx(read_content(tmp_path / "images.gz"), tmp_path / "images.gz")


def test_a_file_with_bytes_too_many_is_refused(tmp_path):
    with pytest.raises(ValueError, match="expected 9 bytes, found 10 bytes"):
        parse_idx(idx(np.zeros(1, np.uint8)) + b"x", tmp_path)


def test_what_is_not_gzip_is_refused(tmp_path):
    (tmp_path / "labels.gz").write_bytes(b"<html>not found</html>")
    with pytest.raises(ValueError, match=r"labels\.gz is corrupt"):
        read_content(tmp_path / "labels.gz")


@pytest.mark.parametrize("start", [b"<html>", bytes([0, 0, 13, 1])], ids=["web page", "floats"])
def test_another_kind_of_file_is_refused(tmp_path, start):
    with pytest.raises(ValueError, match="not as an IDX file of bytes"):
        parse_idx(start + bytes(100), tmp_path / "images")


def test_one_changed_pixel_is_refused(tmp_path, contents):
    files, _ = contents
    checksums = write(tmp_path, files)
    changed = bytearray(files["t10k-images-idx3-ubyte"])
    changed[-1] ^= 1
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(changed)
    with pytest.raises(ValueError, match=r"t10k-images-idx3-ubyte has md5 .*, expected .*: delete it"):
        read_mnist(tmp_path, checksums)


def test_mnist_itself(shared_data):
    mnist = datasets.load("mnist", shared_data)
    assert mnist.train.images.shape == (60_000, 28, 28, 1)
    assert mnist.test.images.shape == (10_000, 28, 28, 1)
    assert mnist.train.labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert mnist.content_hash == "29a7134ef5eedd8e"
