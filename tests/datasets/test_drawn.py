"""Drawn images: any number, the same everywhere, real test images, nothing copied from the training images."""

import hashlib
import logging
import subprocess
import sys

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from analysis import datasets
from analysis.datasets import Dataset, drawn
from analysis.datasets.drawn import CHUNK, Recipe, draw_dataset, recipe_of

pytestmark = pytest.mark.filterwarnings("error")
COUNT = CHUNK + 1_000


@pytest.fixture(scope="module")
def digits():
    return datasets.load("digits")


@pytest.fixture(scope="module")
def made(digits, tmp_path_factory):
    """A set of two chunks, and the folder of its cache."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANALYSIS_CACHE_DIR", str(folder))
        return draw_dataset(digits, "digits-mixture", COUNT), folder


@pytest.fixture
def kept(made, monkeypatch):
    """The cache of the fixture above is the one in use."""
    monkeypatch.setenv("ANALYSIS_CACHE_DIR", str(made[1]))
    return made[0]


def nearest(images, others):
    """Distance of each image to the nearest of the others, pixels in [0, 1]."""
    first, second = (each.reshape(len(each), -1) / 255 for each in (images, others))
    squares = (first**2).sum(1)[:, None] - 2 * first @ second.T + (second**2).sum(1)
    return np.sqrt(np.maximum(squares, 0).min(axis=1))


@pytest.mark.parametrize(
    ("name", "recipe"),
    [
        ("mnist-mixture-240k", Recipe("mnist", 240_000)),
        ("mnist-mixture-2m", Recipe("mnist", 2_000_000)),
        ("fashion-mnist-mixture-7", Recipe("fashion-mnist", 7)),
        ("digits-mixture", Recipe("digits", None)),
        ("mnist-mixture-0", None),
        ("mnist-mixture-240K", None),
        ("mnist-mixture-", None),
        ("-mixture-240k", None),
        ("mnist", None),
        ("", None),
    ],
)
def test_names_say_how_many_of_what(name, recipe):
    assert recipe_of(name) == recipe


def test_too_many_images_are_refused():
    with pytest.raises(ValueError, match="1 to 10,000,000 images can be drawn, not 11,000,000"):
        datasets.load("digits-mixture-11m")


def test_too_large_images_are_refused(make_split):
    split = make_split(4, (40, 40, 3))
    with pytest.raises(ValueError, match="toy has images of 4,800 values: mixtures are fitted to images of 4,096"):
        draw_dataset(Dataset("toy", split, split, ("a", "b")), "toy-mixture")


def test_a_smaller_set_begins_a_larger_one(kept, digits):
    for count in (1, CHUNK - 1, CHUNK, CHUNK + 1):
        small = draw_dataset(digits, "small", count).train
        assert len(small) == count
        assert np.array_equal(small.images, kept.train.images[:count])
        assert np.array_equal(small.labels, kept.train.labels[:count])


@pytest.mark.parametrize("threads", [1, 3])
def test_the_pixels_are_the_same_on_any_number_of_threads(made, digits, cache_dir, monkeypatch, threads):
    monkeypatch.setattr(drawn, "cores", lambda: threads)
    with threadpool_limits(threads):
        again = draw_dataset(digits, "again", COUNT)
    assert list(cache_dir.glob("mixtures/*.npz"))  # fitted anew
    assert np.array_equal(again.train.images, made[0].train.images)


def test_the_pixels_are_the_same_in_another_process(kept):
    code = (
        "import hashlib; from analysis import datasets; d = datasets.load('digits-mixture-5096');"
        "print(hashlib.sha256(d.train.images.data).hexdigest(), d.content_hash)"
    )
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert said == [hashlib.sha256(kept.train.images.data).hexdigest(), kept.content_hash]


def test_images_are_tested_on_the_real_ones(kept, digits):
    assert kept.test is digits.test
    assert kept.classes == digits.classes
    assert kept.train.images.shape == (COUNT, 8, 8, 1)


def test_classes_are_as_frequent_as_in_the_source(kept, digits):
    expected = np.bincount(digits.train.labels) / len(digits.train)
    found = np.bincount(kept.train.labels, minlength=10) / COUNT
    assert np.abs(found - expected).max() < 4 * np.sqrt(0.1 * 0.9 / COUNT)  # four standard deviations


def test_a_network_can_learn_from_them(kept, digits):
    """The nearest class mean's accuracy is 0.89 from real images; from drawn ones it must not lose three points."""

    def accuracy(train):
        means = np.stack([train.images[train.labels == label].mean(axis=0) for label in range(10)])
        distances = ((digits.test.images[:, None].astype(float) - means) ** 2).sum(axis=(2, 3, 4))
        return (distances.argmin(axis=1) == digits.test.labels).mean()

    assert accuracy(kept.train) > accuracy(digits.train) - 0.03


