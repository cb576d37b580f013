"""Attacks find distances that are known exactly, never less, for scores of every scale."""

import math

import pytest
import torch
from known_distances import Constant, Dead, Ring, exact_distances, linear, rotated
from torch import Tensor, nn

from analysis.evaluation import attack
from analysis.evaluation.attacks import settle

PIXELS = 784
ROUNDING = 1e-6


def pixels(count: int = 60, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.rand(count, PIXELS, generator=torch.Generator().manual_seed(2), dtype=torch.float64).to(dtype)


def predicted(model: nn.Module, images: Tensor) -> Tensor:
    with torch.no_grad():
        return model(images).argmax(dim=1)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_distances_to_hyperplanes_are_found(scale: float, dtype: torch.dtype) -> None:
    """In float32 an exact tie may seem decided: 1e-6 of the pixels' norm, beside distances of the order of one."""
    layer, images = linear(PIXELS, scale, dtype), pixels(dtype=dtype)
    labels = predicted(layer, images)
    _, norms = attack(layer, images, labels, steps=10, restarts=1)
    exact = exact_distances(layer, images, labels)
    ratios = norms / exact
    assert norms.dtype == torch.float64
    assert ratios.median() <= 1.01
    assert ratios.max() <= 1.05
    assert (norms - exact).min() >= (-ROUNDING * exact.min() if dtype == torch.float64 else -16 * ROUNDING)


def test_rotations_change_no_distance() -> None:
    model = rotated(PIXELS)
    images = pixels()
    labels = predicted(model, images)
    _, norms = attack(model, images, labels, steps=10, restarts=1)
    for rotation in model[:2]:
        images = rotation(images).detach()
    ratios = norms / exact_distances(model[2], images, labels)
    assert ratios.median() <= 1.01
    assert ratios.min() >= 1 - ROUNDING
    assert ratios.max() <= 1.05


@pytest.mark.parametrize("radius", [0.1, 0.3, 0.6])
@pytest.mark.parametrize("scale", [1e-3, 1e3])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_within_a_radius_exactly_the_nearer_boundaries_are_crossed(
    radius: float, scale: float, dtype: torch.dtype
) -> None:
    layer, images = linear(PIXELS, scale, dtype), pixels(dtype=dtype)
    labels = predicted(layer, images)
    exact = exact_distances(layer, images, labels)
    perturbations, norms = attack(layer, images, labels, radius=radius, steps=10, restarts=2)
    found = norms.isfinite()
    assert torch.equal(found, exact < radius)
    assert 0 < found.sum() < len(images)
    assert torch.equal(found, predicted(layer, images + perturbations) != labels)
    applied = ((images + perturbations).double() - images.double()).norm(dim=1)
    assert (applied <= radius).all()
    assert torch.equal(norms[found], applied[found])


def test_radii_may_differ_from_example_to_example() -> None:
    layer, images = linear(PIXELS), pixels()
    labels = predicted(layer, images)
    exact = exact_distances(layer, images, labels)
    factors = torch.tensor([0.99, 1.01]).repeat(30)
    _, norms = attack(layer, images, labels, radius=exact * factors, steps=10, restarts=1)
    assert torch.equal(norms.isfinite(), factors > 1)


def test_an_attack_that_fails_returns_what_came_closest() -> None:
    layer, images = linear(PIXELS), pixels()
    labels = predicted(layer, images)
    radii = 0.9 * exact_distances(layer, images, labels)
    perturbations, norms = attack(layer, images, labels, radius=radii, steps=10, restarts=9)
    assert norms.isinf().all()
    left = exact_distances(layer, images + perturbations, labels)
    torch.testing.assert_close(left, radii / 9)


@pytest.mark.parametrize("radius", [None, 0.2])
@pytest.mark.parametrize("inside", [True, False])
def test_the_distance_to_a_sphere_is_found(radius: float | None, inside: bool) -> None:
    """Its curvature is seen from within, where the gradient vanishes at the centre, and from outside."""
    images = pixels(40) - 0.5
    lengths = images.norm(dim=1)
    model = Ring(float(lengths.max()) + 0.1 if inside else float(lengths.min()) - 0.1)
    exact = (lengths - model.radius).abs()
    _, norms = attack(model, images, predicted(model, images), radius=radius, steps=30)
    assert (norms >= exact * (1 - ROUNDING)).all()
    if radius is None:
        assert (norms <= 1.01 * exact).all()
    else:
        assert torch.equal(norms.isfinite(), exact < radius)


@pytest.mark.parametrize("radius", [None, 1.0])
def test_clipped_images_stay_in_0_1(radius: float | None) -> None:
    """A classifier of one pixel that is 0.9 of the way to its end: its boundary lies within, or 0.3 beyond 1."""
    images = torch.tensor([[0.9, 0.0], [0.9, 1.0]], dtype=torch.float64)
    labels = torch.zeros(2, dtype=torch.int64)
    for boundary, reached in ((0.95, True), (1.2, False)):
        layer = nn.Linear(2, 2).double()
        layer.weight.data = torch.tensor([[0.0, 0.0], [1.0, 0.0]], dtype=torch.float64)
        layer.bias.data = torch.tensor([0.0, -boundary], dtype=torch.float64)
        perturbations, norms = attack(layer, images, labels, radius=radius, clip=True)
        assert torch.equal(norms.isfinite(), torch.tensor([reached, reached]))
        assert ((images + perturbations).clamp(0, 1) == images + perturbations).all()
        assert attack(layer, images, labels, radius=radius)[1].isfinite().all()


@pytest.mark.parametrize("radius", [None, 0.1])
def test_wrong_predictions_need_no_perturbation(radius: float | None) -> None:
    layer, images = linear(PIXELS), pixels()
    labels = predicted(layer, images)
    labels[::2] = (labels[::2] + 1) % 10
    perturbations, norms = attack(layer, images, labels, radius=radius, steps=5, restarts=1)
    assert (norms[::2] == 0).all()
    assert (perturbations[::2] == 0).all()
    assert (norms[1::2] > 0).all()
    assert (attack(layer, images[::2], labels[::2], radius=radius)[1] == 0).all()


@pytest.mark.parametrize("radius", [None, 0.1])
def test_where_nothing_changes_the_prediction_the_norm_is_infinite(radius: float | None) -> None:
    images, labels = pixels(4), torch.zeros(4, dtype=torch.int64)
    perturbations, norms = attack(Constant(), images, labels, radius=radius, steps=5)
    assert norms.isinf().all()
    assert (perturbations == 0).all()


def test_gradients_that_vanish_at_the_image_hinder_no_random_start() -> None:
    """Scores are flat up to a sum of four pixels of 5; within the diameter of the cube lie sums of more than that."""
    images, labels = torch.full((30, 4), 0.5), torch.zeros(30, dtype=torch.int64)
    perturbations, norms = attack(Dead(5.0), images, labels, restarts=9)
    assert perturbations.isfinite().all()
    assert norms.isfinite().float().mean() > 0.5
    exact = (5.5 - 2) / 2  # from a sum of 2 to one of 5.5, where the other score reaches 1
    assert (norms >= exact * (1 - ROUNDING)).all()
    assert norms.min() <= 1.01 * exact


@pytest.mark.parametrize("shape", [(784,), (1, 28, 28), (4, 14, 14)], ids=str)
def test_images_may_have_any_shape(shape: tuple[int, ...]) -> None:
    model = nn.Sequential(nn.Flatten(), linear(PIXELS))
    images = pixels(5)
    labels = predicted(model, images)
    flat, expected = attack(model, images, labels, steps=5, restarts=2)
    perturbations, norms = attack(model, images.view(5, *shape), labels, steps=5, restarts=2)
    assert perturbations.shape == (5, *shape)
    assert torch.equal(perturbations.flatten(1), flat)
    assert torch.equal(norms, expected)


def test_the_seed_decides_and_the_global_generator_is_left_alone() -> None:
    images, labels = torch.full((10, 4), 0.5), torch.zeros(10, dtype=torch.int64)
    before = torch.get_rng_state()
    first, again, other = (attack(Dead(5.0), images, labels, seed=seed)[0] for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), before)


