"""Files arrive whole, from the first mirror that sends them so, or an error says what each mirror did."""

import fcntl
import hashlib
import io
import tarfile

import numpy as np
import pytest

from analysis.datasets import downloader, fetch
from analysis.datasets.checksums import recorded
from analysis.datasets.downloads import DOWNLOADS, Download
from analysis.datasets.fetch import DownloadError, fetch_file, unpack
from analysis.datasets.known import KNOWN

CONTENT = np.random.default_rng(0).bytes(300_000)
HALF = len(CONTENT) // 2
KEPT = HALF // 2**16 * 2**16  # a stalled server's last piece is lost
TROUBLES = {
    "truncate": rf"connection failed \(Connection broken: .* {HALF} more expected",
    "stall": r"stalled for 0\.2 s",
    "lie": "sent another file than the published one .*MD5 hash",
    "404": "answered 404 Not Found",
    "503": "answered 503 Service Unavailable",
    "die": "connection failed",
}


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(downloader, "STALL", 0.2)


@pytest.fixture
def server(serve):
    return serve()


def published(*urls, content=CONTENT):
    return Download("file.gz", urls, f"md5:{hashlib.md5(content, usedforsecurity=False).hexdigest()}")


def troubled(serve, trouble):
    content = bytes(len(CONTENT)) if trouble == "lie" else CONTENT
    return serve().page("troubled", content, "serve" if trouble == "lie" else trouble)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_arrives_whole_and_nothing_else(tmp_path, server):
    path = fetch_file(published(server.page("file", CONTENT)), tmp_path / "new" / "folder")
    assert path.read_bytes() == CONTENT
    assert names(path.parent) == ["file.gz"]
    assert server.asked == [("/file", None)]


@pytest.mark.parametrize("trouble", TROUBLES)
def test_after_trouble_the_next_mirror_is_asked(tmp_path, serve, server, trouble):
    good = server.page("good", CONTENT)
    path = fetch_file(published(troubled(serve, trouble), good), tmp_path)
    assert path.read_bytes() == CONTENT
    assert names(tmp_path) == ["file.gz"]


@pytest.mark.parametrize(("trouble", "reason"), TROUBLES.items())
def test_without_another_mirror_the_error_names_url_and_reason(tmp_path, serve, trouble, reason):
    url = troubled(serve, trouble)
    with pytest.raises(DownloadError, match=f"(?s)file.gz could not be downloaded:\n  {url}: .*({reason})") as caught:
        fetch_file(published(url), tmp_path)
    assert "Try again later" in str(caught.value)
    assert f"or put it into {tmp_path} by hand" in str(caught.value)
    assert set(names(tmp_path)) <= {"file.gz.partial"}


def test_the_rest_is_asked_for_and_not_the_whole_again(tmp_path, server):
    path = fetch_file(published(server.page("file", CONTENT, "truncate", "serve")), tmp_path)
    assert path.read_bytes() == CONTENT
    assert server.asked == [("/file", None), ("/file", f"bytes={HALF}-")]


def test_the_next_mirror_goes_on_where_a_dead_one_stopped(tmp_path, serve, server):
    path = fetch_file(published(troubled(serve, "die"), server.page("good", CONTENT)), tmp_path)
    assert path.read_bytes() == CONTENT
    assert server.asked == [("/good", f"bytes={HALF}-")]


def test_a_mirror_that_breaks_off_for_ever_is_left(tmp_path, server, monkeypatch):
    monkeypatch.setattr(fetch, "ATTEMPTS", 3)
    url = server.page("file", CONTENT, "drip")
    with pytest.raises(DownloadError, match=f"{url}: broke off 3 times"):
        fetch_file(published(url), tmp_path)
    assert len(server.asked) == 3


def test_a_later_attempt_goes_on_where_the_earlier_one_stopped(tmp_path, serve, server):
    with pytest.raises(DownloadError, match=r"it goes on after the \d+ bytes that came"):
        fetch_file(published(troubled(serve, "stall")), tmp_path)
    start = (tmp_path / "file.gz.partial").stat().st_size
    assert start >= KEPT
    assert fetch_file(published(server.page("good", CONTENT)), tmp_path).read_bytes() == CONTENT
    assert server.asked == [("/good", f"bytes={start}-")]


def test_a_server_without_ranges_begins_again(tmp_path, server):
    (tmp_path / "file.gz.partial").write_bytes(b"x" * 1000)
    path = fetch_file(published(server.page("file", CONTENT, "no-range")), tmp_path)
    assert path.read_bytes() == CONTENT
    assert len(server.asked) == 1


@pytest.mark.parametrize("count", [1000, len(CONTENT), len(CONTENT) + 7])
def test_bytes_of_another_file_are_given_up(tmp_path, server, count):
    (tmp_path / "file.gz.partial").write_bytes(b"x" * count)
    path = fetch_file(published(server.page("file", CONTENT)), tmp_path)
    assert path.read_bytes() == CONTENT
    assert server.asked == [("/file", f"bytes={count}-"), ("/file", None)]


def test_a_file_that_came_whole_before_an_interrupt_is_not_sent_again(tmp_path, server):
    (tmp_path / "file.gz.partial").write_bytes(CONTENT)
    assert fetch_file(published(server.page("file", CONTENT)), tmp_path).read_bytes() == CONTENT
    assert server.asked == [("/file", f"bytes={len(CONTENT)}-")]


