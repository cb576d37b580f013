"""Maps between sizes keep distances, or project."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from analysis.lipschitz import FirstChannels, SubtractMean, ZeroChannels, ZeroFrame, lipschitz_bound, operator_norm

SHAPE = (3, 4, 2)
ISOMETRIES: dict[str, nn.Module] = {
    "mean": SubtractMean(torch.tensor([0.5, 0.2, 0.1])),
    "channels": ZeroChannels(5),
    "no-channels": ZeroChannels(3),
    "frame": ZeroFrame(8, 7),
    "no-frame": ZeroFrame(4, 2),
    "unshuffle": nn.PixelUnshuffle(2),
    "flatten": nn.Flatten(),
}
MAPS = ISOMETRIES | {"first": FirstChannels(2), "all": FirstChannels(3), "relu": nn.ReLU()}


def images() -> Tensor:
    return torch.randn(20, *SHAPE, dtype=torch.float64)


@pytest.mark.parametrize("name", ISOMETRIES)
def test_an_isometry_keeps_every_distance(name: str) -> None:
    x, y = images(), images()
    moved = ISOMETRIES[name](x) - ISOMETRIES[name](y)
    torch.testing.assert_close(moved.flatten(1).norm(dim=1), (x - y).flatten(1).norm(dim=1))


@pytest.mark.parametrize("name", MAPS)
def test_no_map_increases_a_distance(name: str) -> None:
    for single in images()[:3]:
        assert operator_norm(MAPS[name], single) <= 1 + 1e-12
    assert lipschitz_bound(MAPS[name], SHAPE) <= 1 + 1e-12


def test_first_channels_undo_zero_channels_and_project() -> None:
    x = images()
    assert torch.equal(FirstChannels(3)(ZeroChannels(5)(x)), x)
    kept = ZeroChannels(3)(FirstChannels(2)(x))
    assert torch.equal(ZeroChannels(3)(FirstChannels(2)(kept)), kept)
    assert torch.equal(kept[:, :2], x[:, :2])
    assert (kept[:, 2:] == 0).all()


def test_channels_of_vectors_are_their_entries() -> None:
    x = torch.randn(4, 6)
    assert torch.equal(FirstChannels(6)(ZeroChannels(9)(x)), x)


@pytest.mark.parametrize("sides", [(4, 2), (5, 2), (7, 9)], ids=str)
def test_a_frame_surrounds_the_image_with_zeros(sides: tuple[int, int]) -> None:
    x = images()
    framed = ZeroFrame(*sides)(x)
    top, left = (sides[0] - 4) // 2, (sides[1] - 2) // 2
    assert framed.shape == (20, 3, *sides)
    assert torch.equal(framed[:, :, top : top + 4, left : left + 2], x)
    assert framed.count_nonzero() == x.count_nonzero()


def test_the_mean_is_subtracted_by_channel() -> None:
    mean = torch.tensor([0.5, 0.2, 0.1])
    assert torch.equal(SubtractMean(mean)(mean[:, None, None].expand(2, 3, 4, 5)), torch.zeros(2, 3, 4, 5))
    assert list(SubtractMean(mean).parameters()) == []


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ZeroChannels(2)(images()), "cannot widen 3 channels to 2"),
        (lambda: FirstChannels(4)(images()), "cannot keep 4 of 3 channels"),
        (lambda: ZeroFrame(3, 8)(images()), "4 x 2 images exceed the 3 x 8 frame"),
        (lambda: ZeroFrame(8, 1)(images()), "4 x 2 images exceed the 8 x 1 frame"),
    ],
)
def test_what_does_not_fit_is_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