def test_more_images_than_a_batch_are_attacked_alike() -> None:
    layer = linear(4)
    images = torch.rand(1_003, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    labels = predicted(layer, images)
    _, norms = attack(layer, images, labels, steps=5, restarts=1)
    torch.testing.assert_close(norms, exact_distances(layer, images, labels), rtol=1e-6, atol=0)


def test_a_perturbation_found_in_float32_holds_in_float64() -> None:
    single = linear(PIXELS, dtype=torch.float32)
    images = pixels(dtype=torch.float32)
    labels = predicted(single, images)
    found, norms = attack(single, images, labels, steps=10, restarts=1)
    double = linear(PIXELS)
    short = predicted(double, (images.double() + found.double()) * (1 - 1e-9)) == labels
    settled, longer = settle(double, images.double(), labels, found.double())
    assert short.any()
    assert (predicted(double, images.double() + settled) != labels).all()
    assert (longer >= exact_distances(double, images, labels) * (1 - 1e-9)).all()
    torch.testing.assert_close(longer, norms, rtol=1e-3, atol=1e-5)


NONE = torch.zeros(2, dtype=torch.int64)


@pytest.mark.parametrize(
    ("images", "labels", "options", "message"),
    [
        (torch.zeros(2, 4), NONE, {"radius": 0.0}, "radius must be positive and finite, one or 2, got 0.0"),
        (torch.zeros(2, 4), NONE, {"radius": -1.0}, "got -1.0"),
        (torch.zeros(2, 4), NONE, {"radius": math.nan}, "got nan"),
        (torch.zeros(2, 4), NONE, {"radius": torch.ones(3)}, "one or 2"),
        (torch.zeros(2, 4), NONE, {"steps": 0}, "steps and restarts must be at least 1, got 0 and 3"),
        (torch.zeros(2, 4), NONE, {"restarts": 0}, "got 50 and 0"),
        (torch.full((2, 4), 1.5), NONE, {"clip": True}, r"images must lie in \[0, 1\]"),
        (torch.full((2, 4), math.nan), NONE, {}, "images hold values that are not finite"),
        (torch.zeros(2, 4, dtype=torch.uint8), NONE, {}, "images must be floats"),
        (torch.zeros(2), NONE, {}, "images must be floats of shape"),
        (torch.zeros(0, 4), NONE[:0], {}, "images must be floats of shape"),
        (torch.zeros(2, 4), NONE[:1], {}, r"labels must be int64 of shape \(2,\)"),
        (torch.zeros(2, 4), NONE.int(), {}, "labels must be int64"),
        (torch.zeros(2, 4), NONE + 10, {}, "labels must lie in 0 to 9, got 10 to 10"),
        (torch.zeros(2, 4), NONE - 1, {}, "labels must lie in 0 to 9, got -1 to -1"),
    ],
)
def test_what_cannot_be_attacked_is_refused(
    images: Tensor, labels: Tensor, options: dict[str, float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        attack(linear(4, dtype=torch.float32), images, labels, **options)


def test_scores_that_are_not_finite_are_refused() -> None:
    with pytest.raises(ValueError, match="finite scores"):
        attack(linear(4, math.inf, torch.float32), torch.ones(2, 4), NONE)
