"""The published data sets that go by a name, and the files each is made of."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from analysis.datasets.dataset import Dataset
from analysis.datasets.digits import read_digits
from analysis.datasets.edm import EDM_SHA256, read_edm
from analysis.datasets.fashion import FASHION_MD5, read_fashion_mnist
from analysis.datasets.idx import MNIST_MD5, read_mnist
from analysis.datasets.pickled import CIFAR10_MD5, CIFAR100_MD5, read_cifar10, read_cifar100


@dataclass(frozen=True)
class KnownDataset:
    """A published data set.

    Attributes:
        read: From the folder of its files, and that of the set it is tested on, to the data set.
        folder: Where its files lie, relative to the data folder; the places torchvision uses.
        files: Their names; empty where a library brings the data.
        compressed: Whether a file may also lie there with the suffix ``.gz``.
        tested_on: Name of the known set that its test images come from; empty where it has its own.
    """

    read: Callable[..., Dataset]
    folder: str = ""
    files: tuple[str, ...] = ()
    compressed: bool = False
    tested_on: str = ""

    def place(self, data_dir: Path) -> Path | None:
        """Say where the files are, all of them together.

        Args:
            data_dir: Folder of all data sets.

        Returns:
            ``data_dir`` or its folder ``downloads``; None if neither has them all.
        """
        return next((place for place in (data_dir, data_dir / "downloads") if not self.missing(place)), None)

    def missing(self, data_dir: Path) -> list[Path]:
        """List the files that are not there.

        Args:
            data_dir: Folder of all data sets.

        Returns:
            Their paths; empty if the data set is complete.
        """
        paths = [data_dir / self.folder / name for name in self.files]
        return [path for path in paths if not self._is_there(path)]

    def _is_there(self, path: Path) -> bool:
        return path.exists() or (self.compressed and path.with_name(path.name + ".gz").exists())


KNOWN: dict[str, KnownDataset] = {
    "digits": KnownDataset(lambda folder: read_digits()),
    "mnist": KnownDataset(read_mnist, "MNIST/raw", tuple(MNIST_MD5), compressed=True),
    "fashion-mnist": KnownDataset(read_fashion_mnist, "FashionMNIST/raw", tuple(FASHION_MD5), compressed=True),
    "cifar10": KnownDataset(read_cifar10, "cifar-10-batches-py", tuple(CIFAR10_MD5)),
    "cifar100": KnownDataset(read_cifar100, "cifar-100-python", tuple(CIFAR100_MD5)),
} | {
    name: KnownDataset(partial(read_edm, name=name, checksums=parts), "edm-cifar10", tuple(parts), tested_on="cifar10")
    for name, parts in EDM_SHA256.items()
}
