"""What is asked of subspaces, where the answer is known in closed form."""

import numpy as np
import pytest

from analysis.subspaces import (
    Subspace,
    between_class_share,
    half_angles,
    principal_angles,
    principal_subspace,
    share_within,
    typical_norm,
)

CROSS = np.array([[3.0, 0, 0], [-3, 0, 0], [0, 2, 0], [0, -2, 0], [0, 0, 1], [0, 0, -1]])  # variances 3, 4/3, 1/3


def spanned(*directions: list[float]) -> Subspace:
    rows = np.array(directions)
    return Subspace(np.zeros(rows.shape[1]), rows, np.ones(len(rows)), 0)


@pytest.mark.parametrize(("band", "squared"), [((0, None), 14 / 3), ((0, 1), 3), ((1, None), 5 / 3), ((2, 3), 1 / 3)])
def test_the_typical_norm_is_the_root_of_the_mean_square(band: tuple[int, int | None], squared: float) -> None:
    part = principal_subspace(CROSS).band(*band)
    assert typical_norm(part) == pytest.approx(squared**0.5)
    norms = np.linalg.norm(part.coordinates(CROSS), axis=1)
    assert typical_norm(part) == pytest.approx(np.sqrt((norms**2).mean()))


@pytest.mark.parametrize(
    ("first", "radius", "share"),
    [(0, 0.5, 0), (0, 1.5, 2 / 6), (0, 2.5, 4 / 6), (0, 3.5, 1), (1, 0.5, 2 / 6), (1, 1.5, 4 / 6), (1, 0, 0)],
)
def test_images_within_a_radius_are_counted(first: int, radius: float, share: float) -> None:
    assert share_within(principal_subspace(CROSS).band(first), CROSS, radius) == pytest.approx(share)


def test_on_a_sphere_nothing_is_shorter_than_the_radius() -> None:
    """Strictly shorter: 200 levels of 255 along single axes, both signs around a mean of zero."""
    space = Subspace(np.zeros(4), np.eye(4), np.ones(4), 0)
    images = (200 * np.eye(4)).astype(np.uint8)
    assert share_within(space, images, 200 / 255) == 0
    assert share_within(space, images, 200.001 / 255) == 1


@pytest.mark.parametrize("gap", [0.0, 1.0, 3.0])
@pytest.mark.parametrize("spread", [0.5, 2.0])
def test_variance_between_two_classes(gap: float, spread: float) -> None:
    """Means at +-gap and +-spread around them, along x: gap^2 / (gap^2 + spread^2). Along y there is noise only."""
    x = np.array([gap + spread, gap - spread, -gap + spread, -gap - spread])
    images = np.stack([x, [1, -1, -1, 1]], axis=1)
    labels = np.array([7, 7, 3, 3])
    expected = gap**2 / (gap**2 + spread**2)
    assert between_class_share(spanned([1, 0]), images, labels) == pytest.approx(expected)
    assert between_class_share(spanned([0, 1]), images, labels) == pytest.approx(0)
    both = gap**2 / (gap**2 + spread**2 + 1)
    assert between_class_share(spanned([1, 0], [0, 1]), images, labels) == pytest.approx(both)


def test_unequal_classes_count_by_their_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the law of total variance, in any number of chunks, and whatever point the subspace goes through."""
    monkeypatch.setattr("analysis.subspaces.measures.ROWS", 7)
    draw = np.random.default_rng(0)
    labels = draw.integers(3, size=50)
    images = draw.standard_normal((50, 4)) + labels[:, None] * np.array([1, 0, 0, 2])
    space = principal_subspace(images[:30]).band(1)
    coordinates = space.coordinates(images)
    within = sum(coordinates[labels == c].var(axis=0).sum() * (labels == c).mean() for c in range(3))
    total = coordinates.var(axis=0).sum()
    assert between_class_share(space, images, labels) == pytest.approx(1 - within / total)


def test_equal_images_of_each_class_vary_between_classes_only() -> None:
    images = np.repeat(np.array([[10, 200], [30, 20]], dtype=np.uint8), 5, axis=0)
    assert between_class_share(spanned([1, 0], [0, 1]), images, np.arange(10) // 5) == pytest.approx(1)


@pytest.mark.parametrize("angle", [0.0, 1e-9, 0.3, np.pi / 2])
def test_angles_of_a_rotated_plane(angle: float) -> None:
    plane = spanned([1, 0, 0, 0], [0, 1, 0, 0])
    turned = spanned([1, 0, 0, 0], [0, np.cos(angle), np.sin(angle), 0])
    np.testing.assert_allclose(principal_angles(plane, turned), [angle, 0], atol=1e-15)


def test_angles_do_not_depend_on_the_basis_or_the_mean() -> None:
    space = principal_subspace(np.random.default_rng(0).standard_normal((40, 6)))
    one, other = space.band(0, 3), space.bands((1, 2), (3, 5))
    expected = [np.pi / 2, np.pi / 2, 0]
    np.testing.assert_allclose(principal_angles(one, other), expected, atol=1e-7)
    turn, _ = np.linalg.qr(np.random.default_rng(1).standard_normal((3, 3)))
    mixed = Subspace(one.mean + 1, turn @ one.directions, one.variances, 0)
    np.testing.assert_allclose(principal_angles(mixed, other), expected, atol=1e-7)


def test_halves_agree_where_variances_differ_and_not_where_they_are_equal() -> None:
    """With variances 100 times apart angles are of order 0.1 / sqrt(n / 2) = 0.005; with equal ones, at random."""
    noise = np.random.default_rng(0).standard_normal((1001, 6))
    apart = noise * np.array([10, 10, 10, 1, 1, 1])
    assert half_angles(apart, 3).shape == (3,)
    assert half_angles(apart, 3).max() < 0.03
    assert half_angles(noise, 3).max() > 0.3
    assert half_angles(apart[:40], 3).max() > half_angles(apart, 3).max()
    assert np.array_equal(half_angles(apart, 0, 2, seed=1), half_angles(apart, 0, 2, seed=1))
    assert not np.array_equal(half_angles(apart, 0, 2, seed=1), half_angles(apart, 0, 2, seed=2))


def test_what_cannot_be_measured_is_refused() -> None:
    space = principal_subspace(CROSS)
    with pytest.raises(ValueError, match="radius must not be negative, got -1"):
        share_within(space, CROSS, -1)
    with pytest.raises(ValueError, match="radius must not be negative, got nan"):
        share_within(space, CROSS, float("nan"))
    with pytest.raises(ValueError, match="no images to measure"):
        share_within(space, CROSS[:0], 1)
    with pytest.raises(ValueError, match="expected 3 values per image, got 2"):
        share_within(space, CROSS[:, :2], 1)
    with pytest.raises(ValueError, match=r"6 images do not go with labels of shape \(5,\)"):
        between_class_share(space, CROSS, np.zeros(5))
    with pytest.raises(ValueError, match="do not vary in this subspace"):
        between_class_share(space, CROSS[[0, 0]], [0, 1])
    with pytest.raises(ValueError, match="over 3 and 2 features have no angles"):
        principal_angles(space, spanned([1, 0]))
    with pytest.raises(ValueError, match="in 2 directions"):
        half_angles(CROSS, 2, 3)
