"""The cache saves decoding, follows the content of its source, and never gets in the way."""

import logging

import numpy as np
import pytest

from analysis.datasets import Dataset
from analysis.datasets.cache import cached, content_key


@pytest.fixture
def toy(make_split):
    return Dataset("toy", make_split(8), make_split(4, seed=1), ("cat", "Hund ß"))


def never():
    pytest.fail("decoded again")


def test_what_was_decoded_once_is_recalled(toy):
    cached("key", lambda: toy)
    again = cached("key", never)
    assert again.content_hash == toy.content_hash
    assert again.train.images.flags.writeable


def test_another_key_is_decoded_anew(toy, make_split):
    other = Dataset("other", make_split(3), make_split(2), ("cat", "dog"))
    cached("key", lambda: toy)
    assert cached("other key", lambda: other) is other


@pytest.mark.parametrize("kept", [0, 1000, -30])
def test_a_half_written_cache_is_logged_and_replaced(toy, cache_dir, caplog, kept):
    cached("key", lambda: toy)
    path = cache_dir / "images" / "key.npz"
    path.write_bytes(path.read_bytes()[:kept])
    assert cached("key", lambda: toy) is toy
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "is unreadable and made anew" in caplog.text
    assert cached("key", never).content_hash == toy.content_hash


def test_a_cache_of_other_arrays_is_replaced(toy, cache_dir, caplog):
    (cache_dir / "images").mkdir()
    np.savez(cache_dir / "images" / "key.npz", x=np.zeros(3))
    assert cached("key", lambda: toy) is toy
    assert "made anew" in caplog.text


def test_a_cache_that_cannot_be_written_is_skipped_in_one_line(toy, tmp_path, monkeypatch, caplog):
    (tmp_path / "file").touch()
    monkeypatch.setenv("ANALYSIS_CACHE_DIR", str(tmp_path / "file"))
    assert cached("key", lambda: toy) is toy
    assert len(caplog.records) == 1
    assert "cannot be written and is skipped" in caplog.text


def test_nothing_half_written_is_left_behind(toy, cache_dir, monkeypatch):
    def full(file, **arrays):
        file.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez", full)
    assert cached("key", lambda: toy) is toy
    assert list((cache_dir / "images").iterdir()) == []


def test_the_key_follows_names_and_bytes(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(b"1")
    two.write_bytes(b"2")
    files = {"a": one, "b": two}
    key = content_key("kind", files)
    assert content_key("kind", dict(reversed(files.items()))) == key
    assert content_key("kind", {"a": two, "b": one}) != key
    assert content_key("other kind", files) != key
    two.write_bytes(b"3")
    assert content_key("kind", files) != key


def test_the_key_changes_with_the_format(tmp_path, monkeypatch):
    (tmp_path / "one").touch()
    key = content_key("kind", {"a": tmp_path / "one"})
    monkeypatch.setattr("analysis.datasets.cache.FORMAT", 10**6)
    assert content_key("kind", {"a": tmp_path / "one"}) != key
