"""What is said of a user's data, and what is refused before anything is trained."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from analysis.datasets import Dataset, Split, load
from analysis.own_data import described, own_preset
from analysis.studies.presets import SMOKE
from analysis.trials import run_trials


def split(counts: tuple[int, ...], shape: tuple[int, int, int] = (5, 6, 1)) -> Split:
    labels = np.repeat(np.arange(len(counts)), counts)
    return Split(np.random.default_rng(0).integers(256, size=(len(labels), *shape), dtype=np.uint8), labels)


def write(path: Path, train: Split, test: Split) -> Dataset:
    np.savez(path, x_train=train.images, y_train=train.labels, x_test=test.images, y_test=test.labels)
    return load(path.name, path.parent)


def test_what_was_found_is_described() -> None:
    data = Dataset("birds", split((3, 497), (12, 10, 3)), split((1, 99), (12, 10, 3)), ("wren", "owl"))
    assert described(data) == (
        "birds: 500 training and 100 test images of 10 x 12, in colour; 2 classes of 3 to 497 training images\n"
    )


def test_few_test_images_and_untested_classes_are_pointed_out() -> None:
    data = Dataset("birds", split((4, 4, 4)), split((2, 1)), ("wren", "owl", "emu"))
    assert described(data).splitlines() == [
        "birds: 12 training and 3 test images of 6 x 5, grey; 3 classes of 4 training images",
        "one test image more or less moves an accuracy by 33 points",
        "1 classes have no test image",
    ]


def test_the_grid_follows_from_the_data(tmp_path: Path) -> None:
    preset = own_preset(SMOKE, write(tmp_path / "birds.npz", split((9, 8)), split((2, 2))), tmp_path)
    assert preset.dataset == "birds"
    assert preset.sizes == (2, 4, 8, None)
    assert preset.bands[-1] == ((0, 1), (8, None)), "17 images have 16 directions"


def test_colour_images_of_64_x_64_are_trained_on_in_seconds(tmp_path: Path, cache_dir: Path) -> None:
    """All kinds of networks and bands; of 12,288 values, columns of AOL and a projector would take minutes."""
    shape = (64, 64, 3)
    data = write(tmp_path / "photos.npz", split((20, 16), shape), split((4, 4), shape))
    preset = own_preset(SMOKE, data, tmp_path)
    assert preset.bands[-1] == ((0, 1), (17, None)), "36 images have 35 directions"
    wanted = [replace(preset.trial(model, 0), steps=3, draws=20) for model in preset.scaled]
    wanted += [replace(trial, components=bands) for trial in wanted[:2] for bands in preset.bands[1:]]
    standard, robust, smoothed, *banded = run_trials(wanted, tmp_path)
    assert [standard["outcome"]["examples"], smoothed["arrays"]["radii"].shape] == [8, (8,)]
    for record in (robust, *banded[len(preset.bands) - 1 :]):
        assert 0 < record["outcome"]["lipschitz"] <= 1 + 1e-5
    shares = [record["outcome"]["variance_share"] for record in banded[: len(preset.bands) - 1]]
    assert shares[1] + shares[2] == pytest.approx(1)
    assert not (cache_dir / "moments").exists()


def test_two_data_sets_of_one_name_are_refused(tmp_path: Path) -> None:
    data = write(tmp_path / "birds.npz", split((9, 8)), split((2, 2)))
    for name in ("wren", "owl"):
        (tmp_path / "birds" / name).mkdir(parents=True)
        for number, image in enumerate(split((3,)).images):
            Image.fromarray(image[..., 0]).save(tmp_path / "birds" / name / f"{number}.png")
    with pytest.raises(ValueError, match="two data sets have the name birds, one of them with a suffix: rename one"):
        own_preset(SMOKE, data, tmp_path)
