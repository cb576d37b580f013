"""All principal directions of 50,000 CIFAR-sized images, against the bare arithmetic and named rivals.

Run:    python -m benchmarks.subspaces --data-dir ../shared/data [--repeats 3] [--svd] [--accuracy] [--million]
Small:  python -m benchmarks.subspaces --images 2000 --features 256
Cost:   about a minute per repeat on 2 cores; --svd two minutes and --accuracy four more, --million 3 GB of disk.

Times are the best of the repeats, in one process, the rivals in turn; torch is loaded, as where networks are trained.
The limit is the faster of the bare rank-k updates, of float32 and of int8 products, and one bare ``eigh``. Extra memory
is by how much a process that holds the images and does nothing else grows at most. Errors are the largest relative ones
of any variance, and of any but the last 500, against a float64 singular value decomposition of the centred data.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from getopt import getopt
from multiprocessing import get_context
from pathlib import Path
from threading import Event, Thread

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.linalg.blas import ssyrk
from sklearn.decomposition import PCA

from analysis.subspaces import Subspace, int8, moments_of, principal_subspace
from benchmarks.stopwatch import machine

FLAGS = ["data-dir=", "dataset=", "images=", "features=", "repeats=", "svd", "accuracy", "million"]
CHUNK = 1024
TAIL = 1 / 6  # the projections leave out that share of the directions: CIFAR's first 512
LAST = 500
MILLION = 1_000_000

Levels = NDArray[np.uint8]
Variances = NDArray[np.floating]


def ours(levels: Levels) -> Variances:
    """Exact moments, and one float64 eigendecomposition."""
    return principal_subspace(levels).variances


def update_float32(levels: Levels) -> NDArray[np.float64]:
    """Float32 rank-k updates of one chunk again and again."""
    chunk = levels[:CHUNK].astype(np.float32) - 128
    gram = np.zeros((levels.shape[1], levels.shape[1]), np.float32, order="F")
    for _ in range(-(-len(levels) // CHUNK)):
        gram = ssyrk(1.0, chunk.T, beta=1.0, c=gram, overwrite_c=True)
    return gram.T.astype(np.float64)


def update_int8(levels: Levels) -> NDArray[np.float64]:
    """Int8 products of one chunk with itself again and again, the lower blocks alone."""
    chunk = torch.from_numpy(levels[: int8.ROWS] ^ 128).view(torch.int8)
    features, size = levels.shape[1], int8.BLOCK
    gram = torch.zeros(features, features, dtype=torch.int32)
    for _ in range(-(-len(levels) // len(chunk))):
        for first in range(0, features, size):
            last = first + size
            gram[first:last, :last] = torch._int_mm(chunk[:, first:last].T, chunk[:, :last])
    return gram.double().numpy()


def bare(levels: Levels, update: Callable[[Levels], NDArray[np.float64]]) -> None:
    """The arithmetic alone: a rank-k update without a pass over the images, and a float64 eigh."""
    eigh(update(levels), driver="evd", check_finite=False, overwrite_a=True)


def sklearn_pca(levels: Levels, dtype: str) -> Variances:
    """What scikit-learn chooses for many images, which needs them as floats."""
    pixels = levels.astype(dtype)
    pixels /= 255
    found: Variances = PCA(svd_solver="covariance_eigh", copy=False).fit(pixels).explained_variance_
    return found * ((len(levels) - 1) / len(levels))


def svd(levels: Levels, dtype: str) -> Variances:
    """Singular values and directions of the centred pixels."""
    pixels = levels.astype(dtype)
    pixels /= 255
    pixels -= pixels.mean(axis=0, dtype=np.float64).astype(dtype)
    scales = np.linalg.svd(pixels, full_matrices=False)[1]
    return scales**2 / len(levels)


UPDATES = {"float32": update_float32} | ({"int8": update_int8} if int8.is_exact() else {})
RIVALS: dict[str, Callable[[Levels], Variances | None]] = {
    **{f"bare {name} rank-k update + float64 eigh": partial(bare, update=update) for name, update in UPDATES.items()},
    "analysis.subspaces": ours,
    "scikit-learn covariance_eigh, float64": partial(sklearn_pca, dtype="float64"),
    "scikit-learn covariance_eigh, float32": partial(sklearn_pca, dtype="float32"),
}
SVD = {"full SVD, float32": partial(svd, dtype="float32")}


def best(call: Callable[[], object], repeats: int) -> float:
    """Seconds of the fastest call."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def anonymous() -> int:
    """Bytes resident in this process, without the pages of files that are mapped."""
    status = Path("/proc/self/status").read_text()
    (size,) = [line.split()[1] for line in status.splitlines() if line.startswith("RssAnon:")]
    return 1024 * int(size)


def growth(call: Callable[[], object]) -> int:
    """Bytes by which this process grew at most during a call, looked at every few milliseconds."""
    done, sizes = Event(), [anonymous()]

    def watch() -> None:
        while not done.wait(0.005):
            sizes.append(anonymous())

    watcher = Thread(target=watch)
    watcher.start()
    try:
        call()
    finally:
        done.set()
        watcher.join()
    return max(sizes) - sizes[0]


def _rival_alone(rival: Callable[[Levels], object], path: str) -> int:
    levels = np.load(path)
    rival(levels[:4, :2])  # whatever it loads
    return growth(partial(rival, levels))


