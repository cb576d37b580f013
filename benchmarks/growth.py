"""How long it takes to ask what is missing, and to open everything as one table, as the records grow in number.

Run:    python -m benchmarks.growth [--records 10000] [--declared 100000]
Small:  python -m benchmarks.growth --small
Cost:   about a minute on 2 cores, and 100 MB of disk for a while.

Every row is a process of its own; memory is the most that it ever held, the libraries included. Records are those of
digits: 500 certified radii and a header each. "First" reads every record; afterwards only the file of headers is read,
unless records have changed.
"""

import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from getopt import getopt
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from analysis.ledger import certified_at, encoded, table
from analysis.runner import Store, identity, singly
from analysis.trials import Trial

FLAGS = ["records=", "declared=", "small"]
CONTENT = {"data": "hash"}
HEAD = "| what is asked | seconds | peak memory, MB |\n|---|---|---|"


def declared(count: int) -> list[Trial]:
    """A grid of trials such as a study declares."""
    return [
        Trial(dataset="digits", model="AOL-MLP", size=20 + index % 1000, width=64, seed=index // 1000, steps=500)
        for index in range(count)
    ]


def plan(count: int, folder: Path) -> None:
    """Declare trials, name them all, find them missing, and group them."""
    trials = declared(count)
    groups = singly(Store(folder / "empty").missing(trials))
    if len(groups) != count or len(set(map(identity, trials))) != count:
        raise RuntimeError("trials are lost")


def fill(count: int, folder: Path) -> None:
    """Write records that look an hour old."""
    store, rng = Store(folder), np.random.default_rng(0)
    for trial in declared(count):
        store[trial] = record(rng.normal(size=500).astype(np.float32))
        os.utime(store.path(trial), (time.time() - 3600,) * 2)


def record(radii: Any) -> dict[str, Any]:
    """What a trial returns."""
    outcome = {"size": 100, "examples": 500, "variance_share": 1.0, "diverged": None, "loss": 0.1}
    cost = {"training": 1.0, "evaluation": 0.1, "memory": 1_000_000, "inference": 1e-5, "threads": 1}
    origin = {"package": "0.1.0", "commit": "0" * 12, "python": "3.11", "torch": "2.13.0", "device": "a processor"}
    scores = {"accuracy": float((radii > 0).mean()), "lipschitz": 1.0}
    return {"outcome": outcome | scores, "provenance": origin | cost, "arrays": {"radii": radii}} | CONTENT


def missing(count: int, folder: Path) -> None:
    """Ask what is missing of twice as many trials as are recorded."""
    if len(Store(folder).missing(declared(2 * count), content=CONTENT)) != count:
        raise RuntimeError("records are lost")


def open_table(count: int, folder: Path) -> None:
    """Open all records as one table, with certified accuracies, and write it as CSV."""
    headers = Store(folder).headers(declared(count), content=CONTENT, summary=certified_at([0.25, 0.5]))
    rows = table(headers)
    if len(rows) != count or rows["certified_accuracy_0.25"].isna().any() or not encoded(rows, "csv"):
        raise RuntimeError("rows are lost")


def measured(
    function: Callable[[int, Path], None], count: int, folder: Path, *, apart: bool = True
) -> tuple[float, float]:
    """Seconds of a call, in a process of its own unless told otherwise, and the most memory that it held, in MB."""
    if not apart:
        return _measured(function, count, folder)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_measured, function, count, folder).result()


def _measured(function: Callable[[int, Path], None], count: int, folder: Path) -> tuple[float, float]:
    import pandas  # noqa: F401 - loading is not what is measured

    start = time.perf_counter()
    function(count, folder)
    return time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def report(records: int, wanted: int, *, apart: bool) -> None:
    """Print the table."""
    print(HEAD)
    with tempfile.TemporaryDirectory() as place:
        os.environ["ANALYSIS_CACHE_DIR"] = f"{place}/cache"  # of the processes too
        folder = Path(place) / "results"
        asked: Sequence[tuple[str, Callable[[int, Path], None], int]] = (
            (f"plan {wanted:,} declared trials, none recorded", plan, wanted),
            (f"write {records:,} records", fill, records),
            (f"what is missing beside {records:,} records, first", missing, records),
            (f"what is missing beside {records:,} records", missing, records),
            (f"{records:,} records as one table, first", open_table, records),
            (f"{records:,} records as one table", open_table, records),
        )
        for words, function, count in asked:
            seconds, memory = measured(function, count, folder, apart=apart)
            print(f"| {words} | {seconds:.3g} | {memory:.0f} |", flush=True)


def main(arguments: Sequence[str]) -> None:
    """Read the options and report."""
    options = dict(getopt(list(arguments), "", FLAGS)[0])
    small = "--small" in options
    records, wanted = (20, 100) if small else (10_000, 100_000)
    report(int(options.get("--records", records)), int(options.get("--declared", wanted)), apart=not small)


if __name__ == "__main__":
    main(sys.argv[1:])
