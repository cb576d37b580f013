"""The spectrum of a data set, and a few images beside their projections, as a record."""

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from analysis.datasets import nested_subsets
from analysis.trials.content import directions, load
from analysis.trials.provenance import processor, software
from analysis.trials.trial import Components


@dataclass(frozen=True, kw_only=True)
class Spectrum:
    """Find all principal directions of a training set, and project a few test images.

    Attributes:
        dataset: Name, as for ``datasets.load``.
        head: Bands that a first projection keeps.
        tail: Bands that a second projection keeps.
        shown: Number of test images to project, one per class in turn.

    Example:
        >>> Spectrum(dataset="digits", head=((0, 16),), tail=((32, None),))
    """

    dataset: str
    head: Components
    tail: Components
    shown: int = 8

    @property
    def label(self) -> str:
        """A few words for a progress bar."""
        return f"spectrum of {self.dataset}"


def measure_spectrum(spec: Spectrum, data_dir: str | Path | None) -> dict[str, Any]:
    """Compute the spectrum and the projections.

    Args:
        spec: What to compute.
        data_dir: Folder of the data sets.

    Returns:
        A record; its arrays are ``variances`` (pixels in [0, 1]), ``images`` (uint8), their projections ``head`` and
        ``tail``, and the mean image ``mean``, float32.
    """
    start = time.perf_counter()
    data = load(spec.dataset, data_dir)
    space = directions(spec.dataset, data_dir)
    classes = len(np.unique(data.test.labels))
    (chosen,) = nested_subsets(data.test.labels, [max(min(spec.shown, len(data.test)), classes)])
    chosen = chosen[np.argsort(data.test.labels[chosen], kind="stable")][: spec.shown]
    images = data.test.images[chosen]
    arrays = {
        "variances": space.variances,
        "images": images,
        "head": space.bands(*spec.head).project(images),
        "tail": space.bands(*spec.tail).project(images),
        "mean": space.mean.astype(np.float32).reshape(images.shape[1:]),
    }
    outcome = {
        "features": space.directions.shape[1],
        "directions": len(space.directions),
        "null_dimension": space.null_dimension,
        "images": len(data.train),
    }
    return {
        "specification": asdict(spec),
        "outcome": outcome,
        "arrays": arrays,
        "data": data.content_hash,
        "provenance": software() | {"device": processor(), "seconds": time.perf_counter() - start},
    }
