"""Fashion-MNIST: MNIST's format and sizes, ten kinds of clothing.

Checksums are published for the compressed files only; of plain files the shapes are verified.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis.datasets.checksums import MEND, verify
from analysis.datasets.dataset import Dataset, Split
from analysis.datasets.idx import parse_idx, read_content

# Of the compressed files.
FASHION_MD5 = {
    "train-images-idx3-ubyte": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "train-labels-idx1-ubyte": "25c81989df183df01b3e8a0aad5dffbe",
    "t10k-images-idx3-ubyte": "bef4ecab320f06d8554ea6380940ec79",
    "t10k-labels-idx1-ubyte": "bb300cfdad3c16e7a12a480ee83cd310",
}
COUNTS = (60_000, 10_000)
CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


def read_fashion_mnist(
    folder: Path, checksums: Mapping[str, str] = FASHION_MD5, counts: tuple[int, int] = COUNTS
) -> Dataset:
    """Read Fashion-MNIST's four files.

    A truncated or changed file is refused with a ValueError that names it and the mend.

    Use: ``read_fashion_mnist(data_dir / "FashionMNIST" / "raw")``.

    Args:
        folder: Holds the four files. Where one is there both plain and compressed, the compressed one is
            read, for it can be verified.
        checksums: Name to md5 of the compressed file, in the order of ``FASHION_MD5``.
        counts: Training and test images that plain files must have.

    Returns:
        60,000 training and 10,000 test images of shape ``(28, 28, 1)``.
    """
    shapes = [shape for count in counts for shape in ((count, 28, 28), (count,))]
    images, labels, test_images, test_labels = (
        _array(folder / name, md5, shape) for (name, md5), shape in zip(checksums.items(), shapes, strict=True)
    )
    train = Split(images[..., None], labels.astype(np.int64))
    test = Split(test_images[..., None], test_labels.astype(np.int64))
    return Dataset("fashion-mnist", train, test, CLASSES)


def _array(plain: Path, md5: str, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    compressed = plain.with_name(plain.name + ".gz")
    if compressed.exists():
        array = parse_idx(read_content(compressed), compressed)  # first, for it can say how many bytes are missing
        verify(compressed, compressed.read_bytes(), md5)
        return array
    array = parse_idx(read_content(plain), plain)
    if array.shape != shape:
        raise ValueError(f"{plain} has shape {array.shape}, expected {shape}: {MEND}")
    return array
