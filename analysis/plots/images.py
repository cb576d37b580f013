"""Grids of images."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure, SubFigure
from numpy.typing import NDArray


def image_grid(figure: Figure | SubFigure, rows: Mapping[str, NDArray[np.floating]]) -> None:
    """Draw rows of images, one row per label; pixels outside [0, 1] are cut off.

    Args:
        figure: To draw on.
        rows: Label to images, pixels in [0, 1], shape ``(n, h, w, c)`` with c 1 or 3, n the same in all rows.

    Example:
        >>> image_grid(figure, {"images": images / 255, "tail": projected})
    """
    columns = max(len(images) for images in rows.values())
    grid = figure.subplots(len(rows), columns, squeeze=False)
    for line, (label, images) in zip(grid, rows.items(), strict=True):
        for axes in line:
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(False)
        for axes, image in zip(line, images, strict=False):
            axes.imshow(_displayed(image), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        line[0].set_ylabel(label, rotation=0, ha="right", va="center", fontsize=8)


def _displayed(image: NDArray[np.floating]) -> NDArray[np.floating]:
    cut: NDArray[np.floating] = np.clip(image, 0, 1)
    return cut[..., 0] if cut.shape[-1] == 1 else cut
