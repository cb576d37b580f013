"""What a network in a cohort sees is what it sees alone: the same images, moved, projected and blurred alike."""

import pytest
import torch
from torch import Generator, Tensor

from analysis.datasets.batches import AUGMENTATIONS, batches
from analysis.datasets.cohort_batches import CohortBatches, Share

IMAGES = torch.randint(256, (30, 2, 5, 4), generator=Generator().manual_seed(0), dtype=torch.uint8)
LABELS = torch.arange(30)
SUBSETS = (torch.arange(30), torch.tensor([4, 2, 9]), torch.arange(12).flip(0), torch.tensor([7]))


def halved(images: Tensor) -> Tensor:
    return images / 2


def cut(images: Tensor) -> Tensor:
    return torch.cat((torch.zeros_like(images[..., :1]), images[..., 1:]), dim=3)


PROJECTIONS = {"none": [None] * 4, "one": [halved] * 4, "several": [halved, cut, None, halved]}


def together(augmentation: str, projections: str, noise: float) -> CohortBatches:
    shares = [
        Share(rows, Generator().manual_seed(seed), project, seed * noise)
        for seed, (rows, project) in enumerate(zip(SUBSETS, PROJECTIONS[projections], strict=True))
    ]
    return CohortBatches(IMAGES, LABELS, shares, batch_size=8, augment=AUGMENTATIONS[augmentation])


@pytest.mark.parametrize("augmentation", AUGMENTATIONS)
@pytest.mark.parametrize("projections", PROJECTIONS)
@pytest.mark.parametrize("noise", [0.0, 0.25])
def test_every_network_sees_what_it_sees_alone(augmentation: str, projections: str, noise: float) -> None:
    drawn = together(augmentation, projections, noise)
    alone = [
        batches(
            IMAGES[rows],
            LABELS[rows],
            batch_size=8,
            steps=9,
            generator=Generator().manual_seed(seed),
            augment=AUGMENTATIONS[augmentation],
            project=project,
            noise=seed * noise,
        )
        for seed, (rows, project) in enumerate(zip(SUBSETS, PROJECTIONS[projections], strict=True))
    ]
    for expected in zip(*alone, strict=True):
        images, labels = drawn.draw()
        assert torch.equal(images, torch.stack([batch for batch, _ in expected]))
        assert torch.equal(labels, torch.stack([batch for _, batch in expected]))


def test_who_stays_goes_on_as_before() -> None:
    drawn, whole = (together("shift", "several", 0.25) for _ in range(2))
    drawn.draw()
    whole.draw()
    drawn.keep(torch.tensor([0, 3]))
    for _ in range(5):
        (images, labels), (all_images, all_labels) = drawn.draw(), whole.draw()
        assert torch.equal(images, all_images[[0, 3]])
        assert torch.equal(labels, all_labels[[0, 3]])


def test_draws_go_on_from_a_state() -> None:
    drawn, later = (together("shift-flip", "none", 0.25) for _ in range(2))
    for _ in range(3):
        drawn.draw()
    state = drawn.state()
    expected = drawn.draw()
    later.load(state)
    for found, value in zip(later.draw(), expected, strict=True):
        assert torch.equal(found, value)
