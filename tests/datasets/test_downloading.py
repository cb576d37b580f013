"""Known sets are downloaded by name, into the downloads folder, and load from there."""

import gzip
import hashlib
import io
import pickle
import tarfile
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from analysis import cli, datasets
from analysis.datasets.downloads import DOWNLOADS
from analysis.datasets.edm import read_edm
from analysis.datasets.fashion import FASHION_MD5, read_fashion_mnist
from analysis.datasets.idx import MNIST_MD5, read_mnist
from analysis.datasets.known import KNOWN
from analysis.datasets.pickled import CIFAR10_MD5, CIFAR100_MD5, read_cifar10, read_cifar100


def md5(content):
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


@pytest.fixture
def publish(serve, monkeypatch):
    """Put small files in the place of a known set's published ones; the first mirror has none of them."""
    server = serve()

    def published(name, files, **changes):
        downloads = [
            replace(
                download,
                urls=(server.page("gone", b"", "404"), server.page(download.name, files[download.name])),
                checksum=download.checksum and f"md5:{md5(files[download.name])}",
            )
            for download in DOWNLOADS[name]
        ]
        monkeypatch.setitem(DOWNLOADS, name, tuple(downloads))
        monkeypatch.setitem(KNOWN, name, replace(KNOWN[name], **changes))
        return server

    return published


def idx_files(make_split, counts):
    arrays = []
    for count in counts:
        split = make_split(count, (28, 28, 1), classes=10)
        arrays += [split.images[..., 0], split.labels.astype(np.uint8)]
    plain = [bytes([0, 0, 8, a.ndim]) + np.array(a.shape, ">u4").tobytes() + a.tobytes() for a in arrays]
    return dict(zip(MNIST_MD5, plain, strict=True))


