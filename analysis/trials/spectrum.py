"""The spectrum of a data set, and a few images beside their projections, as a record."""

import time
from dataclasses import asdict, dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

from analysis.datasets import Dataset, nested_subsets
from analysis.subspaces import Subspace, moments_of, principal_subspace
from analysis.trials.content import directions, load
from analysis.trials.provenance import processor, software
from analysis.trials.trial import Components, refuse_below

SPLITS = ("train", "all")


@dataclass(frozen=True, kw_only=True)
class Spectrum:
    """Find all principal directions of a training set, and project a few test images.

    As of a ``Trial``, a field at its default does not enter the name of the record.

    Attributes:
        dataset: Name, as for ``datasets.load``.
        head: Bands that a first projection keeps.
        tail: Bands that a second projection keeps.
        shown: Number of test images to project, one per class in turn; 0 for none.
        split: ``train``, or ``all``: training and test images together.
        size: Images to measure, a nested class-balanced subset; None for all of the split.

    Raises:
        ValueError: If a value is impossible, naming it and what is allowed.
        TypeError: If a number is none.

    Example:
        >>> Spectrum(dataset="digits", head=((0, 16),), tail=((32, None),))
    """

    dataset: str
    head: Components
    tail: Components
    shown: int = 8
    split: str = "train"
    size: int | None = None

    def __post_init__(self) -> None:
        refuse_below("shown", self.shown, 0)
        if self.split not in SPLITS:
            raise ValueError(f"unknown split {self.split!r}; known are {', '.join(SPLITS)}")
        if self.size is not None:
            refuse_below("size", self.size, 1)

    @property
    def label(self) -> str:
        """A few words for a progress bar."""
        size = "" if self.size is None else f"{self.size:,} of "
        return f"spectrum of {size}{self.dataset}"


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
    count, space = _measured(spec, data, data_dir)
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
        "images": count,
    }
    return {
        "specification": asdict(spec),
        "outcome": outcome,
        "arrays": arrays,
        "data": data.content_hash,
        "provenance": software() | {"device": processor(), "seconds": time.perf_counter() - start},
    }


def _measured(spec: Spectrum, data: Dataset, data_dir: str | Path | None) -> tuple[int, Subspace]:
    """Number of images that are measured, and their directions; only those of whole training sets are cached."""
    if spec.split == "train" and spec.size is None:
        return len(data.train), directions(spec.dataset, data_dir)
    splits = (data.train,) if spec.split == "train" else (data.train, data.test)
    (chosen,) = nested_subsets(np.concatenate([split.labels for split in splits]), [spec.size])
    firsts = accumulate(map(len, splits[:-1]), initial=0)
    parts = (
        split.images[chosen[(first <= chosen) & (chosen < first + len(split))] - first]
        for first, split in zip(firsts, splits, strict=True)
    )
    few = len(chosen) < data.train.images[0].size
    return len(chosen), principal_subspace(np.concatenate(list(parts)) if few else moments_of(parts))
