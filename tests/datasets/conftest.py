"""Small data sets and image files, made where a test asks for them."""

from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from analysis.datasets import Split

MakeSplit = Callable[..., Split]
Encode = Callable[..., bytes]


@pytest.fixture
def make_split() -> MakeSplit:
    """Random images of a given shape; labels 0, 1, ... in turn."""

    def make(count: int, shape: tuple[int, ...] = (4, 5, 3), classes: int = 2, seed: int = 0) -> Split:
        pixels = np.random.default_rng(seed).integers(256, size=(count, *shape), dtype=np.uint8)
        return Split(pixels, np.arange(count) % classes)

    return make


@pytest.fixture
def encode() -> Encode:
    """Write an image in an image format (PNG keeps every level)."""

    def encoded(pixels: NDArray, form: str = "PNG") -> bytes:
        stream = BytesIO()
        Image.fromarray(pixels.squeeze()).save(stream, form)
        return stream.getvalue()

    return encoded