def archive(folder, values):
    stream = io.BytesIO()
    contents = {name: pickle.dumps(value, 2) for name, value in values.items()}
    contents = {name: c.replace(b"cnumpy._core.", b"cnumpy.core.") for name, c in contents.items()}
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name, content in contents.items():
            member = tarfile.TarInfo(f"{folder}/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return stream.getvalue(), {name: md5(content) for name, content in contents.items()}


def fields(split, labels="labels"):
    return {"data": split.images.transpose(0, 3, 1, 2).reshape(len(split), -1), labels: split.labels.tolist()}


@pytest.fixture
def cifar10(make_split, publish):
    values = [fields(make_split(10, (32, 32, 3), classes=10, seed=seed)) for seed in range(6)]
    content, checksums = archive(
        "cifar-10-batches-py", dict(zip(CIFAR10_MD5, [*values, {"label_names": list("abcdefghij")}], strict=True))
    )
    publish("cifar10", {"cifar-10-python.tar.gz": content}, read=partial(read_cifar10, checksums=checksums))
    return checksums


def test_mnist_is_downloaded(tmp_path, make_split, publish):
    files = idx_files(make_split, (12, 5))
    read = partial(read_mnist, checksums={name: md5(content) for name, content in files.items()})
    server = publish("mnist", {f"{name}.gz": gzip.compress(content) for name, content in files.items()}, read=read)
    assert len(datasets.load("mnist", tmp_path, download=True).train) == 12
    assert len(list((tmp_path / "downloads" / "MNIST" / "raw").iterdir())) == 4
    asked = len(server.asked)
    assert len(datasets.load("mnist", tmp_path, download=True).test) == 5
    assert len(server.asked) == asked == 8


def test_only_what_is_missing_is_downloaded(tmp_path, make_split, publish):
    files = idx_files(make_split, (12, 5))
    read = partial(read_mnist, checksums={name: md5(content) for name, content in files.items()})
    server = publish("mnist", {f"{name}.gz": gzip.compress(content) for name, content in files.items()}, read=read)
    (tmp_path / "downloads" / "MNIST" / "raw").mkdir(parents=True)
    for name in list(files)[:3]:
        (tmp_path / "downloads" / "MNIST" / "raw" / name).write_bytes(files[name])
    assert len(datasets.load("mnist", tmp_path, download=True).test) == 5
    assert {path for path, _ in server.asked} == {"/gone", "/t10k-labels-idx1-ubyte.gz"}


def test_fashion_mnist_is_downloaded(tmp_path, make_split, publish):
    files = {name: gzip.compress(content) for name, content in idx_files(make_split, (12, 5)).items()}
    read = partial(read_fashion_mnist, checksums={name: md5(files[name]) for name in FASHION_MD5})
    publish("fashion-mnist", {f"{name}.gz": content for name, content in files.items()}, read=read)
    dataset = datasets.load("fashion-mnist", tmp_path, download=True)
    assert dataset.train.images.shape == (12, 28, 28, 1)
    assert dataset.classes[9] == "Ankle boot"


def test_cifar10_is_downloaded_and_unpacked(tmp_path, cifar10):
    dataset = datasets.load("cifar10", tmp_path, download=True)
    assert (len(dataset.train), len(dataset.test)) == (50, 10)
    assert [path.name for path in (tmp_path / "downloads").iterdir()] == ["cifar-10-batches-py"]
    assert sorted(path.name for path in (tmp_path / "downloads" / "cifar-10-batches-py").iterdir()) == sorted(cifar10)


def test_cifar100_is_downloaded_and_unpacked(tmp_path, make_split, publish):
    values = [fields(make_split(100, (32, 32, 3), classes=100), "fine_labels") for _ in range(2)]
    values.append({"fine_label_names": [str(label) for label in range(100)]})
    content, checksums = archive("cifar-100-python", dict(zip(CIFAR100_MD5, values, strict=True)))
    publish("cifar100", {"cifar-100-python.tar.gz": content}, read=partial(read_cifar100, checksums=checksums))
    assert len(datasets.load("cifar100", tmp_path, download=True).classes) == 100


@pytest.mark.parametrize("name", ["edm-1m", "edm-20m"])
def test_edm_is_downloaded_with_the_test_set_it_needs(tmp_path, make_split, publish, cifar10, name):
    files = {}
    for part in KNOWN[name].files:
        split, stream = make_split(30, (32, 32, 3), classes=10), io.BytesIO()
        np.savez(stream, image=split.images, label=split.labels)
        files[part] = stream.getvalue()
    publish(name, files, read=partial(read_edm, name=name, checksums=dict.fromkeys(files), test_checksums=cifar10))
    dataset = datasets.load(name, tmp_path, download=True)
    assert (dataset.name, len(dataset.train), len(dataset.test)) == (name, 30 * len(files), 10)
    assert datasets.load(name, tmp_path).content_hash == dataset.content_hash


def test_a_damaged_archive_leaves_nothing_to_load(tmp_path, serve, monkeypatch):
    url = serve().page("cifar-10-python.tar.gz", b"no archive at all")
    monkeypatch.setitem(DOWNLOADS, "cifar10", (replace(DOWNLOADS["cifar10"][0], urls=(url,)),))
    with pytest.raises(OSError, match=r"cifar-10-python\.tar\.gz could not be downloaded"):
        datasets.load("cifar10", tmp_path, download=True)
    assert not (tmp_path / "downloads" / "cifar-10-batches-py").exists()
    with pytest.raises(FileNotFoundError, match="cifar10 is not complete"):
        datasets.load("cifar10", tmp_path)


def test_the_command_downloads_and_says_what_came(tmp_path, cifar10, capsys):
    assert cli.main(["data", "cifar10", "--data-dir", str(tmp_path)]) == 0
    assert "cifar10 is complete: 50 training and 10 test images of 32 x 32 x 3, 10 classes" in capsys.readouterr().out


def test_the_command_refuses_other_names_and_says_what_failed(tmp_path, publish, capsys):
    assert cli.main(["data", "mnits"]) == 2
    assert "unknown data set 'mnits'; known are digits, mnist, fashion-mnist" in capsys.readouterr().err
    server = publish("cifar100", {"cifar-100-python.tar.gz": b""})
    server.end()
    assert cli.main(["data", "cifar100", "--data-dir", str(tmp_path)]) == 2
    assert "error: cifar-100-python.tar.gz could not be downloaded" in capsys.readouterr().err
