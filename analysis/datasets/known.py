"""The published data sets that go by a name, and the files each is made of."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from analysis.datasets.dataset import Dataset
from analysis.datasets.digits import read_digits
from analysis.datasets.idx import MNIST_MD5, read_mnist
from analysis.datasets.pickled import CIFAR10_MD5, read_cifar10


@dataclass(frozen=True)
class KnownDataset:
    """A published data set.

    Attributes:
        read: From the folder of its files to the data set.
        folder: Where its files lie, relative to the data folder; the places torchvision uses.
        files: Their names; empty where a library brings the data.
        compressed: Whether a file may also lie there with the suffix ``.gz``.
    """

    read: Callable[[Path], Dataset]
    folder: str = ""
    files: tuple[str, ...] = ()
    compressed: bool = False

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
    "cifar10": KnownDataset(read_cifar10, "cifar-10-batches-py", tuple(CIFAR10_MD5)),
}
