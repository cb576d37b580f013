"""Folders of images, one folder per class, with or without train/ and test/ above them."""

from pathlib import Path

import numpy as np

from analysis.datasets.cache import cached, content_key
from analysis.datasets.dataset import Dataset
from analysis.datasets.decode import EncodedDataset

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"}
TEST_NAMES = ("test", "val", "valid", "validation")  # the first that is there
EXPECTED = "expected class folders of images, or train/ and test/ with class folders"

ClassFiles = dict[str, list[Path]]


def read_folders(root: Path) -> Dataset:
    """Read a data set from class folders of images, through the cache of decoded images.

    Either ``root/cat/1.png``, then a sixth of the images is held out for the test; or
    ``root/train/cat/1.png`` and ``root/test/cat/2.png`` (or val/). Hidden files, and files of other
    kinds beside the images of a class, are left out.

    Use: ``read_folders(Path("photos"))``.

    Args:
        root: The folder.

    Returns:
        The data set; classes are called by their folders, in sorted order.

    Raises:
        ValueError: If the folders are laid out otherwise, or train and test have other classes.
    """
    training_root, test_root = _split_roots(root)
    training = _class_files(training_root)
    test = _class_files(test_root) if test_root else {}
    if test_root and test.keys() != training.keys():
        sides = {training_root.name: training.keys() - test.keys(), test_root.name: test.keys() - training.keys()}
        only = "; ".join(f"only in {side}: {', '.join(sorted(names)[:3])}" for side, names in sides.items() if names)
        raise ValueError(f"{root}: classes must be the same in train and {test_root.name}, found {only}")
    files = _listed(training) + _listed(test)
    key = content_key("folders", {path.relative_to(root).as_posix(): path for path, _ in files})
    count = len(_listed(training))
    return cached(key, lambda: _encoded(files, count, tuple(training)).decoded(root.name))


def _encoded(files: list[tuple[Path, int]], training: int, classes: tuple[str, ...]) -> EncodedDataset:
    images = ((str(path), path.read_bytes()) for path, _ in files)
    return EncodedDataset(images, np.array([label for _, label in files], dtype=np.int64), training, classes)


def _split_roots(root: Path) -> tuple[Path, Path | None]:
    """Folders of the training and test classes. A folder "train" with neither is a class of trains."""
    folders = {path.name: path for path in _visible(root) if path.is_dir()}
    train = folders.get("train")
    test = next((folders[name] for name in TEST_NAMES if name in folders), None)
    if test and not train and folders.keys() <= set(TEST_NAMES):
        raise ValueError(f"{root} has no train/ (found {', '.join(folders)}): {EXPECTED}")
    is_split = train and (folders.keys() <= {"train", *TEST_NAMES} or any(p.is_dir() for p in _visible(train)))
    return (train, test) if train and is_split else (root, None)


def _class_files(root: Path) -> ClassFiles:
    """Class name to image files, both in sorted order."""
    entries = _visible(root)
    stray = [path for path in entries if _is_image(path)]
    if stray:
        raise ValueError(
            f"{root} has {len(stray)} images, such as {stray[0].name}, outside of class folders: {EXPECTED}"
        )
    classes = {path.name: [file for file in _visible(path) if _is_image(file)] for path in entries if path.is_dir()}
    if len(classes) < 2:
        found = ", ".join(path.name for path in entries[:5]) or "nothing"
        raise ValueError(f"{root} has {len(classes)} class folders, needs two or more (found {found}): {EXPECTED}")
    for name, files in classes.items():
        if not files:
            found = ", ".join(path.name for path in _visible(root / name)[:3]) or "nothing"
            raise ValueError(f"{root / name} has no images (found {found}): {EXPECTED}")
    return classes


def _listed(classes: ClassFiles) -> list[tuple[Path, int]]:
    return [(file, label) for label, files in enumerate(classes.values()) for file in files]


def _visible(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith((".", "__MACOSX")))


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and path.is_file()