def test_a_verified_file_is_left_and_a_changed_one_replaced(tmp_path, server):
    download = published(server.page("file", CONTENT))
    (tmp_path / "file.gz").write_bytes(CONTENT)
    fetch_file(download, tmp_path)
    assert not server.asked
    (tmp_path / "file.gz").write_bytes(CONTENT[:-1])
    assert fetch_file(download, tmp_path).read_bytes() == CONTENT


def test_a_changed_file_stays_where_no_other_comes(tmp_path, server):
    (tmp_path / "file.gz").write_bytes(b"changed")
    with pytest.raises(DownloadError, match="404"):
        fetch_file(published(server.page("file", b"", "404")), tmp_path)
    assert (tmp_path / "file.gz").read_bytes() == b"changed"


def test_two_processes_do_not_write_one_file(tmp_path, server):
    with (tmp_path / "file.gz.partial").open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(DownloadError, match=r"file\.gz\.partial is being downloaded by another process"):
            fetch_file(published(server.page("file", CONTENT)), tmp_path)
    assert not server.asked


def test_progress_counts_the_bytes_of_the_file(tmp_path, server, monkeypatch):
    bars = []

    class Bar(downloader.tqdm):
        def __init__(self, **options):
            super().__init__(**options | {"disable": False, "file": io.StringIO()})
            bars.append(self)

    monkeypatch.setattr(downloader, "tqdm", Bar)
    fetch_file(published(server.page("file", CONTENT, "truncate", "serve")), tmp_path)
    assert [(bar.desc, bar.initial, bar.n, bar.total) for bar in bars] == [
        ("file.gz", 0, HALF, len(CONTENT)),
        ("file.gz", HALF, len(CONTENT), len(CONTENT)),
    ]


@pytest.fixture
def part():
    stream = io.BytesIO()
    np.savez(stream, image=np.zeros((20, 32, 32, 3), np.uint8), label=np.arange(20) % 10)
    return stream.getvalue()


def test_without_a_published_checksum_the_first_is_held(tmp_path, server, part):
    download = Download("1m.npz", (server.page("1m.npz", part),))
    path = fetch_file(download, tmp_path)
    assert recorded(path) == hashlib.sha256(part).hexdigest()
    assert names(tmp_path) == ["1m.npz", "1m.npz.sha256"]
    path.unlink()
    server.page("1m.npz", part + b"\0")
    with pytest.raises(DownloadError, match=r"sent another file .*SHA256"):
        fetch_file(download, tmp_path)
    assert names(tmp_path) == ["1m.npz.sha256"]


@pytest.mark.parametrize("wrong", [b"<html>log in first</html>", None], ids=["web page", "changed"])
def test_without_a_published_checksum_the_structure_is_verified(tmp_path, server, part, wrong):
    wrong = wrong or part[:5000] + b"\1" + part[5001:]
    urls = server.page("wrong", wrong), server.page("right", part)
    assert fetch_file(Download("1m.npz", urls), tmp_path).read_bytes() == part
    with pytest.raises(DownloadError, match=r"sent another file .*is not a readable \.npz"):
        fetch_file(Download("5m.npz", urls[:1]), tmp_path)
    assert names(tmp_path) == ["1m.npz", "1m.npz.sha256"]


@pytest.fixture
def archive(tmp_path):
    """Write a tar.gz of name to content; content None stands for a link out of the folder."""

    def write(members):
        path = tmp_path / "archive.tar.gz"
        with tarfile.open(path, "w:gz") as tar:
            for name, content in members.items():
                member = tarfile.TarInfo(name)
                if content is None:
                    member.type, member.linkname = tarfile.SYMTYPE, "../../secret"
                member.size = len(content or b"")
                tar.addfile(member, io.BytesIO(content or b""))
        return path

    return write


def test_only_the_expected_members_are_unpacked(tmp_path, archive):
    path = archive({"set/a": b"A", "set/b": b"B", "set/readme": b"C", "../escaped": b"D", "set/link": None})
    unpack(path, tmp_path / "set", ("a", "b"))
    assert {path.name: path.read_bytes() for path in (tmp_path / "set").iterdir()} == {"a": b"A", "b": b"B"}
    assert names(tmp_path) == ["archive.tar.gz", "set"]


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"set/a": b"A"}, "archive.tar.gz cannot be unpacked .*set/b"),
        ({"set/a": b"A", "set/b": None}, "set/b is no regular file"),
    ],
)
def test_an_archive_without_the_expected_files_brings_none(tmp_path, archive, members, message):
    with pytest.raises(ValueError, match=message):
        unpack(archive(members), tmp_path / "set", ("a", "b"))
    assert names(tmp_path / "set") == []


@pytest.mark.parametrize("kept", [0, 20, -30])
def test_a_truncated_archive_brings_nothing(tmp_path, archive, kept):
    path = archive({"set/a": CONTENT, "set/b": CONTENT})
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(ValueError, match=r"archive\.tar\.gz cannot be unpacked"):
        unpack(path, tmp_path / "set", ("a", "b"))
    assert names(tmp_path / "set") == []


@pytest.mark.parametrize("name", [name for name, known in KNOWN.items() if known.files])
def test_every_file_of_a_known_set_is_published_somewhere(name):
    downloads = DOWNLOADS[name]
    assert sorted(file for download in downloads for file in download.brings) == sorted(KNOWN[name].files)
    for download in downloads:
        assert all(url.endswith(f"/{download.name}") for url in download.urls)
        algorithm, _, digits = (download.checksum or "sha256:" + 64 * "0").partition(":")
        assert len(digits) == {"md5": 32, "sha256": 64}[algorithm]
