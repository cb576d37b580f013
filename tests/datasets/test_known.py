"""Every known data set whose files are here is what its entry promises."""

import numpy as np
import pytest

from analysis import datasets

HERE = [name for name in datasets.KNOWN if datasets.is_complete(name)]


def test_digits_are_always_here():
    assert "digits" in HERE


@pytest.mark.parametrize("name", HERE)
def test_a_known_data_set_reads_the_same_twice_and_teaches_every_class(name):
    data, again = datasets.load(name), datasets.load(name)
    assert data.name == name
    assert data.content_hash == again.content_hash
    assert sorted(np.unique(data.train.labels)) == list(range(len(data.classes)))
    assert set(data.test.labels) <= set(data.train.labels)


@pytest.mark.parametrize("name", HERE)
def test_training_and_test_images_of_a_known_data_set_are_no_single_picture(name):
    data = datasets.load(name)
    for split in (data.train, data.test):
        assert split.images[:100].std(axis=0).max() > 0
