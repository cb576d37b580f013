"""Whatever images come from and whoever measures them, their moments are the same."""

import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from analysis.runner import executor
from analysis.runner.executors import SerialExecutor, processes
from analysis.subspaces import Moments, moments_of, principal_subspace, streams

LEVELS = np.random.default_rng(0).integers(256, size=(9_001, 3, 2), dtype=np.uint8)  # three batches, the last uneven
Make = Callable[[NDArray, Path], Any]


def expected(images: NDArray) -> NDArray[np.float64]:
    moments = Moments(6)
    moments.update(images)
    return moments.covariance


def npy(images: NDArray, folder: Path) -> Path:
    np.save(folder / "images.npy", images)
    return folder / "images.npy"


def npz(images: NDArray, folder: Path, save: Callable[..., None] = np.savez) -> Path:
    save(folder / "images.npz", images)
    return folder / "images.npz"


SOURCES: dict[str, Make] = {
    "array": lambda images, _: images,
    "memory-map": lambda images, folder: np.load(npy(images, folder), mmap_mode="r"),
    "npy": npy,
    "npy-by-name": lambda images, folder: str(npy(images, folder)),
    "npy-by-column": lambda images, folder: npy(np.asfortranarray(images), folder),
    "npz": npz,
    "npz-compressed": partial(npz, save=np.savez_compressed),
    "iterator": lambda images, _: iter(np.array_split(images, 11)),
    "batches": lambda images, _: np.array_split(images, 11),
    "loaders": lambda images, _: [partial(np.copy, part) for part in np.array_split(images, 11)],
    "batches-of-none": lambda images, _: [images[:0], images[:5], images[:0], images[5:]],
}


class Counting(ThreadPoolExecutor):
    """Threads that count what they were given, and know how much was waiting at once."""

    def __init__(self) -> None:
        super().__init__(2)
        self.futures: list[Future[Any]] = []
        self.waiting = 0

    def submit(self, *arguments: Any, **more: Any) -> Future[Any]:
        self.futures.append(super().submit(*arguments, **more))
        self.waiting = max(self.waiting, sum(not future.done() for future in self.futures))
        return self.futures[-1]


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("images", [LEVELS, LEVELS / 255], ids=["uint8", "float"])
def test_every_source_has_the_moments_of_its_images(name: str, images: NDArray, tmp_path: Path) -> None:
    found = moments_of(SOURCES[name](images, tmp_path))
    assert found.count == len(images)
    np.testing.assert_allclose(found.covariance, expected(images), rtol=0, atol=0 if images is LEVELS else 1e-14)


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("make", [SerialExecutor, partial(ThreadPoolExecutor, 2)], ids=["serial", "threads"])
def test_workers_find_the_same_bits(
    name: str, workers: int, make: Callable[[], Executor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "GROUP", 10_000)
    with make() as pool:
        found = moments_of(SOURCES[name](LEVELS, tmp_path), executor=pool, workers=workers)
    assert found.count == len(LEVELS)
    assert np.array_equal(found.covariance, expected(LEVELS))


def test_processes_find_the_same_bits(tmp_path: Path) -> None:
    with processes(2) as pool:
        found = [moments_of(source, executor=pool, workers=2) for source in (npy(LEVELS, tmp_path), LEVELS)]
    for each in found:
        assert np.array_equal(each.covariance, expected(LEVELS))


def test_workers_find_the_same_floats_again_and_again() -> None:
    """They are merged in order, whoever finishes first."""
    images = LEVELS / 255
    with executor("serial") as serial, ThreadPoolExecutor(3) as threads:
        found = [moments_of(images, executor=pool, workers=3).covariance for pool in (serial, threads, threads)]
    assert np.array_equal(found[0], found[1])
    assert np.array_equal(found[0], found[2])


def test_every_worker_gets_a_part_of_what_has_a_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "ROWS", 4_096)
    with Counting() as pool:
        moments_of(LEVELS, executor=pool, workers=3)
    assert len(pool.futures) == 3


def test_an_endless_source_is_not_read_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "GROUP", 1)
    drawn = 0

    def source() -> Iterator[NDArray[np.uint8]]:
        nonlocal drawn
        for drawn in range(100):
            assert drawn - sum(future.done() for future in pool.futures) <= 5
            yield LEVELS[:200]

    with Counting() as pool:
        assert moments_of(source(), executor=pool, workers=2).count == 20_000
    assert len(pool.futures) == 100
    assert pool.waiting <= 5


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """160,000 images of 64 values are 10 MB; a batch of 16,384 is 1 MB, and a part of it 1 MB as floats."""
    np.savez_compressed(tmp_path / "images.npz", np.zeros((80_000, 64), dtype=np.uint8))
    moments_of(tmp_path / "images.npz")
    peaks = []
    for count in (80_000, 160_000):
        np.savez_compressed(tmp_path / "images.npz", np.zeros((count, 64), dtype=np.uint8))
        tracemalloc.start()
        moments_of(tmp_path / "images.npz")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 200_000


