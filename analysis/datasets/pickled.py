"""CIFAR-10 and CIFAR-100 as their authors publish them: pickled batches of rows of 3 x 32 x 32 pixels.

Unpickling runs what the file says. So a file is held against its checksum first, and even then only
what an array is made of is allowed.
"""

import io
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from analysis.datasets.checksums import MEND, verify
from analysis.datasets.dataset import Dataset, Split

CIFAR10_MD5 = {
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    "test_batch": "40351d587109b95175f43aff81a1287e",
    "batches.meta": "5ff9c542aee3614f3951f8cda6e48888",
}
CIFAR100_MD5 = {
    "train": "16019d7e3df5f24257cddd939b257f8d",
    "test": "f0ef6b0ae62326f3e7ffdfab6717acfc",
    "meta": "7973b15100ade9c7d40fb424638fde48",
}


def read_cifar10(folder: Path, checksums: Mapping[str, str] = CIFAR10_MD5) -> Dataset:
    """Read the batches of CIFAR-10's Python version.

    A file that is not the published one is refused, before it is unpickled, with a ValueError that
    names it and the mend.

    Use: ``read_cifar10(data_dir / "cifar-10-batches-py")``.

    Args:
        folder: Holds the seven files.
        checksums: Name to md5, in the order of ``CIFAR10_MD5``.

    Returns:
        50,000 training images, in the published order, and 10,000 test images, of shape ``(32, 32, 3)``.
    """
    *training, test, meta = (_unpickled(folder / name, md5) for name, md5 in checksums.items())
    batches = [_batch(content) for content in training]
    train = Split(
        np.concatenate([batch.images for batch in batches]),
        np.concatenate([batch.labels for batch in batches]),
    )
    return Dataset("cifar10", train, _batch(test), tuple(meta["label_names"]))


def read_cifar10_test(folder: Path, checksums: Mapping[str, str] = CIFAR10_MD5) -> tuple[Split, tuple[str, ...]]:
    """Read CIFAR-10's test images alone.

    Use: ``test, classes = read_cifar10_test(data_dir / "cifar-10-batches-py")``.

    Args:
        folder: Holds the files.
        checksums: As for ``read_cifar10``.

    Returns:
        10,000 images of shape ``(32, 32, 3)``, and the names of the classes.
    """
    test, meta = (_unpickled(folder / name, checksums[name]) for name in ("test_batch", "batches.meta"))
    return _batch(test), tuple(meta["label_names"])


def read_cifar100(folder: Path, checksums: Mapping[str, str] = CIFAR100_MD5) -> Dataset:
    """Read the batches of CIFAR-100's Python version, with its fine labels.

    A file that is not the published one is refused, before it is unpickled, with a ValueError that
    names it and the mend.

    Use: ``read_cifar100(data_dir / "cifar-100-python")``.

    Args:
        folder: Holds the three files.
        checksums: Name to md5, in the order of ``CIFAR100_MD5``.

    Returns:
        50,000 training and 10,000 test images of shape ``(32, 32, 3)``, in 100 classes.
    """
    train, test, meta = (_unpickled(folder / name, md5) for name, md5 in checksums.items())
    names = tuple(meta["fine_label_names"])
    return Dataset("cifar100", _batch(train, "fine_labels"), _batch(test, "fine_labels"), names)


def unpickle(content: bytes, path: Path) -> Any:
    """Unpickle plain values and arrays, and nothing else.

    Args:
        content: A pickle of Python 2 or 3.
        path: Where it came from, for the message.

    Returns:
        What was pickled, byte strings of Python 2 as text.

    Raises:
        ValueError: If it is truncated or corrupt, or holds anything but plain values and arrays.
    """
    try:
        return _ArraysOnly(io.BytesIO(content), encoding="latin1").load()
    except Exception as error:  # bytes at random make the unpickler raise nearly anything
        raise ValueError(f"{path} cannot be unpickled ({error}): {MEND}") from error


class _ArraysOnly(pickle.Unpickler):  # noqa: S301  # restricted
    """An unpickler that knows no names but those that arrays need."""

    def find_class(self, module: str, name: str) -> Any:
        origin = module.replace("numpy.core", "numpy._core")  # where it lay when CIFAR-10 was pickled
        match origin, name:
            case "numpy", "ndarray":
                return np.ndarray
            case "numpy", "dtype":
                return _dtype
            case "numpy._core.multiarray", "_reconstruct":
                return super().find_class(origin, name)
            case "_codecs", "encode":  # how Python 3 writes bytes in pickles that Python 2 can read
                return _encode
        raise pickle.UnpicklingError(f"{module}.{name} is not allowed")


def _dtype(code: str, *_: object) -> np.dtype[Any]:
    """Without the flags of old pickles, 0 and 1: numpy 2.4.0 to 2.4.4 warn, and plain types need none."""
    return np.dtype(code)


def _encode(text: str, encoding: str) -> bytes:
    return text.encode(encoding)


def _unpickled(path: Path, md5: str) -> dict[str, Any]:
    content = path.read_bytes()
    verify(path, content, md5)
    fields: dict[str, Any] = unpickle(content, path)
    return fields


def _batch(fields: dict[str, Any], labels: str = "labels") -> Split:
    images = fields["data"].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return Split(np.ascontiguousarray(images), np.array(fields[labels], dtype=np.int64))
