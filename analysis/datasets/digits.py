"""The 1,797 digits of 8 x 8 pixels that come with scikit-learn: small enough for any test."""

from dataclasses import replace
from importlib.metadata import version

import numpy as np

from analysis.datasets.cache import cached
from analysis.datasets.dataset import Dataset, Split

TEST_IMAGES = 500


def read_digits() -> Dataset:
    """Read scikit-learn's digits; its 17 grey levels are spread over 0 to 255.

    Use: ``read_digits().train.images`` has shape ``(1297, 8, 8, 1)``.

    Returns:
        1,297 training and 500 test images, split with seed 0, stratified.
    """
    return replace(cached(f"digits-{version('scikit-learn')}", _converted), name="digits")


def _converted() -> Dataset:
    from sklearn.datasets import load_digits  # takes as long to load as torch: hence the cache, for other processes

    levels, labels = load_digits(return_X_y=True)
    pixels = np.rint(levels * 255 / 16).astype(np.uint8)
    everything = Split(pixels.reshape(-1, 8, 8, 1), labels.astype(np.int64))
    train, test = everything.held_out(TEST_IMAGES)
    return Dataset("digits", train, test, tuple("0123456789"))
