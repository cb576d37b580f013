"""The digits as DESIGN.md fixes them."""

import numpy as np
from sklearn.datasets import load_digits

from analysis import datasets


def test_digits_are_complete_and_scaled_to_255():
    digits = datasets.load("digits")
    both = np.concatenate([digits.train.images, digits.test.images])
    levels = np.rint(both.reshape(-1, 64) / 255 * 16)
    assert (digits.train.images.shape, len(digits.test)) == ((1_297, 8, 8, 1), 500)
    assert np.array_equal(both.reshape(-1, 64), np.round(levels * 255 / 16))
    assert sorted(map(tuple, levels)) == sorted(map(tuple, load_digits().data))


def test_digits_are_split_in_proportion():
    digits = datasets.load("digits")
    shares = np.bincount(load_digits().target) * 500 / 1_797
    assert digits.classes == tuple("0123456789")
    assert np.abs(np.bincount(digits.test.labels) - shares).max() < 1


def test_digits_are_the_same_every_time():
    first, again = datasets.load("digits"), datasets.load("digits", data_dir="nowhere")
    assert first.content_hash == again.content_hash
