"""What of a preset follows from the data set it is put on: sizes, bands, images held out, networks wide enough."""

from dataclasses import replace
from math import prod

from analysis.trials import Components, Trial

FEWEST = 4  # directions, so that there are bands of several kinds
LARGE = 3_072  # pixel values, CIFAR-10's; square layers of more take seconds a step
WIDTH = 784  # MNIST's, for networks as wide as an image has values, where these are too few or too many
Shape = tuple[int, int, int]  # height, width, channels


def sizes(images: int, classes: int) -> tuple[int | None, ...]:
    """Training-set sizes that double up to all images, ten at most, the smallest with an image of every class.

    Args:
        images: Number of training images.
        classes: Number of classes among them.

    Returns:
        Rising; the last is None, all images.

    Example:
        >>> sizes(50, 10)
        (12, 25, None)
    """
    halves = [images // 2**k for k in range(9, 0, -1)]
    return (*(size for size in halves if size >= classes), None)


def bands(directions: int) -> tuple[Components | None, ...]:
    """The shape of the standard bands: everything, a small head, a larger one, two tails, and head and tail.

    Args:
        directions: Of non-zero variance, at least ``FEWEST``.

    Returns:
        Six different unions of bands; None for all pixels.

    Example:
        >>> bands(61)
        (None, ((0, 1),), ((0, 10),), ((10, None),), ((30, None),), ((0, 1), (30, None)))
    """
    head = max(directions // 45, 1)
    middle = max(directions // 6, head + 1)
    tail = max(directions // 2, middle + 1)
    return None, ((0, head),), ((0, middle),), ((middle, None),), ((tail, None),), ((0, head), (tail, None))


def firsts(directions: int) -> tuple[int, ...]:
    """First directions of the sweep, in sixteenths of all.

    Args:
        directions: Of non-zero variance.

    Returns:
        Rising from 0, all below ``directions``.

    Example:
        >>> firsts(16)
        (0, 1, 2, 4, 6, 8, 10, 12)
    """
    return tuple(sorted({0, *(directions * part // 16 for part in (1, 2, 4, 6, 8, 10, 12))}))


def held_out(images: int, classes: int) -> int:
    """Validation images of the search: a fifth, or one of each class where that is more, but at most a quarter.

    Args:
        images: Number of training images, at least 4.
        classes: Number of classes among them.

    Returns:
        How many.

    Example:
        >>> held_out(833, 200)
        200
    """
    return max(images // 5, min(classes, images // 4))


def wide_enough(model: Trial, classes: int, shape: Shape) -> Trial:
    """Widen a 1-Lipschitz network that has fewer channels at its end than there are classes.

    Args:
        model: Trial of any network.
        classes: Number of classes.
        shape: Of an image.

    Returns:
        The same trial where its network will do. One that is as wide as an image has values gets ``WIDTH`` where
        these are fewer than the classes, or more than ``LARGE``.

    Example:
        >>> wide_enough(Trial(dataset="birds", model="AOL-MLP", width=64), 200, (32, 32, 3)).width
        200
    """
    _, dash, family = model.model.partition("-")
    if not dash:
        return model
    features, width = prod(shape), model.width
    if width is None and family == "MLP" and not classes <= features <= LARGE:
        width = WIDTH
    if width is None:
        return model
    doubled = 1 if family == "MLP" else max(shape[:2])  # channels double wherever the side is halved
    return replace(model, width=_even(max(width, -(-classes // doubled))))


def _even(width: int) -> int:
    return width + width % 2
