"""A file's sha256 is computed once per change, and can be recorded beside it."""

import hashlib
import os

import pytest

from analysis.datasets.checksums import fingerprint, record, recorded


@pytest.fixture
def path(tmp_path):
    (tmp_path / "1m.npz").write_bytes(b"content")
    return tmp_path / "1m.npz"


def test_the_fingerprint_is_sha256(path):
    assert fingerprint(path) == fingerprint(path) == hashlib.sha256(b"content").hexdigest()


def test_the_fingerprint_is_recalled_until_the_file_changes(path, monkeypatch):
    first = fingerprint(path)
    with monkeypatch.context() as patched:
        patched.setattr(hashlib, "file_digest", lambda *_: pytest.fail("read again"))
        assert fingerprint(path) == first
    path.write_bytes(b"changed")  # of the same size
    os.utime(path, ns=(0, 0))
    assert fingerprint(path) == hashlib.sha256(b"changed").hexdigest()


def test_without_a_cache_it_is_computed_each_time(path, tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("ANALYSIS_CACHE_DIR", str(path))
    assert fingerprint(path) == hashlib.sha256(b"content").hexdigest()
    assert "cannot be written and is skipped" in caplog.text


def test_a_record_has_the_form_of_sha256sum(path):
    assert recorded(path) is None
    record(path)
    assert recorded(path) == fingerprint(path)
    assert path.with_name("1m.npz.sha256").read_text() == f"{fingerprint(path)}  1m.npz\n"


@pytest.mark.parametrize("text", ["", "nonsense", "0" * 63, "x" * 64])
def test_another_kind_of_record_is_refused(path, text):
    path.with_name("1m.npz.sha256").write_text(text)
    with pytest.raises(ValueError, match=r"1m\.npz\.sha256 holds no sha256: delete it"):
        recorded(path)
