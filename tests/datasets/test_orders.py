"""Orders of very many labels are kept, and are the same as those that are drawn."""

import numpy as np
import pytest

from analysis.datasets import nested_subsets, orders, subsets
from analysis.datasets.subsets import balanced_order

LABELS = np.arange(200) % 7


@pytest.fixture
def kept(monkeypatch):
    """Orders of this few labels are kept too; how often one is drawn."""
    drawn = []
    draw = subsets._draw_order
    monkeypatch.setattr(orders, "MANY", 100)
    monkeypatch.setattr(subsets, "_draw_order", lambda *args: (drawn.append(1), draw(*args))[1])
    return drawn


def test_a_kept_order_is_the_drawn_one(kept, monkeypatch):
    first, again = (nested_subsets(LABELS, [30, None], seed=3) for _ in range(2))
    assert len(kept) == 1
    monkeypatch.setattr(orders, "MANY", 1000)
    for subset, other, drawn in zip(first, again, nested_subsets(LABELS, [30, None], seed=3), strict=True):
        assert np.array_equal(subset, drawn)
        assert np.array_equal(other, drawn)
        assert other.flags.writeable


def test_another_seed_or_label_has_another_order(kept):
    changed = LABELS.copy()
    changed[-1] = 0
    all_orders = balanced_order(LABELS), balanced_order(LABELS, 1), balanced_order(changed)
    assert len(kept) == 3
    assert len({order.tobytes() for order in all_orders}) == 3


def test_few_labels_leave_no_trace(cache_dir):
    balanced_order(LABELS)
    assert not list(cache_dir.iterdir())


@pytest.mark.parametrize("content", [b"", b"no array", "short"])
def test_an_unreadable_order_is_drawn_again(kept, cache_dir, caplog, content):
    order = balanced_order(LABELS).copy()
    (path,) = (cache_dir / "orders").iterdir()
    path.write_bytes(path.read_bytes()[:-8] if content == "short" else content)
    assert np.array_equal(balanced_order(LABELS), order)
    assert "is unreadable and made anew" in caplog.text
    assert len(kept) == 2


def test_an_order_of_other_labels_is_not_taken(kept, cache_dir, caplog):
    balanced_order(LABELS)
    (path,) = (cache_dir / "orders").iterdir()
    np.save(path, np.arange(3))
    assert len(balanced_order(LABELS)) == 200
    assert "instead of int64 of shape (200,)" in caplog.text


def test_where_no_cache_can_be_written_orders_are_drawn(kept, tmp_path, monkeypatch, caplog):
    (tmp_path / "file").touch()
    monkeypatch.setenv("ANALYSIS_CACHE_DIR", str(tmp_path / "file"))
    assert sorted(balanced_order(LABELS)) == list(range(200))
    assert "cannot be written and is skipped" in caplog.text
