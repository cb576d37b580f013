"""Exact sums of products of pixel levels, at the speed of float32."""

import numpy as np
from numpy.typing import NDArray

CENTRE = 128  # levels minus this fit into seven bits and a sign
EXACT = 1024  # rows per product: 1,024 products of at most 2^14 sum to at most 2^24, exact in float32 in any order
ROWS = 4 * EXACT  # rows converted at a time
BLOCK = 512  # features per product: a block's float64 sums stay in cache while its products are added


def add_products(levels: NDArray[np.uint8], sums: NDArray[np.float64], products: NDArray[np.float64]) -> None:
    r"""Add :math:`\sum y` and the lower triangle of :math:`\sum y y^\top` of :math:`y = x - 128`, exactly.

    Each float32 product of at most 1,024 rows holds integers of at most :math:`2^{24}`, which float32 represents, so no
    operation rounds whatever its order. They are added up in float64, where integers are exact up to
    :math:`2^{53}`: :math:`5 \cdot 10^{11}` images. So the result is the same bits for every order, chunking and number
    of threads.

    Args:
        levels: Rows of pixel levels x, shape ``(n, features)``.
        sums: Added to, shape ``(features,)``.
        products: Its blocks on and below the diagonal are added to, shape ``(features, features)``.

    Example:
        >>> sums, products = np.zeros(1), np.zeros((1, 1))
        >>> add_products(np.array([[129], [126]], dtype=np.uint8), sums, products)
        >>> sums, products
        (array([-1.]), array([[5.]]))
    """
    for start in range(0, len(levels), ROWS):
        centred = levels[start : start + ROWS].astype(np.float32)
        centred -= CENTRE
        sums += centred.sum(axis=0, dtype=np.float64)
        _add_blocks([centred[row : row + EXACT] for row in range(0, len(centred), EXACT)], products)


def _add_blocks(parts: list[NDArray[np.float32]], products: NDArray[np.float64]) -> None:
    features = len(products)
    blocks = [slice(first, min(first + BLOCK, features)) for first in range(0, features, BLOCK)]
    for index, rows in enumerate(blocks):
        for columns in blocks[: index + 1]:
            target = products[rows, columns]
            for part in parts:
                target += part[:, rows].T @ part[:, columns]


def mirror(products: NDArray[np.float64]) -> None:
    """Copy the lower triangle of a square matrix to the upper one, in place.

    Args:
        products: Shape ``(features, features)``.
    """
    for first in range(0, len(products), BLOCK):
        rows = slice(first, first + BLOCK)
        products[rows, first + BLOCK :] = products[first + BLOCK :, rows].T
