"""EDM sets become memory maps once, of which a subset reads its own rows and nothing else."""

import hashlib
import logging
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from analysis import datasets
from analysis.datasets import Dataset, Split, edm
from analysis.datasets.checksums import record
from analysis.datasets.edm_parts import check_part

MANY = 20_000  # images, 61 MB


@pytest.fixture
def real(make_split, monkeypatch):
    """In the place of CIFAR-10's test images."""
    split = make_split(20, (32, 32, 3), classes=10, seed=9), tuple("abcdefghij")
    monkeypatch.setattr(edm, "read_cifar10_test", lambda folder, checksums: split)
    return split


@pytest.fixture
def read(tmp_path, real):
    def reading(*names, checksums=None, folder=tmp_path):
        checksums = checksums or dict.fromkeys(names or ["1m.npz"])
        return edm.read_edm(folder, folder, name="edm", checksums=checksums, test_checksums={})

    return reading


@pytest.fixture
def parts(tmp_path, make_split):
    """Two parts, 1m.npz and 2m.npz, as they are published; the splits in them."""
    splits = [make_split(count, (32, 32, 3), classes=10, seed=count) for count in (30, 20)]
    for name, split in zip(("1m.npz", "2m.npz"), splits, strict=True):
        np.savez(tmp_path / name, image=split.images, label=split.labels)
    return splits


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A folder with a large part, 1m.npz, and the split in it."""
    folder, index = tmp_path_factory.mktemp("many"), np.arange(MANY)
    images = np.empty((MANY, 32, 32, 3), np.uint8)
    images[:] = (index % 251)[:, None, None, None]
    images[:, 0, 0, 0] = index // 251
    np.savez(folder / "1m.npz", image=images, label=index % 10)
    return folder, Split(images, index % 10)


def resident(path):
    """Bytes that this process has touched of a mapped file; large pages count whole."""
    lines = Path("/proc/self/smaps").read_text().splitlines()
    starts = [index for index, line in enumerate(lines) if line.endswith(str(path))]
    sizes = (next(line for line in lines[start:] if line.startswith("Rss:")) for start in starts)
    return sum(int(line.split()[1]) * 1024 for line in sizes)


def test_parts_follow_each_other_and_the_test_set_is_real(read, parts, real):
    dataset = read("1m.npz", "2m.npz")
    assert np.array_equal(dataset.train.images, np.concatenate([split.images for split in parts]))
    assert np.array_equal(dataset.train.labels, np.concatenate([split.labels for split in parts]))
    assert dataset.test is real[0]
    assert dataset.classes == real[1]


def test_images_are_a_map_that_can_be_written_to_without_harm(read, parts):
    images = read().train.images
    assert isinstance(images, np.memmap)
    assert images.dtype == np.uint8
    images[:] = 7
    assert np.array_equal(read().train.images, parts[0].images)


def test_the_archive_is_read_once(read, parts, monkeypatch):
    first = read()
    monkeypatch.setattr(edm, "image_pieces", lambda _: pytest.fail("read again"))
    monkeypatch.setattr(Dataset, "content_hash", property(lambda _: pytest.fail("hashed again")))
    vars(first).pop("content_hash")
    read()


def test_the_content_hash_is_that_of_the_arrays(read, parts, real):
    plain = Dataset("plain", parts[0], *real)
    assert read().content_hash == read().content_hash == plain.content_hash


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="only Linux says what is resident")
def test_loading_and_choosing_touch_no_image(read, many, cache_dir):
    read(folder=many[0])
    dataset = read(folder=many[0])
    (path,) = cache_dir.glob("edm/*/images.npy")
    assert len(datasets.nested_subsets(dataset.train.labels, [30])[0]) == 30
    assert resident(path) == 0
    assert dataset.train.images[7, 0, 0, 1] == 7
    assert resident(path) > 0


def test_a_subset_touches_only_its_rows(read, many):
    seen = []

    class Recorder(np.memmap):
        def __getitem__(self, index):
            seen.append(index)
            return np.asarray(super().__getitem__(index))

    train = read(folder=many[0]).train
    (chosen,) = datasets.nested_subsets(train.labels, [30])
    subset = Split(train.images.view(Recorder), train.labels).part(chosen)
    assert len(seen) == 1
    assert seen[0] is chosen
    assert np.array_equal(subset.images, many[1].images[chosen])
    assert np.bincount(subset.labels).tolist() == [3] * 10


def test_the_first_pass_holds_a_fraction_of_the_images(read, many):
    tracemalloc.start()
    read(folder=many[0])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < MANY * 3072 * 0.7  # floats would be four times all of it


@pytest.mark.parametrize("form", [np.savez_compressed, np.savez])
def test_compression_and_the_form_of_labels_do_not_matter(tmp_path, read, make_split, form):
    split = make_split(30, (32, 32, 3), classes=10)
    form(tmp_path / "1m.npz", image=split.images, label=split.labels.astype(np.int32)[:, None])
    train = read().train
    assert np.array_equal(train.images, split.images)
    assert train.labels.dtype == np.int64


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image": np.zeros((20, 32, 32, 3), np.float32)}, "images must be uint8 .* got float32"),
        ({"image": np.zeros((20, 3, 32, 32), np.uint8)}, r"shape \(n, 32, 32, 3\), got uint8 of shape \(20, 3"),
        ({"image": np.asfortranarray(np.zeros((20, 32, 32, 3), np.uint8))}, "images must be"),
        ({"label": np.arange(20.0)}, "labels must be integers"),
        ({"label": np.arange(20)}, "labels must be 0 to 9, got 0 to 19"),
        ({"label": np.zeros(19, int)}, "20 images do not go with 19 labels"),
        ({"label": np.array([None] * 20)}, "allow_pickle"),
        ({"label": None}, "not a readable .*label.npy"),
    ],
)
def test_other_arrays_are_refused_by_name(tmp_path, read, cache_dir, change, message):
    arrays = {"image": np.zeros((20, 32, 32, 3), np.uint8), "label": np.arange(20) % 10} | change
    np.savez(tmp_path / "1m.npz", **{name: array for name, array in arrays.items() if array is not None})
    for refusing in (read, lambda: check_part(tmp_path / "1m.npz")):
        with pytest.raises(ValueError, match=rf"1m\.npz.*{message}"):
            refusing()
    assert not list(cache_dir.glob("edm/*/images.npy"))


@pytest.mark.parametrize("damage", ["cut at the end", "cut in half", "one bit"])
def test_a_damaged_archive_is_refused_and_nothing_kept(tmp_path, read, parts, cache_dir, damage):
    path = tmp_path / "1m.npz"
    content = bytearray(path.read_bytes())
    content[40_000] ^= damage == "one bit"
    path.write_bytes(content[: {"cut in half": len(content) // 2, "cut at the end": -1}.get(damage)])
    with pytest.raises(ValueError, match=r"1m\.npz is not a readable .*delete it and fetch it again"):
        read()
    assert [path.name for path in cache_dir.glob("edm/*/*")] in ([], ["labels.npy"])


def test_a_published_or_recorded_checksum_is_held(tmp_path, read, parts):
    path = tmp_path / "1m.npz"
    read(checksums={"1m.npz": hashlib.sha256(path.read_bytes()).hexdigest()})
    with pytest.raises(ValueError, match=r"1m\.npz has sha256 .*, expected 00"):
        read(checksums={"1m.npz": 64 * "0"})
    record(path)
    read()
    np.savez(path, image=parts[1].images, label=parts[1].labels)
    with pytest.raises(ValueError, match=r"1m\.npz has sha256 .*, expected .*: delete it"):
        read()


def test_a_damaged_cache_is_made_anew(read, parts, cache_dir, caplog):
    read()
    (path,) = cache_dir.glob("edm/*/images.npy")
    path.write_bytes(path.read_bytes()[:-10])
    assert np.array_equal(read().train.images, parts[0].images)
    assert "is unreadable and made anew" in caplog.text


def test_where_no_cache_can_be_written_the_images_are_held(tmp_path, read, parts, monkeypatch, caplog):
    (tmp_path / "file").touch()
    monkeypatch.setenv("ANALYSIS_CACHE_DIR", str(tmp_path / "file"))
    with caplog.at_level(logging.WARNING):
        dataset = read("1m.npz", "2m.npz")
    assert np.array_equal(dataset.train.images, np.concatenate([split.images for split in parts]))
    assert "so the images are held in memory" in caplog.text
