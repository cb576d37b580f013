"""What large sweeps cost on machines of several sizes, from what was measured here: writes docs/scale.md.

Run:    python -m benchmarks.scale

Rates are read from benchmarks/RESULTS.md and from the records of cifar10-jpeg, so that the page follows when these are
measured again; tests/docs compares. What was not measured, all that concerns graphics cards among it, is an assumption
and is called one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from statistics import median

from analysis.runner.record import decode

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "scale.md"
IMAGES = 50_000_000
IMAGE_BYTES = 32 * 32 * 3
SIZES = [IMAGES >> halvings for halvings in range(15)]
SEEDS, BATCH, TRIALS, STEPS, RECORD = 5, 256, 100_000, 1_000, 2_412
PART = 0.5  # of a machine's memory, for images that were read


@dataclass(frozen=True)
class Machine:
    """What sweeps are run on.

    Attributes:
        name: In the tables.
        workers: Calls at a time.
        small: Cores of the measured kind that a worker is worth on cohorts of small networks.
        large: The same on large networks.
        together: Workers that share a machine, its memory and its disk.
        memory: GB of that machine.
    """

    name: str
    workers: int
    small: float
    large: float
    together: int
    memory: float


@dataclass(frozen=True)
class Rates:
    """What was measured, seconds of one core.

    Attributes:
        small: Of a small trial, from the start of the workers to its record.
        aol: Of a step of an AOL-MLP on images of CIFAR's size.
        convolution: Of a step of a ConvNet on them.
        moments: Images a second that enter the covariance, on the two cores.
    """

    small: float
    aol: float
    convolution: float
    moments: float


MACHINES = (
    Machine("this machine, 2 cores", workers=2, small=1, large=1, together=2, memory=23),
    Machine("a node of 64 cores", workers=64, small=0.8, large=0.8, together=64, memory=512),
    Machine("a node of 8 graphics cards", workers=8, small=10, large=100, together=8, memory=1_024),
    Machine("100 Dask workers, a core each", workers=100, small=1, large=1, together=1, memory=8),
)


def measured() -> Rates:
    """Read the rates from where they are recorded."""
    results = (ROOT / "benchmarks" / "RESULTS.md").read_text(encoding="utf-8")
    sweep = re.search(r"in cohorts of up to \d+, (\d+) workers \| ([\d.]+) ", results)
    moments = re.search(r"uint8, `\.npy` \| [\d.]+ \| ([\d,]+) ", results)
    if sweep is None or moments is None:
        raise ValueError("benchmarks/RESULTS.md has no table of sweeps, or none of moments, that can be read")
    steps: dict[str, list[float]] = {}
    for path in (ROOT / "data" / "results" / "cifar10-jpeg").glob("*.npz"):
        record = decode(path.read_bytes())
        spec, origin = record["specification"], record["provenance"]
        if "training" in origin and origin["threads"] == 1:
            steps.setdefault(spec["model"], []).append(origin["training"] / spec["steps"])
    return Rates(
        small=int(sweep[1]) * float(sweep[2]),
        aol=round(median(steps["AOL-MLP"]), 4),
        convolution=round(median(steps["ConvNet"]), 4),
        moments=float(moments[1].replace(",", "")),
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Markdown."""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows))


def hours(seconds: float) -> str:
    """A duration, in the unit that a reader would choose."""
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.1f} {unit}"
    return f"{seconds:,.1f} seconds"


def small_sweep(machine: Machine, rates: Rates) -> float:
    """Seconds of the small trials."""
    return TRIALS * rates.small / (machine.workers * machine.small)


def large_sweep(machine: Machine, rates: Rates) -> float:
    """Seconds of the sweep over generated images, every image of the largest size seen once, all sizes that often."""
    steps = IMAGES / BATCH
    one_of_each = steps * (rates.aol + rates.convolution * BATCH / 128)  # the ConvNet's steps are of 128
    return len(SIZES) * SEEDS * one_of_each / (machine.workers * machine.large)


def images_held(machine: Machine) -> int:
    """Images that the machine's memory keeps of those that were read."""
    return min(IMAGES, int(PART * machine.memory * 1e9 / IMAGE_BYTES))


def images_read(machine: Machine, rates: Rates) -> float:
    """Images a second that all workers of a machine ask for, at random."""
    return machine.together * machine.large * 2 / (rates.aol / BATCH + rates.convolution / 128)


