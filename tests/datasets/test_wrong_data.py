"""What a newcomer gets wrong, layout by layout: every answer says what was found and what was expected."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from PIL import Image

from analysis.datasets import load

Make = Callable[[Path], object]


def png(pixels: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


IMAGES = np.random.default_rng(0).integers(256, size=(12, 4, 4), dtype=np.uint8)
LABELS = np.arange(12) % 3
NAMES = ("cat", "dog", "emu")


def folders(root: Path, names: tuple[str, ...] = NAMES, count: int = 4) -> None:
    for name in names:
        (root / name).mkdir(parents=True)
        for number in range(count):
            (root / name / f"{number}.png").write_bytes(png(IMAGES[number]))


def split(root: Path, train: tuple[str, ...], test: tuple[str, ...]) -> None:
    folders(root / "train", train)
    folders(root / "test", test)


def one_more(name: str, content: bytes) -> Make:
    def make(root: Path) -> None:
        folders(root)
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(content)

    return make


def arrays(**changed: np.ndarray | None) -> Make:
    """An .npz file called as the folder would be."""
    given = {"x_train": IMAGES, "y_train": LABELS} | changed

    def make(root: Path) -> None:
        np.savez(root.with_suffix(".npz"), **{name: array for name, array in given.items() if array is not None})

    return make


def table(columns: dict[str, list[object]]) -> Make:
    def make(root: Path) -> None:
        root.mkdir()
        pa.parquet.write_table(pa.table(columns), root / "train-0.parquet")

    return make


ENCODED: list[object] = [{"bytes": png(image)} for image in IMAGES]
WRONG: dict[str, tuple[Make, str]] = {
    "nothing": (Path.mkdir, r"own has 0 class folders, needs two or more \(found nothing\): expected class folders"),
    "other files": (
        lambda root: (root.mkdir(), (root / "notes.txt").touch()),
        r"own has 0 class folders, needs two or more \(found notes\.txt\)",
    ),
    "no classes": (
        lambda root: folders(root.parent, (root.name,)),
        r"own has 4 images, such as 0\.png, outside of class folders: expected class folders of images, or train/",
    ),
    "one class": (lambda root: folders(root, ("cat",)), r"has 1 class folders, needs two or more \(found cat\)"),
    "deeper classes": (lambda root: folders(root / "cat", ("young", "old")), r"found cat\): expected class folders"),
    "another size": (
        one_more("cat/9.png", png(IMAGES[0, :3])),
        r"images must be of one size: .*cat/0\.png has 4 x 4, .*cat/9\.png has 4 x 3",
    ),
    "damaged": (one_more("dog/9.png", png(IMAGES[0])[:40]), r"dog/9\.png cannot be decoded"),
    "no image": (one_more("dog/9.png", b"x"), r"dog/9\.png cannot be decoded: it is empty, damaged, or no image"),
    "16 bits": (
        one_more("dog/9.png", png(IMAGES[0].astype(np.uint16) * 257)),
        r"dog/9\.png has pixels of kind I.*, more than 8 bits deep: save it with 8 bits",
    ),
    "a single image": (
        one_more("owl/0.png", png(IMAGES[0])),
        "found a single image of class owl, expected two or more of every class, to train on and to test",
    ),
    "test without train": (lambda root: folders(root / "test"), r"own has no train/ \(found test\): expected"),
    "unknown in test": (
        lambda root: split(root, NAMES[:2], NAMES),
        "classes must be the same in train and test, found only in test: emu",
    ),
    "missing in test": (
        lambda root: split(root, NAMES, NAMES[:2]),
        "classes must be the same in train and test, found only in train: emu",
    ),
    "other names": (
        arrays(x_train=None, y_train=None, images=IMAGES, labels=LABELS),
        r"own\.npz: found images, labels, expected x_train, y_train, .*; it lacks x_train, y_train",
    ),
    "half a test": (arrays(x_test=IMAGES), "found .*x_test, expected .*; it lacks y_test"),
    "wide integers": (
        arrays(x_train=IMAGES.astype(int)),
        r"images must be uint8 .* got int64 of shape",
    ),
    "floats of levels": (
        arrays(x_train=IMAGES.astype(float)),
        r"found float images from \d+ to \d+, expected \[0, 1\], or uint8 from 0 to 255",
    ),
    "one-hot labels": (
        arrays(y_train=np.eye(3)[LABELS]),
        r"found labels of float64 and shape \(12, 3\), expected integers of shape \(n,\) or \(n, 1\)",
    ),
    "labels from 1": (
        arrays(y_train=LABELS + 1),
        r"found labels 1 to 3 and no image of class 0, expected 0 to \(number of classes - 1\) without gaps",
    ),
    "labels with gaps": (arrays(y_train=5 * LABELS), "no image of class 1, 2, 3 and 5 more, expected 0 to"),
    "negative labels": (arrays(y_train=LABELS - 1), "labels must be 0 or more, got -1"),
    "unknown test label": (
        arrays(x_test=IMAGES, y_test=LABELS + 1),
        "found test images of class 3 and no training image of it, expected training images of every class",
    ),
    "one label": (arrays(y_train=0 * LABELS), "found images of one class, expected two classes or more"),
    "no file of arrays": (
        lambda root: root.with_suffix(".npz").write_bytes(b"x"),
        r"own\.npz is not a readable \.npz file .*: make or fetch it again",
    ),
    "no labels": (
        table({"image": ENCODED, "name": ["cat"] * 12}),
        r"expected a column of integer labels, .* found \[\] in \['image', 'name'\]",
    ),
    "no images": (table({"label": [0, 1] * 6}), r"expected one column of images .* found \[\] in \['label'\]"),
    "missing labels": (table({"image": ENCODED, "label": [0, 1, None] * 4}), "4 of 12 labels are missing"),
}


@pytest.mark.parametrize("layout", WRONG)
def test_wrong_data_is_answered_by_what_was_found_and_expected(layout: str, tmp_path: Path) -> None:
    make, message = WRONG[layout]
    make(tmp_path / "own")
    with pytest.raises(ValueError, match=message) as raised:
        load("own", tmp_path)
    assert str(tmp_path) in str(raised.value), "and where"


@pytest.mark.parametrize(("typed", "meant"), [("owm", "own"), ("digit", "digits"), ("cifar", "cifar10")])
def test_a_typing_error_is_answered_by_what_may_be_meant(typed: str, meant: str, tmp_path: Path) -> None:
    folders(tmp_path / "own")
    with pytest.raises(ValueError, match=rf"unknown data set '{typed}'.* is it {meant}"):
        load(typed, tmp_path)


def test_grey_colour_palettes_and_transparency_become_one_kind(tmp_path: Path) -> None:
    """Grey is repeated where there is colour, transparency is dropped, palettes are looked up."""
    folders(tmp_path / "own")
    colour = np.random.default_rng(1).integers(256, size=(4, 4, 4), dtype=np.uint8)
    Image.fromarray(colour).save(tmp_path / "own" / "dog" / "transparent.png")
    palette = Image.fromarray(IMAGES[5] % 4)
    palette.putpalette([value for level in range(4) for value in (10 * level, 0, 255)])
    palette.save(tmp_path / "own" / "emu" / "palette.png")
    data = load("own", tmp_path)
    images = np.concatenate([data.train.images, data.test.images])
    assert images.shape == (14, 4, 4, 3)
    found = {image.tobytes() for image in images}
    looked_up = np.stack((10 * (IMAGES[5] % 4), 0 * IMAGES[5], 0 * IMAGES[5] + 255), axis=-1)
    for expected in (colour[..., :3], looked_up, np.repeat(IMAGES[0][..., None], 3, axis=-1)):
        assert expected.tobytes() in found
