"""What a sweep of many small trainings costs: in cohorts, beside one training after another as it is usually written.

Run:    python -m benchmarks.sweeps [--trials 300] [--steps 1000] [--rival-trials 4] [--data-dir FOLDER]
Small:  python -m benchmarks.sweeps --small
Cost:   8 minutes on 2 cores.

The grid is that of ``data_scaling`` on digits: an AOL-MLP of width 64 and 8 layers, batches of 64, sizes from 20 to
all, at each a subset and initial weights of its own seed. Ours is run as a study runs it: in worker processes, measured
and certified, from their start to the last record; what it takes to time steps for the plan is given beside it. The
rival is ``benchmarks.author_style``: a ``DataLoader`` and the plain formula under autograd, without certificates. It
trains a sample of the trials, and its time is scaled up.

Torch is imported inside functions: a worker imports this module before it learns how many threads it may use.
"""

import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from getopt import getopt
from pathlib import Path
from typing import Any

from analysis import datasets, runner, trials
from analysis.trials import Trial
from analysis.trials.costs import Costs

FLAGS = ["small", "trials=", "steps=", "rival-trials=", "data-dir="]
SIZES = (20, 40, 81, 162, 324, 648, None)
MARGIN = {"offset": 0.35, "temperature": 0.125, "learning_rate": 1.0}
DIGITS = Trial(dataset="digits", model="AOL-MLP", width=64, depth=8, batch_size=64, **MARGIN)
MNIST = Trial(dataset="mnist", model="AOL-MLP", width=784, depth=4, batch_size=256, steps=200, size=1_000, **MARGIN)
PRODUCTS = 5  # a layer and step: forward, two backward, two of the rescaling


def grid(count: int, base: Trial) -> list[Trial]:
    """The first trials of a grid of sizes and seeds."""
    return [
        replace(base, size=SIZES[index % len(SIZES)], seed=index // len(SIZES), subset_seed=index // len(SIZES))
        for index in range(count)
    ]


def sweep(specs: Sequence[Trial], data_dir: Path | None, groups: list[list[Any]] | None = None) -> float:
    """Seconds from an empty store to the last record, in worker processes."""
    plan = partial(trials.plan, data_dir=data_dir) if groups is None else lambda _: groups
    with tempfile.TemporaryDirectory() as folder, runner.executor("processes") as executor:
        start = time.perf_counter()
        function = partial(trials.run_trials, data_dir=data_dir, device="cpu")
        runner.run(function, specs, runner.Store(folder), executor, plan=plan, progress=False)
        return time.perf_counter() - start


def rival(specs: Sequence[Trial], threads: int) -> float:
    """Seconds of one training after another, in this process."""
    import torch

    from benchmarks import author_style

    data, before = datasets.load(specs[0].dataset), torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        start = time.perf_counter()
        for spec in specs:
            author_style.train(spec, data)
        return time.perf_counter() - start
    finally:
        torch.set_num_threads(before)


def arithmetic_limit(trial: Trial, cores: int) -> float:
    """Seconds of a step if all cores did nothing but its products, at the rate of one core on a batch of them."""
    import torch

    assert trial.width is not None
    assert trial.depth is not None
    matrices, before = torch.randn(16, trial.width, trial.width), torch.get_num_threads()
    torch.set_num_threads(1)
    times = []
    for _ in range(200):
        start = time.perf_counter()
        torch.bmm(matrices, matrices)
        times.append(time.perf_counter() - start)
    torch.set_num_threads(before)
    return min(times) / len(matrices) * PRODUCTS * trial.depth / cores


def report_digits(count: int, steps: int, sample: int) -> None:
    """Print the table of the digits grid."""
    cores = len(os.sched_getaffinity(0))
    specs = grid(count, replace(DIGITS, steps=steps))
    start = time.perf_counter()
    Costs().learn(specs[:1])
    timing = time.perf_counter() - start
    groups = trials.plan(specs)
    ours = sweep(specs, None, groups) / count
    theirs = {threads: rival(specs[:sample], threads) / sample for threads in sorted({1, cores})}
    gain, limit = min(theirs.values()) / ours, arithmetic_limit(specs[0], cores) * steps
    print(
        f"\n| digits, {count} trials of {steps:,} steps | seconds a trial | ms a step | rival / ours |\n{'|---' * 4}|"
    )
    print(f"| in cohorts of up to {max(map(len, groups))}, {cores} workers | {ours:.3f} | {1e3 * ours / steps:.3f} | |")
    for threads, seconds in theirs.items():
        name = f"DataLoader and plain formula, {threads} threads, from {sample} trials"
        print(f"| {name} | {seconds:.3f} | {1e3 * seconds / steps:.3f} | {seconds / ours:.2g} |")
    print(f"| products alone, {cores} cores | {limit:.3f} | {1e3 * limit / steps:.3f} | |")
    print(f"\nAim: 8, better 15; here {gain:.1f}. Reached: {100 * limit / ours:.0f} % of the arithmetic limit.")
    print(f"Timing the steps for the plan took {timing:.1f} s, once for this machine.")


def report_growth(counts: Sequence[int], steps: int) -> None:
    """Print the time per trial against the number of trials."""
    print(f"\n| trials of {steps:,} steps | seconds in all | seconds a trial |\n|---|---|---|")
    for count in counts:
        seconds = sweep(grid(count, replace(DIGITS, steps=steps)), None)
        print(f"| {count:,} | {seconds:.2f} | {seconds / count:.4f} |")
        sys.stdout.flush()


def report_wide(base: Trial, count: int, data_dir: Path | None) -> None:
    """Print what a few large networks cost, as planned and in every other way."""
    specs = [replace(base, seed=seed) for seed in range(count)]
    planned = trials.plan([replace(spec, steps=10**4) for spec in specs], data_dir=data_dir)  # worth timing
    ways: dict[str, list[list[Any]]] = {
        f"as planned, groups of {max(map(len, planned))}": [
            [replace(spec, steps=base.steps) for spec in group] for group in planned
        ],
        "one per core": [[spec] for spec in specs],
        "all in one cohort": [specs],
    }
    print(f"\n| {base.dataset}, {count} trials of width {base.width}, {base.steps} steps | seconds |\n|---|---|")
    for name, groups in ways.items():
        print(f"| {name} | {sweep(specs, data_dir, groups):.2f} |")
    start = time.perf_counter()
    for spec in specs:
        trials.run_trials([spec], data_dir=data_dir, device="cpu")
    print(f"| one after the other, all threads, without the start of workers | {time.perf_counter() - start:.2f} |")


def main(arguments: list[str]) -> None:
    """Run the benchmark, and print Markdown."""
    from benchmarks.stopwatch import machine

    options = dict(getopt(arguments, "", FLAGS)[0])
    small = "--small" in options
    folder = options.get("--data-dir") or os.environ.get("ANALYSIS_DATA_DIR")
    data_dir = Path(folder) if folder else None
    print(machine("cpu"))
    report_digits(
        int(options.get("--trials", 4 if small else 300)),
        int(options.get("--steps", 20 if small else 1_000)),
        int(options.get("--rival-trials", 1 if small else 4)),
    )
    report_growth((1, 2) if small else (1, 10, 100, 1_000), 10 if small else 100)
    if small:
        report_wide(replace(DIGITS, steps=5), 2, data_dir)
    elif data_dir is not None:
        report_wide(MNIST, 4, data_dir)
    else:
        print("\nWithout --data-dir the networks on MNIST are left out.")


if __name__ == "__main__":
    main(sys.argv[1:])
