"""A few test images cut into slices of principal directions, as a record small enough to put any band together from."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.datasets import Dataset, nested_subsets
from analysis.subspaces import Subspace
from analysis.trials.content import directions, load
from analysis.trials.provenance import processor, software
from analysis.trials.trial import refuse_below

LEVELS = 127  # of a signed byte, on either side of 0


@dataclass(frozen=True, kw_only=True)
class Slices:
    """Keep the leading principal directions of a training set, and what is left of a few test images without them.

    As of a ``Trial``, a field at its default does not enter the name of the record.

    Attributes:
        dataset: Name, as for ``datasets.load``.
        kept: Leading directions to keep; all where there are fewer.
        shown: Test images to cut, one per class in turn.

    Raises:
        ValueError: If a number is too small, naming it and what is allowed.
        TypeError: If a number is none.

    Example:
        >>> Slices(dataset="digits")
    """

    dataset: str
    kept: int = 256
    shown: int = 8

    def __post_init__(self) -> None:
        refuse_below("kept", self.kept, 1)
        refuse_below("shown", self.shown, 1)

    @property
    def label(self) -> str:
        """A few words for a progress bar."""
        return f"slices of {self.dataset}"


def measure_slices(spec: Slices, data_dir: str | Path | None) -> dict[str, Any]:
    r"""Find the directions, and cut the images.

    With the coordinates :math:`c_i` of an image along direction :math:`d_i`, and its rests
    :math:`r(k) = \sum_{i \ge k} c_i d_i` at a few cuts k, the band from f to l is

    .. math:: \mu + \sum_{f \le i < \min(l, K)} c_i d_i + r(\max(f, K)) - r(\max(l, K))

    for the K directions that are kept and any ends up to K, or that are cuts. Directions and rests are rounded to
    bytes, each with a scale of its own, so that a record of hundreds of directions takes less than a megabyte.

    Args:
        spec: What to compute.
        data_dir: Folder of the data sets.

    Returns:
        A record; its arrays are ``variances`` (of all directions), ``mean``, ``images`` (uint8, ``(shown, h, w, c)``),
        ``coordinates`` ``(shown, K)``, ``directions`` (int8, ``(K, features)``) with ``scales`` ``(K,)``, ``cuts``,
        rising from K, and ``rests`` (int8, ``(shown, cuts, features)``) with ``rest_scales`` ``(shown, cuts)``.
    """
    start = time.perf_counter()
    data = load(spec.dataset, data_dir)
    space = directions(spec.dataset, data_dir)
    images = _chosen(data, spec.shown)
    kept, cuts = min(spec.kept, len(space.directions)), _cuts(spec.kept, len(space.directions))
    coordinates = space.coordinates(images)
    leading, scales = _as_bytes(space.directions[:kept])
    rests, rest_scales = _as_bytes(_rests(space, coordinates, cuts))
    arrays = {
        "variances": space.variances,
        "mean": space.mean.astype(np.float32).reshape(images.shape[1:]),
        "images": images,
        "coordinates": coordinates[:, :kept].astype(np.float32),
        "directions": leading,
        "scales": scales,
        "cuts": np.array(cuts, dtype=np.int64),
        "rests": rests,
        "rest_scales": rest_scales,
    }
    return {
        "specification": asdict(spec),
        "outcome": {"directions": len(space.directions), "null_dimension": space.null_dimension},
        "arrays": arrays,
        "data": data.content_hash,
        "provenance": software() | {"device": processor(), "seconds": time.perf_counter() - start},
    }


def put_together(arrays: Mapping[str, NDArray[Any]], first: int, last: int | None = None) -> NDArray[np.float64]:
    """Project the images of a record on a band of principal directions, as :func:`measure_slices` says.

    Args:
        arrays: Of the record.
        first: First direction: one of those kept, or a cut.
        last: One past the last: up to the number that is kept, or a cut; None for all the rest.

    Returns:
        Images, shape ``(shown, h, w, c)``; rounding to bytes has changed pixels by a hundredth or so.

    Raises:
        ValueError: If an end is neither.

    Example:
        >>> put_together(record["arrays"], 16, 64).shape
        (8, 28, 28, 1)
    """
    kept, cuts, count = len(arrays["directions"]), arrays["cuts"].tolist(), len(arrays["variances"])
    end = count if last is None else last
    for cut in (first, end):
        if not (0 <= cut <= kept or cut in (*cuts, count)):
            raise ValueError(f"the images are not cut at {cut}: only up to {kept} and at {[*cuts, count]}")
    if not first < end:
        raise ValueError(f"no band [{first}, {end})")
    inside = slice(min(first, kept), min(end, kept))
    leading = arrays["directions"][inside] * arrays["scales"][inside, None].astype(np.float64)
    rows = arrays["coordinates"][:, inside] @ leading
    for sign, cut in ((1, max(first, kept)), (-1, max(end, kept))):
        if cut in cuts:
            scale = arrays["rest_scales"][:, cuts.index(cut), None].astype(np.float64)
            rows = rows + sign * scale * arrays["rests"][:, cuts.index(cut)]
    placed: NDArray[np.float64] = rows.reshape(arrays["images"].shape) + arrays["mean"]
    return placed


def _chosen(data: Dataset, shown: int) -> NDArray[np.uint8]:
    """One test image per class in turn, sorted by class."""
    labels = data.test.labels
    (order,) = nested_subsets(labels, [max(min(shown, len(labels)), len(np.unique(labels)))])
    order = order[:shown]
    return data.test.images[order[np.argsort(labels[order], kind="stable")]]


def _cuts(kept: int, count: int) -> list[int]:
    """From the last kept direction on, by turns 3/2 and 4/3 further, before the end."""
    cuts, cut = [], kept
    while cut < count:
        cuts.append(cut)
        cut = cut * 3 // 2 if len(cuts) % 2 else kept * 2 ** (len(cuts) // 2)
    return cuts


def _rests(space: Subspace, coordinates: NDArray[np.floating], cuts: list[int]) -> NDArray[np.float64]:
    rests = [coordinates[:, cut:].astype(np.float64) @ space.directions[cut:] for cut in cuts]
    features = space.directions.shape[1]
    return np.stack(rests, axis=1) if rests else np.zeros((len(coordinates), 0, features))


def _as_bytes(values: ArrayLike) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Round to signed bytes along the last axis, with the scale that undoes it."""
    array = np.asarray(values, dtype=np.float64)
    largest = np.abs(array).max(axis=-1, keepdims=True, initial=0)
    scales = np.where(largest > 0, largest, 1) / LEVELS
    return np.rint(array / scales).astype(np.int8), scales[..., 0].astype(np.float32)
