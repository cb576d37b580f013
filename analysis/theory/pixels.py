"""Points of a setting as images, so that networks can be trained on them."""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from analysis.theory.gaussian_mixture import GaussianMixture
from analysis.theory.hidden_bit import HiddenBit
from analysis.theory.hidden_label import HiddenLabel
from analysis.theory.spiked import SpikedLinear
from analysis.theory.two_points import TwoPoints

Setting = HiddenBit | HiddenLabel | GaussianMixture | SpikedLinear | TwoPoints


def as_data_set(
    setting: Setting, train: int, test: int, *, reach: float = 1.0, seed: int = 0
) -> dict[str, NDArray[np.uint8] | NDArray[np.int64]]:
    r"""Draw training and test points of one world, as the arrays of a data set file.

    Every command and study takes such a file, so that networks can be held against what a closed form says of every
    classifier, or of the best one. The seed decides the world (of the hidden bit and label) and the points.

    Args:
        setting: What to draw from.
        train: Number of training points.
        test: Number of test points, drawn independently.
        reach: Largest absolute coordinate there may be, as for :func:`as_images`: a radius r of the setting is a radius
            :math:`r / (2\,\mathrm{reach})` for the network.
        seed: Not negative.

    Returns:
        ``x_train``, ``y_train``, ``x_test`` and ``y_test``, for ``np.savez``; labels are 0, 1, ...

    Raises:
        ValueError: If a coordinate lies beyond the reach, or the setting refuses a number.

    Example:
        >>> world = HiddenBit(dimension=10, nuisance=25 / 255, radius=25 / 255)
        >>> np.savez("hidden_bit.npz", **as_data_set(world, 512, 2048))
        >>> # python -m analysis run data_scaling --dataset hidden_bit.npz
    """
    sample = setting.sample
    if isinstance(setting, HiddenBit | HiddenLabel):
        sample = partial(setting.sample, world=seed)
    arrays: dict[str, NDArray[np.uint8] | NDArray[np.int64]] = {}
    for split, count, draw in (("train", train, 2 * seed), ("test", test, 2 * seed + 1)):
        points, labels = sample(count, draw)
        arrays[f"x_{split}"] = as_images(points, reach)
        arrays[f"y_{split}"] = np.maximum(labels, 0)  # of -1 and 1 the former is class 0
    return arrays


def as_images(points: NDArray[np.float64], reach: float = 1.0) -> NDArray[np.uint8]:
    r"""Write points of the cube :math:`[-R, R]^k` as images one pixel high, of the levels 0 to 255.

    A coordinate u becomes the level nearest to :math:`255 (1 + u / R) / 2`, which moves it by at most R / 255. Signs
    become black and white, without error for R = 1, as does a nuisance that is an odd multiple of 1/255. As pixels in
    [0, 1] distances are 1 / (2 R) of those between the points.

    Args:
        points: Shape ``(n, k)``, in [-R, R].
        reach: R, positive.

    Returns:
        Images, shape ``(n, 1, k, 1)``.

    Raises:
        ValueError: If the reach is not positive, or a coordinate lies beyond it or is not a number.

    Example:
        >>> as_images(np.array([[-1.0, 1.0, 25 / 255]])).ravel()
        array([  0, 255, 140], dtype=uint8)
    """
    if not reach > 0:
        raise ValueError(f"reach must be positive, got {reach}")
    if points.size and not (points.min() >= -reach and points.max() <= reach):
        raise ValueError(
            f"coordinates must lie in [-{reach:g}, {reach:g}], found {points.min():.6g} to {points.max():.6g}: "
            "choose a larger reach"
        )
    levels = np.rint(255 * (1 + points / reach) / 2).astype(np.uint8)
    return levels[:, None, :, None]
