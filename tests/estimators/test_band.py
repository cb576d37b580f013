"""The transformer does what the subspaces do."""

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

from analysis.estimators import PrincipalBand
from analysis.subspaces import principal_subspace

FEATURES = load_digits().data
WHOLE = principal_subspace(FEATURES)
BANDS = [(0, 4), (32, None), ((0, 4), (32, None)), [(2, 3)]]


@pytest.mark.parametrize("bands", BANDS, ids=str)
def test_it_is_the_subspace(bands: Any) -> None:
    several = (bands,) if isinstance(bands[0], int) else bands
    space = WHOLE.bands(*several)
    coordinates = PrincipalBand(bands).fit(FEATURES)
    pixels = PrincipalBand(bands, output="pixels").fit(FEATURES)
    np.testing.assert_allclose(coordinates.transform(FEATURES), space.coordinates(FEATURES), atol=1e-10)
    np.testing.assert_allclose(pixels.transform(FEATURES), space.project(FEATURES), atol=1e-10)
    expected = sum(WHOLE.variance_share(*band) for band in several)
    assert coordinates.variance_share_ == pytest.approx(expected, rel=1e-12)
    assert [WHOLE.variances[index] for index in coordinates.kept_] == pytest.approx(space.variances, rel=1e-9)


def test_distances_of_coordinates_and_of_pixels_agree() -> None:
    coordinates, pixels = (PrincipalBand((16, None), output=kind).fit(FEATURES) for kind in ("coordinates", "pixels"))
    left, right = (each.transform(FEATURES[:20]) - each.transform(FEATURES[20:40]) for each in (coordinates, pixels))
    np.testing.assert_allclose(np.linalg.norm(left, axis=1), np.linalg.norm(right, axis=1), rtol=1e-10)


def test_names_tell_the_directions() -> None:
    band = PrincipalBand(((0, 2), (59, None))).fit(FEATURES)
    assert band.get_feature_names_out().tolist() == ["direction0", "direction1", "direction59", "direction60"]
    assert PrincipalBand(output="pixels").fit(FEATURES).get_feature_names_out()[-1] == "x63"


@pytest.mark.parametrize("scale", [2.0**-900, 2.0**900])
def test_any_finite_features_will_do(scale: float) -> None:
    """Coordinates scale with the features, to the bit."""
    band, scaled = PrincipalBand((5, None)).fit(FEATURES), PrincipalBand((5, None)).fit(FEATURES * scale)
    assert np.array_equal(scaled.transform(FEATURES * scale), band.transform(FEATURES) * scale)
    assert scaled.variance_share_ == band.variance_share_


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"output": "images"}, "output must be one of coordinates, pixels, got 'images'"),
        ({"bands": (0, 1, 2)}, r"bands must be a pair \(first, last\) or a tuple of such pairs, got \(0, 1, 2\)"),
        ({"bands": ()}, r"bands must be a pair"),
        ({"bands": (0, 62)}, "61 directions of non-zero variance"),
        ({"bands": ((4, 8), (0, 2))}, "overlap or are not ascending"),
    ],
)
def test_what_is_no_band_is_refused(options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PrincipalBand(**options).fit(FEATURES)
