"""Arrays are checked at construction; the content hash follows every pixel and label."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.datasets import Dataset, Split
from analysis.datasets.dataset import numbered_classes, with_sixth_held_out

IMAGES = np.zeros((2, 4, 4, 1), dtype=np.uint8)
LABELS = np.array([0, 1])


@pytest.fixture
def toy(make_split):
    return Dataset("toy", make_split(20), make_split(6, seed=1), ("cat", "dog"))


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (IMAGES[..., 0], LABELS, r"uint8 of shape \(2, 4, 4\)"),
        (IMAGES / 255, LABELS, "got float64"),
        (IMAGES[:0], LABELS[:0], "at least one image"),
        (IMAGES, LABELS[:, None], r"int64 of shape \(2, 1\)"),
        (IMAGES, LABELS.astype(np.int32), "got int32"),
        (IMAGES, LABELS[:1], "2 images do not go with 1 labels"),
        (IMAGES, LABELS - 1, "0 or more, got -1"),
    ],
)
def test_a_split_refuses_other_arrays(images, labels, message):
    with pytest.raises(ValueError, match=message):
        Split(images, labels)


def test_a_part_keeps_images_and_labels_together(make_split):
    split = make_split(9)
    part = split.part(np.array([7, 2]))
    assert np.array_equal(part.images, split.images[[7, 2]])
    assert part.labels.tolist() == [1, 0]


def test_splits_must_have_images_of_one_shape(toy, make_split):
    with pytest.raises(ValueError, match=r"test images have shape \(4, 4, 3\), train images \(4, 5, 3\)"):
        replace(toy, test=make_split(6, shape=(4, 4, 3)))


def test_every_label_must_have_a_name(toy):
    with pytest.raises(ValueError, match="train has label 1, but there are 1 class names"):
        replace(toy, classes=("cat",))


def test_validation_images_come_out_of_the_training_set(toy):
    divided = toy.with_validation(6, seed=3)
    pieces = np.concatenate([divided.train.images, divided.validation.images])
    assert (len(divided.train), len(divided.validation)) == (14, 6)
    assert np.bincount(divided.validation.labels).tolist() == [3, 3]
    assert sorted(map(bytes, pieces)) == sorted(map(bytes, toy.train.images))
    assert divided.test is toy.test


def test_the_seed_decides_which_validation_images(toy):
    first, again, other = (toy.with_validation(6, seed).validation.images for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("count", [0, 20])
def test_validation_must_leave_images_on_both_sides(toy, count):
    with pytest.raises(ValueError, match=f"1 to 19 of 20 images, not {count}"):
        toy.with_validation(count)


def test_validation_is_split_off_once(toy):
    with pytest.raises(ValueError, match="toy already has 3 validation images"):
        toy.with_validation(3).with_validation(3)


def test_the_content_hash_is_the_published_set_s_however_it_is_divided(toy):
    assert toy.with_validation(3).content_hash == toy.content_hash
    assert replace(toy, name="other").content_hash == toy.content_hash


@pytest.mark.parametrize("role", ["train", "test"])
@pytest.mark.parametrize("field", ["images", "labels"])
def test_the_content_hash_changes_with_one_value(toy, role, field):
    split = getattr(toy, role)
    changed = getattr(split, field).copy()
    changed.flat[-1] ^= 1
    assert replace(toy, **{role: replace(split, **{field: changed})}).content_hash != toy.content_hash


def test_the_content_hash_changes_with_class_names_and_shape(toy):
    turned = (replace(split, images=split.images.reshape(-1, 5, 4, 3)) for split in (toy.train, toy.test))
    assert replace(toy, classes=("dog", "cat")).content_hash != toy.content_hash
    assert Dataset("toy", *turned, toy.classes).content_hash != toy.content_hash


def test_the_content_hash_is_pinned():
    """Records already paid for name this hash: it may never change."""
    split = Split(IMAGES, LABELS)
    assert Dataset("pinned", split, split, ("a", "b")).content_hash == "53b96b1548258891"


def test_a_sixth_is_held_out_of_a_set_without_a_test(make_split):
    dataset = with_sixth_held_out("toy", make_split(24), ("cat", "dog"))
    assert (len(dataset.train), len(dataset.test)) == (20, 4)
    assert np.bincount(dataset.test.labels).tolist() == [2, 2]


def test_a_single_image_is_not_divided(make_split):
    with pytest.raises(ValueError, match="single image"):
        with_sixth_held_out("toy", make_split(1), ("cat",))


def test_classes_without_names_are_numbered():
    assert numbered_classes(np.array([0, 0]), np.array([2])) == ("0", "1", "2")
    with pytest.raises(ValueError, match="label 123456 is not a class index"):
        numbered_classes(np.array([123456]))