def test_a_member_is_chosen_by_name(tmp_path: Path) -> None:
    np.savez(tmp_path / "images.npz", x_train=LEVELS, x_test=LEVELS[:7])
    assert moments_of(tmp_path / "images.npz", member="x_test").count == 7
    with pytest.raises(ValueError, match=r"images\.npz has the members x_train, x_test: choose one of them, not None"):
        moments_of(tmp_path / "images.npz")
    with pytest.raises(ValueError, match="not 'x_val'"):
        moments_of(tmp_path / "images.npz", member="x_val")


def test_progress_counts_images(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    totals: list[Any] = []

    class Bar:
        def __init__(self, *, total: int | None, disable: bool | None, **_: Any) -> None:
            totals.append([total, disable])

        def __enter__(self) -> "Bar":
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def update(self, count: int) -> None:
            totals[-1].append(count)

    monkeypatch.setattr(streams, "tqdm", Bar)
    monkeypatch.setattr(streams, "ROWS", 4_096)
    moments_of(LEVELS, progress=True)
    moments_of(iter([LEVELS]))
    with executor("serial") as pool:
        moments_of(LEVELS, executor=pool, workers=2)
    assert totals == [
        [9_001, None, 4_096, 4_096, 809],
        [None, True, 9_001],
        [9_001, True, 8_192, 809],
    ]
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("kept", [0, 50, 100, -1])
def test_a_truncated_file_is_named(tmp_path: Path, kept: int) -> None:
    for path in (npy(LEVELS, tmp_path), npz(LEVELS, tmp_path), npz(LEVELS, tmp_path, np.savez_compressed)):
        path.write_bytes(path.read_bytes()[:kept])
        with pytest.raises(ValueError, match=rf"{path.name} is not readable .*: make or fetch it again"):
            moments_of(path)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_changed_byte_is_noticed(tmp_path: Path, save: Callable[..., None]) -> None:
    path = npz(LEVELS, tmp_path, save)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="is not readable"):
        moments_of(path)


def test_an_array_longer_than_it_says_is_noticed(tmp_path: Path) -> None:
    np.save(tmp_path / "images.npy", LEVELS)
    with zipfile.ZipFile(tmp_path / "images.npz", "w") as archive:
        archive.writestr("images.npy", (tmp_path / "images.npy").read_bytes() + b"more")
    with pytest.raises(ValueError, match="goes on after its end"):
        moments_of(tmp_path / "images.npz")


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.asfortranarray(LEVELS), "stored column by column"),
        (np.arange(5), r"stored row by row in numbers, found int64 \(5,\)"),
        (np.array([[{}]]), "found object"),
    ],
    ids=["by-column", "one-axis", "objects"],
)
def test_members_that_are_no_rows_of_images_are_refused(tmp_path: Path, images: NDArray, message: str) -> None:
    with pytest.raises(ValueError, match=rf"images\.npz is not readable .*{message}"):
        moments_of(npz(images, tmp_path))


@pytest.mark.parametrize("pool", [None, SerialExecutor()], ids=["here", "apart"])
@pytest.mark.parametrize(
    ("source", "message"),
    [
        ([], "no batches of images"),
        ([LEVELS, LEVELS.reshape(-1, 2, 3)], r"shape \(2, 3\) do not go with those of shape \(3, 2\)"),
        ([LEVELS, LEVELS[:, 0]], r"shape \(2,\) do not go with"),
        ([LEVELS, LEVELS / 255], "uint8"),
        ([LEVELS / 255, np.full((2, 3, 2), np.nan)], "not finite"),
        ([LEVELS.astype(np.int64)], "got int64"),
        (LEVELS.ravel(), "an axis for the samples"),
        (np.array(3.0), "an axis for the samples"),
        ([np.zeros((3, 0))], "features must be at least 1"),
        ("images.jpg", r"images.jpg is neither .npy nor .npz"),
    ],
    ids=["none", "shapes", "widths", "kinds", "nan", "dtype", "one-axis", "number", "empty", "suffix"],
)
def test_what_has_no_moments_is_refused(source: Any, message: str, pool: Executor | None) -> None:
    with pytest.raises(ValueError, match=message):
        moments_of(source, executor=pool, workers=9)


def test_members_of_what_has_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"only an \.npz file has members, such as 'x'"):
        moments_of(LEVELS, member="x")
    with pytest.raises(ValueError, match="is one array and has no member 'x'"):
        moments_of(npy(LEVELS, tmp_path), member="x")


@pytest.mark.parametrize("name", ["images.npy", "images.npz"])
def test_a_missing_file_is_missing(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileNotFoundError, match=name):
        moments_of(tmp_path / name)


def test_what_fails_in_a_worker_drops_what_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "GROUP", 1)
    with Counting() as pool, pytest.raises(ValueError, match="not finite"):
        moments_of((np.full((1, 2), value) for value in (1.0, np.inf, *range(50))), executor=pool, workers=2)
    assert len(pool.futures) < 20


def test_directions_of_a_memory_map_are_those_of_its_images(tmp_path: Path) -> None:
    found = principal_subspace(np.load(npy(LEVELS, tmp_path), mmap_mode="r"))
    assert np.array_equal(found.directions, principal_subspace(LEVELS).directions)