def costs(rates: Rates) -> str:
    """The table of times."""
    rows = [
        (
            machine.name,
            hours(small_sweep(machine, rates)),
            hours(large_sweep(machine, rates)),
            f"{sum(size <= images_held(machine) for size in SIZES)} of {len(SIZES)}",
            f"{images_read(machine, rates):,.0f}",
        )
        for machine in MACHINES
    ]
    head = (
        "machine",
        f"{TRIALS:,} small trials",
        "sweep over 50 million images",
        "sizes held in memory",
        "images read a second",
    )
    return table(head, rows)


def inputs(rates: Rates) -> str:
    """The tables of what the times follow from."""
    words = {
        "small": f"a small trial ({STEPS:,} steps; digits, AOL-MLP, width 64, depth 8), with its share of the start",
        "aol": "a step of an AOL-MLP, width 256, depth 4, 256 images of 32 x 32 x 3",
        "convolution": "a step of a ConvNet, width 16, 128 such images",
    }
    seconds = [(words[name], f"{getattr(rates, name):.4g}") for name in words]
    units = [field.name for field in fields(Machine)][1:]
    machines = [(machine.name, *(f"{getattr(machine, name):g}" for name in units)) for machine in MACHINES]
    head = ("machine", "workers", "cores a worker is worth, small", "large", "workers on a machine", "its GB")
    return f"{table(('measured', 'seconds of a core'), seconds)}\n\n{table(head, machines)}"


def page() -> str:
    """All of docs/scale.md."""
    rates = measured()
    disk = IMAGES * IMAGE_BYTES / 1e9
    return f"""# What large sweeps cost, and what breaks first

Written by `python -m benchmarks.scale` from the rates in `benchmarks/RESULTS.md` and in the records of cifar10-jpeg (AMD EPYC,
2 cores, 23 GB); a test compares. **No graphics card and no cluster was at hand: what is said of them are assumptions**, those
of the second table. They are there to be replaced by your own.

{costs(rates)}

*{TRIALS:,} small trials* are a data-scaling study of digits, many times over. *The sweep over 50 million images* trains an AOL-MLP
and a ConvNet on {len(SIZES)} sizes of `edm-50m`, {SIZES[-1]:,} doubling up to {IMAGES:,}, with {SEEDS} seeds: {2 * len(SIZES) * SEEDS} trials, each of which
sees {IMAGES:,} images, so that the largest subset is seen once. Time depends on the number of images seen, not on the
size of the subset.

## What this follows from

{inputs(rates)}

Seconds are trials times seconds of a core, over workers times what each is worth. That 64 cores are worth 0.8 each leaves room
for the memory that they share; that a card is worth 10 cores on cohorts of small networks and 100 on large ones is a guess.
Half of a machine's memory may keep images that were read. The covariance of all {IMAGES:,} images takes {hours(IMAGES / rates.moments)} on this machine, at
{rates.moments:,.0f} images a second, a block at a time.

## What breaks first

1. **The disk, where images outgrow the memory.** All images have {disk:.0f} GB. A subset of more than 1 GB stays in the file that it
   is mapped from, and only the images of a batch are read; beside them each worker holds labels and an order, at most
   {IMAGES * 16 / 1e9:.1f} GB. Workers of one machine share what its memory keeps. "Sizes held in
   memory" says how many of the {len(SIZES)} are read once; of the larger ones, the last column says how many images a second
   the workers of one machine ask for, at random places. A solid-state disk gives some 10,000 to 1,000,000. Where it does not,
   workers wait, or the machine needs {disk / PART:,.0f} GB. The order of the subsets is kept, and PCA reads blocks. Disk is needed twice:
   {disk:.0f} GB for the archives, and as much for the file that is mapped.
2. **Time of the largest networks.** They gain nothing from company and are planned alone; then only more cores or cards help.
   The plan does not depend on the executor, so that a sweep begun on one goes on on another.
3. **The driver**, which alone writes. A record of a small trial has {RECORD:,} bytes: {TRIALS:,} are {TRIALS * RECORD / 1e9:.1f} GB in as many files. It
   submits 4,096 groups at a time, so that its memory is that of the list of trials; headers of records are kept in one file,
   so that asking what is missing does not open them all. `python -m benchmarks.growth` measures both.
4. **A worker that dies or runs out of memory**, as one of 100 does some day. Its group is halved, or sent again if it is one
   trial, and the stored plan amended; what fails again is kept as a failure, and all others go on. Long trainings of
   cohorts go on from a checkpoint where the cache lies on a shared disk; a driver that is killed goes on with the same command.
"""  # noqa: E501 - as long as the lines of the page


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
