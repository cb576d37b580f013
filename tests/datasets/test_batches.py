"""Batches are even, endless and seeded; augmentation moves images one by one; projection comes last."""

from collections.abc import Iterator
from itertools import islice

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Generator, Tensor

from analysis.datasets.batches import AUGMENTATIONS, Augmentation, batches, flip, index_stream, shift, shift_flip

COUNT, BATCH = st.integers(1, 12), st.integers(1, 30)
IMAGES = torch.arange(5 * 3 * 8 * 16).remainder(255).add(1).reshape(5, 3, 8, 16).to(torch.uint8)
LABELS = torch.arange(5)


def seeded(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


def stream(count: int, batch_size: int, seed: int = 0) -> Iterator[Tensor]:
    return index_stream(count, batch_size=batch_size, generator=seeded(seed))


@given(COUNT, BATCH, st.integers(1, 20))
def test_at_any_time_no_image_is_more_than_one_visit_ahead(count: int, batch_size: int, steps: int) -> None:
    """The stream is one permutation after another: after each batch counts differ by at most one."""
    seen = torch.zeros(count, dtype=torch.int64)
    for step, batch in enumerate(islice(stream(count, batch_size), steps), start=1):
        assert batch.shape == (batch_size,)
        seen += batch.bincount(minlength=count)
        assert seen.sum() == step * batch_size
        assert seen.max() - seen.min() <= 1


@given(COUNT, BATCH)
def test_within_a_batch_no_image_is_more_than_two_visits_ahead(count: int, batch_size: int) -> None:
    """A batch may end one permutation and begin another, and no more: each adds at most one."""
    for batch in islice(stream(count, batch_size), 10):
        visits = batch.bincount(minlength=count)
        assert visits.max() - visits.min() <= 2
        assert visits.max() <= batch_size // count + 2


def test_every_epoch_is_a_new_permutation() -> None:
    epochs = [tuple(batch.tolist()) for batch in islice(stream(6, 6), 20)]
    assert all(sorted(epoch) == list(range(6)) for epoch in epochs)
    assert len(set(epochs)) > 15


def test_batches_cut_one_stream_whatever_their_size() -> None:
    one, seven = (torch.cat([*islice(stream(5, size), 70 // size)]) for size in (1, 7))
    assert torch.equal(one, seven)


def test_the_seed_decides_the_order() -> None:
    first, again, other = (torch.cat([*islice(stream(50, 20, seed), 10)]) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize(("count", "batch_size"), [(0, 1), (1, 0), (-1, 5)])
def test_no_images_or_empty_batches_are_refused(count: int, batch_size: int) -> None:
    with pytest.raises(ValueError, match=f"at least 1, got {count} and {batch_size}"):
        next(stream(count, batch_size))


@pytest.mark.parametrize("batch_size", [2, 5, 13])
@pytest.mark.parametrize("steps", [0, 1, 4])
def test_batches_are_so_many_of_one_size_with_their_labels(batch_size: int, steps: int) -> None:
    made = list(batches(IMAGES, LABELS, batch_size=batch_size, steps=steps, generator=seeded()))
    assert len(made) == steps
    for images, labels in made:
        assert (images.shape, images.dtype) == ((batch_size, 3, 8, 16), torch.float32)
        assert torch.equal(images, IMAGES[labels] / 255)


def test_augmented_images_are_projected_last() -> None:
    """A network on a band never sees anything outside it: here, the images without their first column."""

    def project(images: Tensor) -> Tensor:
        return torch.cat((torch.zeros_like(images[..., :1]), images[..., 1:]), dim=3)

    arguments = {"batch_size": 20, "steps": 3, "augment": shift_flip}
    projected = batches(IMAGES, LABELS, generator=seeded(), project=project, **arguments)
    plain = batches(IMAGES, LABELS, generator=seeded(), **arguments)
    for (inside, labels), (outside, expected) in zip(projected, plain, strict=True):
        assert torch.equal(inside, project(outside))
        assert not torch.equal(inside, outside)
        assert torch.equal(labels, expected)


@pytest.mark.parametrize("augment", [value for value in AUGMENTATIONS.values() if value], ids=lambda f: f.__name__)
def test_the_seed_decides_the_augmentation(augment: Augmentation) -> None:
    images = IMAGES.repeat(4, 1, 1, 1)
    first, again, other = (augment(images, seeded(seed)) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(images, IMAGES.repeat(4, 1, 1, 1))


def place(moved: Tensor, image: Tensor) -> tuple[int, int]:
    """The offset of a moved copy, at most an eighth of each side, filled with zeros."""
    for down in (-1, 0, 1):
        for right in (-2, -1, 0, 1, 2):
            expected = torch.zeros_like(image)
            rows, columns = image.shape[1] - abs(down), image.shape[2] - abs(right)
            expected[:, max(0, down) :, max(0, right) :][:, :rows, :columns] = image[
                :, max(0, -down) :, max(0, -right) :
            ][:, :rows, :columns]
            if torch.equal(moved, expected):
                return down, right
    pytest.fail("not a shifted copy")


def test_a_shift_moves_every_image_by_an_offset_of_its_own() -> None:
    """Of 15 offsets 450 images miss one with probability 15 (14/15)^450 < 1e-12; none is frequent by chance.

    A count of mean 30 exceeds 60 with probability 1e-6.
    """
    image = IMAGES[:1].float()
    moved = shift(image.expand(450, -1, -1, -1), seeded())
    places = [place(single, image[0]) for single in moved]
    counts = [places.count((down, right)) for down in (-1, 0, 1) for right in (-2, -1, 0, 1, 2)]
    assert min(counts) > 0
    assert max(counts) < 60


def test_a_shift_brings_nothing_new() -> None:
    moved = shift(IMAGES.float(), seeded())
    assert moved.shape == IMAGES.shape
    assert (moved.flatten(1).sum(dim=1) <= IMAGES.flatten(1).sum(dim=1)).all()
    for image, original in zip(moved, IMAGES, strict=True):
        place(image, original.float())


@pytest.mark.parametrize("sides", [(1, 1), (3, 3), (7, 2)], ids=str)
def test_small_images_are_shifted_by_up_to_one_pixel(sides: tuple[int, int]) -> None:
    images = torch.zeros(200, 1, *sides)
    images[:, :, sides[0] // 2, sides[1] // 2] = 1
    moved = shift(images, seeded())
    assert moved.shape == images.shape
    assert set(moved.flatten(1).sum(dim=1).tolist()) <= {0.0, 1.0}
    assert len(moved.unique(dim=0)) == min(sides[0], 3) * min(sides[1], 3) + (min(sides) < 3)


def test_a_flip_mirrors_half_of_the_images_each_as_a_whole() -> None:
    """Of 1,000 images 500 plus or minus 4 standard deviations of 16."""
    images = IMAGES[:1].expand(1_000, -1, -1, -1)
    made = flip(images, seeded())
    mirrored = (made == images.flip(3)).flatten(1).all(dim=1)
    kept = (made == images).flatten(1).all(dim=1)
    assert (mirrored ^ kept).all()
    assert abs(int(mirrored.sum()) - 500) <= 64


def test_both_together_make_every_combination() -> None:
    """Of 30 equally likely ones, 600 images miss one with probability 30 (29/30)^600 < 1e-7."""
    made = shift_flip(IMAGES[:1].float().expand(600, -1, -1, -1), seeded())
    assert len(made.unique(dim=0)) == 30


def test_floats_are_taken_as_they_are() -> None:
    """Levels are divided by 255; what is no level has its own unit."""
    options = {"batch_size": 5, "steps": 1}
    (levels, _), (floats, _) = (
        next(batches(images, LABELS, generator=seeded(), **options)) for images in (IMAGES, IMAGES.double() * 1000)
    )
    torch.testing.assert_close(floats, levels * 255_000)
