"""Sums of products of levels by int8 instructions, where the processor has them and they prove exact and faster."""

import sys
import time
from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

ROWS = 16_384  # taken at a time: 131,072 products of (-128)^2 are 2^31, one more than int32 holds
SOME = 32  # rows of ones that sum up: seven times as fast as numpy, which first widens every level
BLOCK = 512  # features per product, as in gram.py
WORTH = 1e12  # products of two levels that float32 takes longer for than torch takes to load (2.5 s)
TEST_ROWS, TEST_FEATURES = 1_024, 512


def pays(images: int, features: int) -> bool:
    """Whether int8 products are there, exact, and faster for so many images.

    Torch has them, and is loaded for this only where that takes less time than it saves.

    Args:
        images: Number of images in all, as far as is known.
        features: Values of each.

    Returns:
        Whether to call :func:`add_products`.

    Example:
        >>> pays(1_000, 64)
        False
    """
    if features < BLOCK or ("torch" not in sys.modules and images * features**2 < WORTH):
        return False
    return is_exact() and is_faster()


@cache
def is_exact() -> bool:
    """Whether int8 products agree with int64 on patterns that overflow narrower sums.

    Processors without dot products of four int8 values add pairs in 16 bits, where -128 times -128, twice, does not
    fit. All levels are -128, or rows alternate between 127 and -128 (in both orders, side by side), or all are random.

    Returns:
        Whether all of them agree; False where torch has no such product.
    """
    return all(_agrees(pattern) for pattern in _patterns())


@cache
def is_faster() -> bool:
    """Whether an int8 product takes less time than a float32 one, here and now."""
    levels = _patterns()[-1]
    floats = levels.astype(np.float32)
    return _seconds(lambda: _product(levels, levels)) < _seconds(lambda: floats.T @ floats)


def add_products(levels: NDArray[np.uint8], sums: NDArray[np.float64], products: NDArray[np.float64]) -> None:
    r"""Add what :func:`analysis.subspaces.gram.add_products` adds: the same integers, hence the same bits.

    Products of :math:`y = x - 128` are at most :math:`2^{14}`, so that int32 sums of at most 131,071 are exact.

    Args:
        levels: Rows of pixel levels x, shape ``(n, features)``.
        sums: Added to, shape ``(features,)``.
        products: Its blocks on and below the diagonal are added to, shape ``(features, features)``.
    """
    import torch

    total = torch.from_numpy(products)
    buffer = np.empty(levels[:ROWS].shape, np.uint8)
    for start in range(0, len(levels), ROWS):
        part = levels[start : start + ROWS]
        flipped = np.bitwise_xor(part, 128, out=buffer[: len(part)])  # the same bits as x - 128 in eight with a sign
        centred = torch.from_numpy(flipped.view(np.int8))
        sums += torch._int_mm(torch.ones(SOME, len(part), dtype=torch.int8), centred)[0].numpy()
        for first in range(0, len(products), BLOCK):
            last = first + BLOCK
            total[first:last, :last].add_(torch._int_mm(centred[:, first:last].T, centred[:, :last]))


def _patterns() -> list[NDArray[np.int8]]:
    shape = TEST_ROWS, TEST_FEATURES
    rows, columns = np.indices(shape, sparse=True)
    return [
        np.full(shape, -128, np.int8),
        np.where((rows + (columns < TEST_FEATURES // 2)) % 2, 127, -128).astype(np.int8),
        np.random.default_rng(0).integers(-128, 128, shape, np.int8),
    ]


def _agrees(levels: NDArray[np.int8]) -> bool:
    wide = levels.astype(np.float64)  # whose sums of so few are exact, and need no slow int64 product
    try:
        return bool((_product(levels, levels) == wide.T @ wide).all())
    except (AttributeError, RuntimeError):
        return False


def _product(left: NDArray[np.int8], right: NDArray[np.int8]) -> NDArray[np.int32]:
    import torch

    product: NDArray[np.int32] = torch._int_mm(torch.from_numpy(left).T, torch.from_numpy(right)).numpy()
    return product


def _seconds(call: Callable[[], object], repeats: int = 3) -> float:
    """The shortest of a few runs."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)
