"""Image files become one array: grey or colour, of one size, eight bits deep."""

import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from analysis.datasets.decode import decode

GREY = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20
COLOUR = np.stack([GREY, GREY + 1, GREY + 2], axis=-1)


def converted(mode, pixels=GREY):
    stream = BytesIO()
    Image.fromarray(pixels).convert(mode).save(stream, "PNG")
    return stream.getvalue()


@pytest.mark.parametrize("form", ["PNG", "BMP", "PPM", "TIFF"])
@pytest.mark.parametrize("pixels", [GREY, COLOUR], ids=["grey", "colour"])
def test_lossless_formats_give_back_every_level(encode, pixels, form):
    (decoded,) = decode([("a", encode(pixels, form))], 1)
    assert np.array_equal(decoded, pixels.reshape(3, 4, -1))


def test_all_grey_is_one_channel():
    black_and_white = converted("1")
    images = decode([("a", converted("L")), ("b", converted("LA")), ("c", black_and_white)], 3)
    assert images.shape == (3, 3, 4, 1)
    assert set(images[2].flat) == {0, 255}


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0), (2, 1, 0)])
def test_one_image_in_colour_makes_all_of_them_colour(encode, order):
    pixels = [GREY, COLOUR, GREY]
    images = decode([(str(i), encode(pixels[i])) for i in order], 3)
    expected = [np.broadcast_to(pixels[i].reshape(3, 4, -1), (3, 4, 3)) for i in order]
    assert np.array_equal(images, expected)


def test_transparency_is_dropped():
    (image,) = decode([("a", converted("RGBA", COLOUR))], 1)
    assert np.array_equal(image, COLOUR)


def test_a_palette_with_transparency_is_looked_up():
    indexed = Image.fromarray(np.eye(3, dtype=np.uint8), "L").convert("P")
    indexed.putpalette([10, 20, 30, 40, 50, 60])
    stream = BytesIO()
    indexed.save(stream, "PNG", transparency=bytes([100, 200]))
    (image,) = decode([("a", stream.getvalue())], 1)
    assert image[0].tolist() == [[40, 50, 60], [10, 20, 30], [10, 20, 30]]


@pytest.mark.parametrize(
    ("pixels", "form"),
    [(GREY.astype(np.uint16), "PNG"), (GREY.astype(np.int32), "TIFF"), (GREY.astype(np.float32), "TIFF")],
    ids=["16 bits", "32 bits", "floats"],
)
def test_deeper_pixels_are_refused_by_name(encode, pixels, form):
    with pytest.raises(ValueError, match=r"deep\.png has pixels of kind .*8 bits"):
        decode([("deep.png", encode(pixels, form))], 1)


def test_sixteen_bit_colour_is_refused_although_pillow_would_halve_it():
    with pytest.raises(ValueError, match=r"deep\.png has pixels of kind RGB, more than 8 bits"):
        decode([("deep.png", deep_colour_png())], 1)


def deep_colour_png():
    """A PNG of one black pixel in colour, 16 bits per channel; pillow cannot write one."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 16, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(7))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def test_two_sizes_are_refused_with_an_example_of_each(encode):
    with pytest.raises(ValueError, match=r"a\.png has 4 x 3, b\.png has 3 x 3"):
        decode([("a.png", encode(GREY)), ("b.png", encode(GREY[:, :3]))], 2)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF"])
def test_a_truncated_image_is_refused_by_name(make_split, encode, form):
    content = encode(make_split(1, (64, 64, 3)).images[0], form)
    with pytest.raises(ValueError, match=r"broken cannot be decoded"):
        decode([("broken", content[: len(content) // 2])], 1)


def test_what_is_no_image_is_refused_by_name():
    with pytest.raises(ValueError, match=r"page\.png cannot be decoded"):
        decode([("page.png", b"<html>")], 1)
