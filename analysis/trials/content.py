"""Data sets and subspaces as trials use them, each computed once per process."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from analysis import datasets, subspaces
from analysis.trials.fit import Fit, function_hash
from analysis.trials.moments import training_images_or_moments

VALIDATION_SEED = 0


def content(dataset: str, data_dir: str | Path | None = None) -> dict[str, Any]:
    """What a record must agree with beside its specification: the content of the data.

    Args:
        dataset: Name, as for ``datasets.load``; or that of the function that is fitted.
        data_dir: Folder of the data sets.

    Returns:
        ``{"data": hash}``.

    Example:
        >>> store.missing(trials, content=content("digits"))
    """
    if dataset == Fit.dataset:
        return {"data": function_hash()}
    return {"data": load(dataset, data_dir).content_hash}


@lru_cache(maxsize=2)
def load(dataset: str, data_dir: str | Path | None, validation: int = 0) -> datasets.Dataset:
    """Load a data set, and split validation images off.

    Args:
        dataset: Name, as for ``datasets.load``.
        data_dir: Folder of the data sets.
        validation: Images to split off; 0 for none.

    Returns:
        The data set.
    """
    loaded = datasets.load(dataset, data_dir)
    return loaded.with_validation(validation, VALIDATION_SEED) if validation else loaded


@lru_cache(maxsize=2)
def directions(dataset: str, data_dir: str | Path | None, validation: int = 0) -> subspaces.Subspace:
    """Principal directions of the full training set, without the validation images.

    Its moments come from the cache, which all processes share; of few images there are none, and none are needed.

    Args:
        dataset: Name, as for ``datasets.load``.
        data_dir: Folder of the data sets.
        validation: Images split off before.

    Returns:
        All directions of non-zero variance.
    """
    data = load(dataset, data_dir, validation)
    return subspaces.principal_subspace(training_images_or_moments(data, seed=VALIDATION_SEED))
