"""Int8 products give the float32 path's sums to the bit, are refused where they overflow, and taken where they pay."""

import sys
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from analysis.subspaces import gram, int8

ANSWERS = int8.is_exact, int8.is_faster
WIDE = int8.BLOCK + 40
PATTERNS = {
    "random": np.random.default_rng(0).integers(256, size=(999, WIDE), dtype=np.uint8),
    "black": np.zeros((999, WIDE), dtype=np.uint8),
    "alternating": np.tile(np.array([[0], [255]], dtype=np.uint8), (500, WIDE)),
}
EXACT = pytest.mark.skipif(not int8.is_exact(), reason="this processor has no exact int8 products")


@pytest.fixture(autouse=True)
def forgetful() -> Iterator[None]:
    """What a test finds out about a processor that it made up is forgotten."""
    yield
    for answer in ANSWERS:
        answer.cache_clear()


def sums(add: object, levels: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    first, second = np.zeros(levels.shape[1]), np.zeros((levels.shape[1], levels.shape[1]))
    add(levels, first, second)  # type: ignore[operator]
    gram.mirror(second)
    return first, second


@EXACT
@pytest.mark.parametrize("name", PATTERNS)
def test_the_sums_are_those_of_float32_products_to_the_bit(name: str) -> None:
    for found, expected in zip(
        sums(int8.add_products, PATTERNS[name]), sums(gram.add_products, PATTERNS[name]), strict=True
    ):
        assert np.array_equal(found, expected)


@EXACT
@pytest.mark.parametrize("levels", [[0], [0, 255], [255]], ids=str)
def test_more_extreme_rows_than_32_bits_can_hold_are_exact(levels: list[int]) -> None:
    """131,072 rows, whose squares add up to 2^31 where all are black: no product is taken of so many at a time."""
    rows = np.tile(np.array(levels, dtype=np.uint8)[:, None], (131_072 // len(levels), 3))
    first, second = sums(int8.add_products, rows)
    centred = np.array(levels, dtype=object) - 128
    assert (first == 131_072 // len(levels) * centred.sum()).all()
    assert (second == 131_072 // len(levels) * (centred**2).sum()).all()


def test_a_processor_that_saturates_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sums of two products in 16 bits, as processors without int8 dot products take them."""

    def saturating(left: NDArray[np.int8], right: NDArray[np.int8]) -> NDArray[np.int32]:
        first, second = (side.astype(np.int32).reshape(-1, 2, side.shape[1]) for side in (left, right))
        pairs = np.einsum("kri,krj->kij", first, second)
        return np.clip(pairs, -(2**15), 2**15 - 1).sum(axis=0)

    monkeypatch.setattr(int8, "TEST_FEATURES", 32)
    monkeypatch.setattr(int8, "TEST_ROWS", 64)
    monkeypatch.setattr(int8, "_product", saturating)
    int8.is_exact.cache_clear()
    assert not int8.is_exact()
    assert not int8.pays(10**9, int8.BLOCK)


def test_a_torch_without_int8_products_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("torch._int_mm")
    int8.is_exact.cache_clear()
    assert not int8.is_exact()


def test_products_that_take_longer_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(int8, "is_exact", lambda: True)
    for faster in (False, True):
        monkeypatch.setattr(int8, "is_faster", lambda faster=faster: faster)
        assert int8.pays(10**9, 3_072) == faster


def test_torch_is_loaded_only_for_enough_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(int8, "is_exact", lambda: True)
    monkeypatch.setattr(int8, "is_faster", lambda: True)
    assert int8.pays(1_000, 3_072)  # it is there already
    monkeypatch.delitem(sys.modules, "torch")
    assert not int8.pays(50_000, 3_072)
    assert int8.pays(200_000, 3_072)
    assert not int8.pays(10**9, int8.BLOCK - 1)
