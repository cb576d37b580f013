"""From image files to one array: all grey or all in colour, all of one size."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from analysis.datasets.dataset import Dataset, Split, with_sixth_held_out

if TYPE_CHECKING:
    from PIL.Image import Image

GREY = ("1", "L", "LA")
COLOUR = ("RGB", "RGBA", "RGBX", "RGBa", "P", "PA", "CMYK", "YCbCr", "HSV", "LAB", "La")
SIXTEEN_BITS = re.compile(r";16[BLN]?S?'")  # in pillow's raw modes; its RGB would silently drop half of them


@dataclass(frozen=True, eq=False)
class EncodedDataset:
    """A data set whose images are still as they were in their files.

    Attributes:
        images: Name (for messages) and content of every file, the training images first.
        labels: Class indices in the same order, shape ``(n,)``.
        training: How many of them are training images; ``n`` where the source has no test set.
        classes: Name of each class.
    """

    images: Iterable[tuple[str, bytes]]
    labels: NDArray[np.int64]
    training: int
    classes: tuple[str, ...]

    def decoded(self, name: str) -> Dataset:
        """Decode the images; without a test set, a sixth is held out.

        Args:
            name: Of the data set.

        Returns:
            The data set, with one channel if every image is grey, else with three.
        """
        images, cut = decode(self.images, len(self.labels)), self.training
        if cut == len(images):
            return with_sixth_held_out(name, Split(images, self.labels), self.classes)
        train, test = Split(images[:cut], self.labels[:cut]), Split(images[cut:], self.labels[cut:])
        return Dataset(name, train, test, self.classes)


def decode(files: Iterable[tuple[str, bytes]], count: int) -> NDArray[np.uint8]:
    """Decode image files of one size.

    Use: ``decode([("cat.png", content)], 1)``.

    Args:
        files: Name (for messages) and content of each.
        count: How many there are, at least 1.

    Returns:
        Shape ``(count, height, width, channels)``: one channel if every image is grey, else three.

    Raises:
        ValueError: If one cannot be decoded or has another size than the first, naming it.
    """
    images = np.empty((0, 0, 0, 1), dtype=np.uint8)
    first = ""
    for index, (name, content) in enumerate(files):
        pixels = decode_one(name, content)
        if index == 0:
            first, images = name, np.empty((count, *pixels.shape), dtype=np.uint8)
        if pixels.shape[:2] != images.shape[1:3]:
            raise ValueError(f"images must be of one size: {first} has {_size(images[0])}, {name} has {_size(pixels)}")
        if pixels.shape[2] > images.shape[3]:
            images = np.repeat(images, 3, axis=3)  # the first in colour: what came before was grey
        images[index] = pixels
    return images


def decode_one(name: str, content: bytes) -> NDArray[np.uint8]:
    """Decode one image file; transparency is dropped, of an animation the first frame is taken.

    Args:
        name: For messages.
        content: Of the file, in any format that pillow reads.

    Returns:
        Shape ``(height, width, 1)`` if the image is grey, else ``(height, width, 3)``.

    Raises:
        ValueError: If it cannot be decoded, or has more than 8 bits per channel.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(BytesIO(content)) as image:
            deep = SIXTEEN_BITS.search(str(image.tile))
            image.load()
            mode = image.mode
            if not deep and mode in GREY + COLOUR:
                return _pixels(image)
    except UnidentifiedImageError as error:
        raise ValueError(f"{name} cannot be decoded: it is empty, damaged, or no image") from error
    except Exception as error:  # on bytes at random, decoders raise nearly anything
        raise ValueError(f"{name} cannot be decoded ({error})") from error
    raise ValueError(f"{name} has pixels of kind {mode}, more than 8 bits deep: save it with 8 bits per channel")


def _pixels(image: "Image") -> NDArray[np.uint8]:
    if image.mode in GREY:
        return np.asarray(image.convert("L"))[:, :, None]
    if "transparency" in image.info:
        image = image.convert("RGBA")  # straight to RGB, pillow warns
    return np.asarray(image.convert("RGB"))


def _size(pixels: NDArray[np.uint8]) -> str:
    return f"{pixels.shape[1]} x {pixels.shape[0]}"
