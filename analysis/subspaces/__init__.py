"""Principal directions of an image data set, down to those of least variance."""

from analysis.subspaces.few import are_few
from analysis.subspaces.measures import (
    between_class_share,
    half_angles,
    principal_angles,
    share_within,
    typical_norm,
)
from analysis.subspaces.moments import Moments
from analysis.subspaces.principal import principal_subspace
from analysis.subspaces.streams import moments_of
from analysis.subspaces.subspace import Subspace

__all__ = [
    "Moments",
    "Subspace",
    "are_few",
    "between_class_share",
    "half_angles",
    "moments_of",
    "principal_angles",
    "principal_subspace",
    "share_within",
    "typical_norm",
]
