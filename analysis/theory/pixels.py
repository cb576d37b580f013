"""Points of the hidden bit as images, so that networks can be trained on them."""

import numpy as np
from numpy.typing import NDArray


def as_images(points: NDArray[np.float64]) -> NDArray[np.uint8]:
    r"""Write points of the cube :math:`[-1, 1]^k` as images one pixel high, of the levels 0 to 255.

    A coordinate u becomes the level nearest to :math:`255 (1 + u) / 2`. Signs become black and white; a nuisance
    that is an odd multiple of 1/255 is exact, another is moved by at most 1/255. As pixels in [0, 1] distances are half
    those between the points: a radius r of the setting is a radius r / 2 for the network.

    Two draws of one world make a data set file, which every command takes as ``--dataset hidden_bit.npz``::

        world = HiddenBit(dimension=10, nuisance=25 / 255, radius=25 / 255)
        arrays = {}
        for split, n, seed in (("train", 512, 0), ("test", 2048, 1)):
            points, labels = world.sample(n, seed, world=0)
            arrays[f"x_{split}"], arrays[f"y_{split}"] = as_images(points), (labels > 0).astype(int)
        np.savez("hidden_bit.npz", **arrays)

    Args:
        points: Shape ``(n, k)``, in [-1, 1].

    Returns:
        Images, shape ``(n, 1, k, 1)``.

    Raises:
        ValueError: If a coordinate lies outside [-1, 1] or is not a number.

    Example:
        >>> as_images(np.array([[-1.0, 1.0, 25 / 255]])).ravel()
        array([  0, 255, 140], dtype=uint8)
    """
    if points.size and not (points.min() >= -1 and points.max() <= 1):
        raise ValueError(f"coordinates must lie in [-1, 1], found {points.min()} to {points.max()}")
    levels = np.rint(255 * (1 + points) / 2).astype(np.uint8)
    return levels[:, None, :, None]