def extra_memory(rival: Callable[[Levels], object], path: Path) -> int:
    """Bytes that a rival needs beside the images, in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_rival_alone, rival, str(path)).result()


def errors(found: Variances, reference: Variances) -> str:
    """Largest relative error of all variances found, and of all but the last."""
    off = np.abs(found / reference[: len(found)] - 1)
    return f"{off.max():.1e} | {off[:-LAST].max():.1e}" if len(off) > LAST else f"{off.max():.1e} |"


def compare(levels: Levels, path: Path, options: dict[str, str]) -> None:
    """Print time, memory and accuracy of every rival."""
    rivals = RIVALS | (SVD if "--svd" in options else {})
    repeats = int(options.get("--repeats", 3))
    seconds = dict.fromkeys(rivals, np.inf)
    for _ in range(repeats):  # in turn, so that a busy minute hits all of them
        for name, rival in rivals.items():
            seconds[name] = min(seconds[name], best(partial(rival, levels), 1))
    reference = svd(levels, "float64") if "--accuracy" in options else None
    titles = ("all directions", "seconds", "against limit", "extra memory, GB", "error", f"but the last {LAST}")
    print(f"| {' | '.join(titles)} |\n{'|---' * len(titles)}|")
    limit = min(seconds[name] for name in rivals if name.startswith("bare"))
    for name, rival in rivals.items():
        memory = extra_memory(rival, path) / 1e9
        found = None if reference is None else rival(levels)
        off = " |" if found is None or reference is None else errors(found, reference)
        print(f"| {name} | {seconds[name]:.2f} | {seconds[name] / limit:.2f} | {memory:.2f} | {off} |")


def compare_projections(levels: Levels, subspace: Subspace, repeats: int) -> None:
    """Print the time of projections into a tail and into a head, beside one product with a ready projector."""
    pixels = levels.astype(np.float32) / np.float32(255)
    out = np.empty_like(pixels)
    cut = round(TAIL * len(subspace.directions))
    tail, head = subspace.band(cut), subspace.band(0, cut)
    projector = (tail.directions.T @ tail.directions).astype(np.float32)
    rivals: dict[str, Callable[[], object]] = {
        "bare float32 product, images x projector": lambda: np.matmul(pixels, projector, out=out),
        f"project, directions from {cut}, uint8": lambda: tail.project(levels, out=out),
        f"project, directions from {cut}, float32": lambda: tail.project(pixels, out=out),
        f"project, directions from {cut}, float32, new memory": lambda: tail.project(pixels),
        f"project, directions to {cut}, uint8": lambda: head.project(levels, out=out),
        f"coordinates, directions from {cut}, uint8": lambda: tail.coordinates(levels),
    }
    seconds = {name: best(call, repeats) for name, call in rivals.items()}
    limit = seconds[next(iter(rivals))]
    print("\n| projection | seconds | against bare |\n|---|---|---|")
    for name, taken in seconds.items():
        print(f"| {name} | {taken:.2f} | {taken / limit:.2f} |")


def _measure_file(path: str) -> tuple[float, int]:
    start = time.perf_counter()
    memory = growth(lambda: moments_of(path, progress=True))
    return time.perf_counter() - start, memory


def pass_over_a_million(features: int, folder: Path) -> None:
    """Print the rate and memory of one pass over a file of a million generated images, beside the bare update."""
    images = np.lib.format.open_memmap(folder / "million.npy", "w+", np.uint8, (MILLION, features))
    generator = np.random.default_rng(0)
    for start in range(0, MILLION, 10_000):
        images[start : start + 10_000] = generator.integers(256, size=(10_000, features), dtype=np.uint8)
    del images
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        seconds, memory = pool.submit(_measure_file, str(folder / "million.npy")).result()
    images = np.load(folder / "million.npy", mmap_mode="r")
    limit = max(MILLION / best(partial(update, images), 2) for update in UPDATES.values())
    titles = ("moments of a file", "seconds", "images a second", "of the bare update's", "extra memory, GB")
    rate = MILLION / seconds
    print(f"\n| {' | '.join(titles)} |\n{'|---' * len(titles)}|")
    values = (f"{seconds:.1f}", f"{rate:,.0f}", f"{rate / limit:.0%}", f"{memory / 1e9:.2f}")
    print(f"| {MILLION:,} x {features:,} uint8 | {' | '.join(values)} |")


def load(options: dict[str, str]) -> Levels:
    """Images as rows: of a data set, or generated where sizes are given."""
    if "--images" in options:
        count, features = int(options["--images"]), int(options.get("--features", 3072))
        draw = np.random.default_rng(0)
        spread = np.logspace(0, -3, features) * 40
        mixed = draw.standard_normal((count, features)) * spread @ draw.standard_normal((features, features)) / 9
        return np.clip(128 + mixed, 0, 255).astype(np.uint8)
    from analysis import datasets

    images = datasets.load(options.get("--dataset", "cifar10-jpeg"), options.get("--data-dir")).train.images
    return images.reshape(len(images), -1)


def main(arguments: list[str]) -> None:
    """Run what was asked for, and print Markdown."""
    options = dict(getopt(arguments, "", FLAGS)[0])
    levels = load(options)
    print(f"{machine('cpu')} {levels.shape[0]:,} images of {levels.shape[1]:,} values.\n")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "levels.npy"
        np.save(path, levels)
        compare(levels, path, options)
        compare_projections(levels, principal_subspace(levels), int(options.get("--repeats", 3)))
        if "--million" in options:
            pass_over_a_million(levels.shape[1], Path(folder))


if __name__ == "__main__":
    main(sys.argv[1:])
