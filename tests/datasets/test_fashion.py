"""Fashion-MNIST's compressed files are held against their checksums, plain ones against their shapes."""

import gzip
import hashlib

import numpy as np
import pytest

from analysis.datasets.fashion import FASHION_MD5, read_fashion_mnist


@pytest.fixture
def splits(make_split):
    return make_split(12, (28, 28, 1), classes=10), make_split(5, (28, 28, 1), classes=10, seed=1)


@pytest.fixture
def compressed(splits):
    """Name to compressed content."""
    arrays = [array for split in splits for array in (split.images[..., 0], split.labels.astype(np.uint8))]
    plain = [bytes([0, 0, 8, a.ndim]) + np.array(a.shape, ">u4").tobytes() + a.tobytes() for a in arrays]
    return dict(zip(FASHION_MD5, map(gzip.compress, plain), strict=True))


@pytest.fixture
def read(tmp_path, compressed):
    checksums = {name: hashlib.md5(content, usedforsecurity=False).hexdigest() for name, content in compressed.items()}
    return lambda counts=(12, 5): read_fashion_mnist(tmp_path, checksums, counts)


@pytest.fixture(params=["compressed", "plain", "both"])
def written(request, tmp_path, compressed):
    for name, content in compressed.items():
        if request.param != "plain":
            (tmp_path / f"{name}.gz").write_bytes(content)
        if request.param != "compressed":
            (tmp_path / name).write_bytes(gzip.decompress(content) if request.param == "plain" else b"not read")


def test_plain_and_compressed_files_give_the_same_arrays(written, read, splits):
    dataset = read()
    assert np.array_equal(dataset.train.images, splits[0].images)
    assert np.array_equal(dataset.test.labels, splits[1].labels)
    assert len(dataset.classes) == 10


def test_a_changed_compressed_file_is_refused_by_name(tmp_path, compressed, read):
    for name, content in compressed.items():
        (tmp_path / f"{name}.gz").write_bytes(content)
    name = "t10k-labels-idx1-ubyte.gz"
    (tmp_path / name).write_bytes(gzip.compress(gzip.decompress((tmp_path / name).read_bytes()), compresslevel=1))
    with pytest.raises(ValueError, match=f"{name} has md5 .*: delete it and fetch it again"):
        read()


def test_a_plain_file_of_another_shape_is_refused_by_name(tmp_path, compressed, read):
    for name, content in compressed.items():
        (tmp_path / name).write_bytes(gzip.decompress(content))
    with pytest.raises(ValueError, match=r"t10k-images-idx3-ubyte has shape \(5, 28, 28\), expected \(6, 28, 28\)"):
        read(counts=(12, 6))
