"""Principal directions of an image data set, down to those of least variance."""

from analysis.subspaces.moments import Moments
from analysis.subspaces.principal import Subspace, principal_subspace

__all__ = ["Moments", "Subspace", "principal_subspace"]