def test_images_are_no_copies(kept, digits):
    """As far from the training images as test images are, or farther: the smallest distances too."""
    own, tests = nearest(kept.train.images, digits.train.images), nearest(digits.test.images, digits.train.images)
    for share in (0.01, 0.5):
        assert np.quantile(own, share) > np.quantile(tests, share)


def test_the_content_hash_is_that_of_the_arrays(kept, digits):
    plain = Dataset("plain", kept.train, digits.test, digits.classes)
    assert kept.content_hash == plain.content_hash
    assert draw_dataset(digits, "other name").content_hash == draw_dataset(digits, "x", 1_297).content_hash


def test_mixtures_are_fitted_once(kept, digits, monkeypatch):
    monkeypatch.setattr(drawn, "fit_class", lambda *_: pytest.fail("fitted again"))
    assert np.array_equal(draw_dataset(digits, "again", 9).train.images, kept.train.images[:9])


def test_a_damaged_cache_is_made_anew(made, digits, cache_dir, caplog):
    draw_dataset(digits, "first", 1)
    (path,) = cache_dir.glob("mixtures/*.npz")
    path.write_bytes(path.read_bytes()[:-1000])
    assert np.array_equal(draw_dataset(digits, "again", 9).train.images, made[0].train.images[:9])
    assert "is unreadable and made anew" in caplog.text


def test_a_cache_that_cannot_be_written_is_skipped(made, digits, tmp_path, monkeypatch, caplog):
    (tmp_path / "file").touch()
    monkeypatch.setenv("ANALYSIS_CACHE_DIR", str(tmp_path / "file"))
    with caplog.at_level(logging.WARNING):
        assert np.array_equal(draw_dataset(digits, "again", 9).train.images, made[0].train.images[:9])
    assert "cannot be written and is skipped" in caplog.text


def test_a_class_of_one_image_and_one_of_none_are_no_obstacle(make_split, digits):
    few = digits.train.part(np.array([0, 1, 2, 3, 4]))
    labels = np.array([0, 0, 0, 0, 2])
    source = Dataset("few", datasets.Split(few.images, labels), few, tuple("abcdefghij"))
    train = draw_dataset(source, "few-mixture", 200).train
    assert set(train.labels) == {0, 2}
    assert (train.images[train.labels == 2] == few.images[4]).all()


def test_without_its_source_the_error_says_how_to_get_it(tmp_path):
    with pytest.raises(FileNotFoundError, match="mnist is not complete: run `python -m analysis data mnist"):
        datasets.load("mnist-mixture-10k", tmp_path)
    with pytest.raises(ValueError, match=r"unknown data set 'mnits': .*NAME-mixture-240k"):
        datasets.load("mnits-mixture-10k", tmp_path)


def test_a_file_of_the_user_s_has_drawn_images_too(tmp_path, make_split):
    split = make_split(300, (4, 4, 1))
    np.savez(tmp_path / "toy.npz", x_train=split.images, y_train=split.labels)
    found = datasets.load("toy-mixture-50", tmp_path)
    assert (found.name, len(found.train)) == ("toy-mixture-50", 50)
    np.savez(tmp_path / "toy-mixture-50.npz", x_train=split.images, y_train=split.labels)
    assert len(datasets.load("toy-mixture-50", tmp_path).train) == 250  # a file of that name is that file


@pytest.mark.slow
def test_drawn_digits_of_mnist_are_no_copies(shared_data, cache_dir):
    data = datasets.load("mnist-mixture-1k", shared_data)
    real = datasets.load("mnist", shared_data)
    own = nearest(data.train.images, real.train.images)
    tests = nearest(real.test.images[:1000], real.train.images)
    assert np.quantile(own, 0.01) > np.quantile(tests, 0.01)
    assert np.median(own) > np.median(tests)
