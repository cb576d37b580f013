"""The arrays of a data set, checked once at construction."""

import hashlib
import json
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from analysis.datasets.subsets import stratified_split


@dataclass(frozen=True, eq=False)
class Split:
    """Images and their labels.

    Use: ``Split(images, labels).part(indices)``.

    Attributes:
        images: Pixel levels 0 to 255, uint8, shape ``(n, height, width, channels)``, n at least 1.
        labels: Class indices from 0, int64, shape ``(n,)``.

    Raises:
        ValueError: If shapes, dtypes or lengths are others, there is no image, or a label is negative.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]

    def __post_init__(self) -> None:
        images, labels = self.images, self.labels
        if images.ndim != 4 or images.dtype != np.uint8 or images.size == 0:
            raise ValueError(
                "images must be uint8 of shape (n, height, width, channels) with at least one image, "
                f"got {images.dtype} of shape {images.shape}"
            )
        if labels.ndim != 1 or labels.dtype != np.int64:
            raise ValueError(f"labels must be int64 of shape (n,), got {labels.dtype} of shape {labels.shape}")
        if len(images) != len(labels):
            raise ValueError(f"{len(images)} images do not go with {len(labels)} labels")
        if labels.min() < 0:
            raise ValueError(f"labels must be 0 or more, got {labels.min()}")

    def __len__(self) -> int:
        return len(self.labels)

    def part(self, indices: NDArray[np.int64]) -> "Split":
        """Copy some of the images, with their labels.

        Args:
            indices: Which, shape ``(size,)``.

        Returns:
            A split of that size, in that order.
        """
        return Split(self.images[indices], self.labels[indices])

    def held_out(self, count: int, seed: int = 0) -> tuple["Split", "Split"]:
        """Split off images at random, every class in proportion to its size.

        Args:
            count: How many, from 1 to ``len(self) - 1``; anything else is refused with a ValueError.
            seed: Decides which.

        Returns:
            The rest, and the ``count`` images held out.
        """
        rest, chosen = stratified_split(self.labels, count, seed)
        return self.part(rest), self.part(chosen)


@dataclass(frozen=True, eq=False)
class Dataset:
    """A data set as published: training and test images, and what the classes are called.

    Use: ``Dataset("toy", train, test, ("cat", "dog")).with_validation(100)``.

    Attributes:
        name: What figures and records call it; never a path.
        train: The complete published training set, or what is left of it beside ``validation``.
        test: Reported only.
        classes: Name of each class; label ``i`` is ``classes[i]``.
        validation: Images split off ``train`` to choose with, if any.

    Raises:
        ValueError: If images differ in shape between splits, or a label has no class name.
    """

    name: str
    train: Split
    test: Split
    classes: tuple[str, ...]
    validation: Split | None = None

    def __post_init__(self) -> None:
        for role, split in self._splits().items():
            shape, expected = split.images.shape[1:], self.train.images.shape[1:]
            if shape != expected:
                raise ValueError(f"{role} images have shape {shape}, train images {expected}")
            if split.labels.max() >= len(self.classes):
                raise ValueError(
                    f"{role} has label {split.labels.max()}, but there are {len(self.classes)} class names"
                )

    def with_validation(self, count: int, seed: int = 0) -> "Dataset":
        """Split validation images off the training set, stratified by class.

        Args:
            count: How many, from 1 to ``len(self.train) - 1``.
            seed: Decides which.

        Returns:
            A data set of the same name and content hash whose ``train`` lost those images.

        Raises:
            ValueError: If it already has validation images, or ``count`` is out of range.
        """
        if self.validation is not None:
            raise ValueError(f"{self.name} already has {len(self.validation)} validation images")
        train, validation = self.train.held_out(count, seed)
        divided = replace(self, train=train, validation=validation)
        vars(divided)["content_hash"] = self.content_hash  # it names what was published, however divided
        return divided

    @cached_property
    def content_hash(self) -> str:
        """Sixteen hexadecimal digits that change with any pixel, label or class name."""
        digest = hashlib.sha256(json.dumps(self.classes).encode())
        for role, split in self._splits().items():
            labels = split.labels.astype("<i8", copy=False)  # the same on every machine
            for array in (split.images, labels):
                digest.update(f"{role} {array.dtype.str} {array.shape}".encode())
                digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()[:16]

    def _splits(self) -> dict[str, Split]:
        splits = {"train": self.train, "test": self.test}
        return splits if self.validation is None else splits | {"validation": self.validation}


def with_sixth_held_out(name: str, images: Split, classes: tuple[str, ...]) -> Dataset:
    """Make a data set of images that come without a test set: a sixth becomes one.

    The share is CIFAR-10's and the choice is seeded (0) and stratified, so everybody holds out the same.

    Args:
        name: Of the data set.
        images: All of it, at least two images.
        classes: Name of each class.

    Returns:
        A data set whose test split is a sixth of the images.

    Raises:
        ValueError: If there are fewer than two images, or a class has a single one: it cannot be in both.
    """
    if len(images) < 2:
        raise ValueError("a single image cannot be divided into train and test")
    alone = np.flatnonzero(np.bincount(images.labels) == 1)
    if len(alone):
        raise ValueError(
            f"found a single image of class {_named(alone, classes)}, expected two or more of every class, to train on "
            f"and to test: leave it out, or give a test set"
        )
    train, test = images.held_out(max(1, round(len(images) / 6)))
    return Dataset(name, train, test, classes)


def refuse_untrained(data: Dataset) -> None:
    """Refuse a data set with a class that cannot be learned.

    Args:
        data: As it was read.

    Raises:
        ValueError: If a class has no training image.
    """
    trained = np.unique(data.train.labels)
    unknown = np.setdiff1d(data.test.labels, trained)
    if len(unknown):
        raise ValueError(
            f"found test images of class {_named(unknown, data.classes)} and no training image of it, expected "
            f"training images of every class"
        )
    untrained = np.setdiff1d(np.arange(len(data.classes)), trained)
    if len(untrained):
        raise ValueError(
            f"found labels {trained.min()} to {trained.max()} and no image of class {_named(untrained, data.classes)}, "
            f"expected 0 to (number of classes - 1) without gaps: np.unique(labels, return_inverse=True)[1] closes them"
        )
    if len(data.classes) < 2:
        raise ValueError("found images of one class, expected two classes or more")


def _named(labels: NDArray[np.int64], classes: tuple[str, ...]) -> str:
    """A few classes by name, and how many more there are."""
    names = ", ".join(classes[label] for label in labels[:3])
    return names if len(labels) <= 3 else f"{names} and {len(labels) - 3} more"


def numbered_classes(*labels: NDArray[np.int64]) -> tuple[str, ...]:
    """Names for classes that came without: "0", "1" and so on up to the largest label.

    Args:
        labels: Class indices of each split, each of shape ``(n,)``, n at least 1.

    Returns:
        One name per class.

    Raises:
        ValueError: If the largest label is 100,000 or more: no class index, but some other number.
    """
    largest = max(int(each.max()) for each in labels)
    if largest >= 100_000:
        raise ValueError(f"label {largest} is not a class index: give 0 to (number of classes - 1)")
    return tuple(str(index) for index in range(largest + 1))
