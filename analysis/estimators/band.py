"""Projection on principal directions, as a transformer."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from analysis.estimators.frame import binade
from analysis.subspaces import Subspace, principal_subspace

OUTPUTS = ("coordinates", "pixels")


class PrincipalBand(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is not typed
    r"""Keep bands of principal directions, ordered by falling variance.

    With the directions V of the bands (orthonormal rows) and the mean m, x becomes its coordinates
    :math:`V (x - m)`, or :math:`m + V^\top V (x - m)` where pixels are asked for. Nothing is standardised: distances
    between transformed points are those between the projected ones. The directions are found in float64
    (:func:`analysis.subspaces.principal_subspace`), those of the smallest variance too.

    Args:
        bands: One half-open range ``(first, last)`` of directions, or several, ascending and disjoint; ``last`` may be
            None: up to the last direction of non-zero variance.
        output: ``coordinates``, one for each direction, or ``pixels``, as many features as before.

    Attributes:
        subspace_: The subspace kept, an :class:`analysis.subspaces.Subspace`.
        kept_: Indices of its directions, shape ``(k,)``.
        variance_share_: Share of the variance of the training features that lies in it.
        n_features_in_: Number of features.

    Example:
        >>> make_pipeline(PrincipalBand((16, None), output="pixels"), LipschitzClassifier()).fit(X, y)
    """

    def __init__(
        self,
        bands: tuple[int, int | None] | tuple[tuple[int, int | None], ...] = (0, None),
        output: str = "coordinates",
    ) -> None:
        self.bands = bands
        self.output = output

    def fit(self, X: ArrayLike, y: Any = None) -> Self:  # noqa: N803  # scikit-learn's name
        """Find the directions.

        Args:
            X: Features, shape ``(n, features)``, finite, n at least 2.
            y: Not used.

        Returns:
            The transformer.

        Raises:
            ValueError: If the bands or the output are none, or reach beyond the directions in which X varies.
        """
        if self.output not in OUTPUTS:
            raise ValueError(f"output must be one of {', '.join(OUTPUTS)}, got {self.output!r}")
        bands = _as_ranges(self.bands)
        features = validate_data(self, X, dtype=(np.float64, np.float32), ensure_min_samples=2)
        peak = binade(float(np.abs(features).max()))
        whole = principal_subspace(features.astype(np.float64) / peak)
        band = whole.bands(*bands)
        with np.errstate(over="ignore", under="ignore"):  # variances of 1e300 have no float
            self.subspace_ = Subspace(
                band.mean * peak, band.directions, band.variances * peak * peak, band.null_dimension
            )
        self.variance_share_ = float(band.variances.sum() / whole.variances.sum())
        self.kept_ = np.concatenate([np.arange(len(whole.directions))[slice(*each)] for each in bands])
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.floating]:  # noqa: N803
        """Project features.

        Args:
            X: Shape ``(n, features)``, finite.

        Returns:
            Shape ``(n, k)``, or ``(n, features)`` where pixels are asked for; float32 if X is, else float64.
        """
        check_is_fitted(self)
        features = validate_data(self, X, dtype=(np.float64, np.float32), reset=False)
        if self.output == "pixels":
            return self.subspace_.project(features)
        return self.subspace_.coordinates(features)

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[np.object_]:
        """Name what is returned.

        Args:
            input_features: Names of the features, shape ``(features,)``; those seen by ``fit`` if None.

        Returns:
            ``direction16`` and so on, or the names of the features where pixels are asked for.
        """
        check_is_fitted(self)
        if self.output == "coordinates":
            return np.array([f"direction{index}" for index in self.kept_], dtype=object)
        if input_features is None:
            seen = [f"x{index}" for index in range(self.n_features_in_)]
            input_features = getattr(self, "feature_names_in_", seen)
        return np.asarray(input_features, dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _as_ranges(bands: Any) -> tuple[tuple[int, int | None], ...]:
    """Several bands, where one may have been given."""
    several = bands if len(bands) and isinstance(bands[0], tuple | list) else (bands,)
    if any(len(band) != 2 for band in several):
        raise ValueError(f"bands must be a pair (first, last) or a tuple of such pairs, got {bands!r}")
    return tuple((first, last) for first, last in several)
