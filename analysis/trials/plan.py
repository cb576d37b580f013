"""Which trials are trained together: by shape, by what cohorts of each size cost on this machine, within its memory."""

import os
from collections.abc import Sequence
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import Any

from analysis import machine
from analysis.trials.company import Company, company
from analysis.trials.costs import ALONE, Cost, Costs
from analysis.trials.trial import Trial

WORTHWHILE = 5_000  # steps of all trials of a company; fewer are not worth being timed, and are trained one by one
MEMORY_SHARE = 0.5  # of the machine's memory, for all workers together


class Plan(list[list[Any]]):
    """Groups of trials that are run together, in the order in which they should start.

    Attributes:
        threads: Of each group, whatever runs it, so that groups at a time times threads are the machine's cores.

    Example:
        >>> plan(trials).threads
        1
    """

    threads: int = 1


def plan(
    specs: Sequence[Any], *, data_dir: str | Path | None = None, cores: int | None = None, again: bool = False
) -> Plan:
    """Group trials so that all are done soonest.

    Trials of one company (:func:`analysis.trials.company.company`) are cut into cohorts of nearly equal length, of the
    size at which they take the least time on all cores, one worker with one thread on each. What a step costs in a
    cohort of every size is timed on this machine once, and kept in the cache; networks that are large enough to fill a
    core turn out to be fastest alone. The plan depends on the trials and the machine, not on what runs it.

    Args:
        specs: Trials; whatever else there is among them is a group of its own.
        data_dir: Folder of the data sets.
        cores: Of the machine; by default those that this process may use.
        again: Whether to time steps again.

    Returns:
        The groups, the longest first.

    Example:
        >>> runner.run(run_trials, trials, store, executor, plan=plan)
    """
    cores = cores or machine.cores()
    companies: dict[Company, list[Trial]] = {}
    others = []
    for spec in specs:
        if isinstance(spec, Trial):
            companies.setdefault(company(spec), []).append(spec)
        else:
            others.append([spec])
    costs = Costs(data_dir, again=again)
    costs.learn(members[0] for members in companies.values() if _is_worth_timing(members))
    groups: list[tuple[float, list[Any]]] = []
    for members in companies.values():
        cost = costs.of(members[0]) if _is_worth_timing(members) else ALONE
        members.sort(key=lambda trial: -trial.total_steps)
        size = cohort_size(len(members), cost, cores=cores, memory=MEMORY_SHARE * _memory() / cores)
        for group in _cut(members, size):
            groups.append((cost.seconds(len(group)) * sum(trial.total_steps for trial in group), group))
    groups.sort(key=lambda pair: -pair[0])
    planned = Plan([*others, *(group for _, group in groups)])
    planned.threads = max(1, cores // max(1, len(planned)))
    return planned


def cohort_size(count: int, cost: Cost, *, cores: int, memory: float) -> int:
    """Find the size of cohorts at which trials of equal length are done soonest.

    Args:
        count: Number of trials.
        cost: Of their steps.
        cores: Cohorts that are trained at a time.
        memory: Bytes that one cohort may take.

    Returns:
        A size from 1 to ``count``; of several that are equally fast, the smallest.

    Example:
        >>> cohort_size(100, Cost({1: 2.0, 16: 0.4}, memory=10**6), cores=2, memory=10**9)
        17
    """
    allowed = max(1, min(count, int(memory // max(cost.memory, 1)), 2 * max(cost.measured)))

    def seconds(size: int) -> float:
        rounds = ceil(ceil(count / size) / cores)
        return rounds * size * cost.seconds(size)

    return min(range(1, allowed + 1), key=seconds)


def _is_worth_timing(members: Sequence[Trial]) -> bool:
    return len(members) > 1 and sum(trial.total_steps for trial in members) >= WORTHWHILE


def _cut(members: Sequence[Trial], size: int) -> list[list[Trial]]:
    """Cut into as few groups as the size allows, of sizes that differ by one at most."""
    count = -(-len(members) // size)
    ends = [len(members) * part // count for part in range(count + 1)]
    return [list(members[first:last]) for first, last in pairwise(ends)]


def _memory() -> float:
    return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
