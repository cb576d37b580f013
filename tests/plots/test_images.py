"""A grid shows every image with the brightness it has, one labelled row per kind."""

import numpy as np
import pytest
from numpy.typing import NDArray

from analysis.plots import image_grid, new_figure


def shown(rows: dict[str, NDArray[np.floating]]) -> list[list[NDArray[np.floating]]]:
    """Pixels of every image on the figure, by row."""
    figure = new_figure(4, 3)
    image_grid(figure, rows)
    figure.draw_without_rendering()
    cells = iter(figure.axes)
    columns = len(figure.axes) // len(rows)
    return [[np.asarray(image.get_array()) for _ in range(columns) for image in next(cells).images] for _ in rows]


@pytest.fixture
def make_images() -> dict[str, NDArray[np.floating]]:
    generator = np.random.default_rng(0)
    return {"grey": generator.uniform(size=(3, 4, 5, 1)), "colour": generator.uniform(size=(3, 4, 5, 3))}


@pytest.mark.parametrize("kind", ["grey", "colour"])
def test_every_pixel_is_shown(make_images: dict[str, NDArray[np.floating]], kind: str) -> None:
    images = make_images[kind]
    upper, lower = shown({"images": images, "darker": images / 2})
    expected = images[..., 0] if kind == "grey" else images
    np.testing.assert_array_equal(upper, expected)
    np.testing.assert_array_equal(lower, expected / 2)


def test_pixels_outside_of_0_to_1_are_cut() -> None:
    ((image,),) = shown({"projected": np.array([-3.0, 0.25, 2.0]).reshape(1, 1, 3, 1)})
    assert image.tolist() == [[0.0, 0.25, 1.0]]


def test_brightness_means_the_same_in_every_grey_image() -> None:
    figure = new_figure(4, 3)
    image_grid(figure, {"dark": np.full((2, 3, 3, 1), 0.1)})
    assert {(image.norm.vmin, image.norm.vmax) for axes in figure.axes for image in axes.images} == {(0, 1)}
    assert {image.get_cmap().name for axes in figure.axes for image in axes.images} == {"gray"}


def test_rows_have_their_labels_and_no_ticks(make_images: dict[str, NDArray[np.floating]]) -> None:
    figure = new_figure(4, 3)
    image_grid(figure, {"image": make_images["grey"], "tail": make_images["grey"]})
    assert [axes.get_ylabel() for axes in figure.axes] == ["image", "", "", "tail", "", ""]
    assert all(len(axes.get_xticks()) == len(axes.get_yticks()) == 0 for axes in figure.axes)


def test_a_row_may_be_shorter(make_images: dict[str, NDArray[np.floating]]) -> None:
    images = make_images["colour"]
    upper, lower = shown({"images": images, "few": images[:1]})
    assert (len(upper), len(lower)) == (3, 1)
