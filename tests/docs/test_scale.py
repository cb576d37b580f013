"""What the page on large sweeps promises follows from the numbers that it shows."""

import re

import pytest
from pages import DOCS

from benchmarks import scale

TEXT = (DOCS / "scale.md").read_text(encoding="utf-8")
UNITS = {"days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}


def tables() -> list[list[list[str]]]:
    """Cells of each table's rows, without its head."""
    found = re.findall(r"(?:^\|.*\|\n)+", TEXT, flags=re.MULTILINE)
    return [[[cell.strip() for cell in row.strip("|").split("|")] for row in each.splitlines()[2:]] for each in found]


def number(text: str) -> float:
    return float(text.replace(",", ""))


def seconds(duration: str) -> float:
    count, unit = duration.split()
    return number(count) * UNITS[unit]


def test_the_page_is_what_the_rates_make_of_it() -> None:
    """Where this fails: ``python -m benchmarks.scale``."""
    assert scale.page() == TEXT


def test_times_and_sizes_follow_from_the_rates_on_the_page() -> None:
    results, rates, machines = tables()
    small, aol, convolution = (float(row[1]) for row in rates)
    for (_, small_time, large_time, fitting, reads), (_, workers, worth, worth_large, together, memory) in zip(
        results, machines, strict=True
    ):
        assert seconds(small_time) == pytest.approx(100_000 * small / (float(workers) * float(worth)), rel=0.03)
        steps = 15 * 5 * (50e6 / 256 * aol + 50e6 / 128 * convolution)
        assert seconds(large_time) == pytest.approx(steps / (float(workers) * float(worth_large)), rel=0.03)
        held = 0.5 * number(memory) * 1e9 / 3_072
        assert int(fitting.split()[0]) == sum(50_000_000 >> halvings <= held for halvings in range(15))
        seen = 15 * 5 * 2 * 50e6 / steps * float(together) * float(worth_large)
        assert number(reads) == pytest.approx(seen, rel=1e-3)


def test_rates_are_those_on_record() -> None:
    small = float(tables()[1][0][1])
    results = (DOCS.parent / "benchmarks" / "RESULTS.md").read_text(encoding="utf-8")
    (workers, a_trial) = re.findall(r"in cohorts of up to \d+, (\d) workers \| (\d\.\d+)", results)[0]
    assert small == pytest.approx(int(workers) * float(a_trial), rel=1e-3)
