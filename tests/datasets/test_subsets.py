"""Subsets are nested and balanced, splits are proportional, and the seed alone decides."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.datasets import nested_subsets, stratified_split

LABELS = st.lists(st.integers(0, 5), min_size=2, max_size=60).map(np.array)


def counts(labels, chosen):
    classes = np.unique(labels)
    return np.array([(labels[chosen] == c).sum() for c in classes])


@given(LABELS, st.integers(0, 99))
def test_every_size_is_the_beginning_of_the_next(labels, seed):
    sizes = range(len(np.unique(labels)), len(labels) + 1)
    subsets = nested_subsets(labels, list(sizes), seed)
    for size, smaller, larger in zip(sizes, subsets, subsets[1:], strict=False):
        assert len(smaller) == size
        assert np.array_equal(smaller, larger[:size])


@given(LABELS, st.integers(0, 99))
def test_classes_are_balanced_until_they_are_used_up(labels, seed):
    (order,) = nested_subsets(labels, [None], seed)
    sizes = counts(labels, slice(None))
    for size in range(1, len(labels) + 1):
        found = counts(labels, order[:size])
        unfinished = found < sizes
        assert found[unfinished].min(initial=found.max()) >= found.max() - 1


@given(LABELS)
def test_the_last_prefix_is_the_whole_set(labels):
    (everything,) = nested_subsets(labels, [None])
    assert sorted(everything) == list(range(len(labels)))
    assert np.array_equal(everything, nested_subsets(labels, [len(labels)])[0])


def test_the_seed_decides():
    labels = np.arange(200) % 10
    first, again, other = (nested_subsets(labels, [50], seed)[0] for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert set(first) != set(other)


def test_a_size_between_multiples_favours_no_class():
    labels = np.arange(300) % 3
    extra = sum(counts(labels, nested_subsets(labels, [4], seed)[0]) - 1 for seed in range(300))
    assert extra.sum() == 300
    assert np.abs(extra - 100).max() < 5 * np.sqrt(300 * 2 / 9)  # five standard deviations


def test_the_images_of_a_class_are_equally_likely():
    labels = np.repeat([0, 1], [20, 5])
    drawn = np.concatenate([nested_subsets(labels, [4], seed)[0] for seed in range(500)])
    times = np.bincount(drawn, minlength=25)
    assert np.abs(times[:20] - 50).max() < 5 * np.sqrt(500 * 0.1 * 0.9)
    assert np.abs(times[20:] - 200).max() < 5 * np.sqrt(500 * 0.4 * 0.6)


def test_an_index_array_can_be_changed_without_changing_another():
    small, large = nested_subsets([0, 1, 0, 1], [2, 4])
    before = large.copy()
    small[:] = 0
    assert np.array_equal(large, before)


@pytest.mark.parametrize(
    ("labels", "size", "message"),
    [
        ([0, 1, 2], 4, "size 4 is more than the 3 images"),
        ([0, 1, 2], 2, "size 2 is less than one image for each of the 3 classes"),
        ([0, 1, 2], 0, "size 0 is less"),
        ([0, 1, 2], 3.0, "must be an integer, got 3.0"),
        ([0, 1, 2], "3", "must be an integer, got '3'"),
        ([[0], [1]], 2, r"shape \(2, 1\)"),
        ([], None, r"shape \(0,\)"),
        ([0.0, 1.0], 2, "dtype float64"),
    ],
)
def test_a_wrong_size_or_label_is_refused(labels, size, message):
    with pytest.raises(ValueError, match=message):
        nested_subsets(labels, [size])


@given(LABELS, st.data())
def test_a_split_is_proportional_within_one_image_per_class(labels, data):
    count = data.draw(st.integers(1, len(labels) - 1))
    rest, held_out = stratified_split(labels, count, seed=data.draw(st.integers(0, 99)))
    shares = counts(labels, slice(None)) * count / len(labels)
    assert sorted([*rest, *held_out]) == list(range(len(labels)))
    assert len(held_out) == count
    assert np.abs(counts(labels, held_out) - shares).max() < 1


def test_a_rare_class_gives_its_share_on_average():
    labels = np.repeat([0, 1], [10, 2])  # a sixth of the second is a third of an image
    held_out = [counts(labels, stratified_split(labels, 2, seed)[1])[1] for seed in range(900)]
    assert abs(sum(held_out) - 300) < 5 * np.sqrt(900 * 2 / 9)


@pytest.mark.parametrize("count", [0, 3, -1])
def test_a_split_leaves_something_on_both_sides(count):
    with pytest.raises(ValueError, match=f"1 to 2 of 3 images, not {count}"):
        stratified_split([0, 1, 2], count)


def test_a_count_is_a_whole_number():
    with pytest.raises(ValueError, match=r"got 0\.5"):
        stratified_split([0, 1, 2], 0.5)
