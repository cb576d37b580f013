"""Trials are grouped by shape, in the size that is done soonest, whole and without doubles, within the memory."""

import itertools
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analysis.trials import Spectrum, Trial, plan, run_trials, stopwatch, timing
from analysis.trials.company import company
from analysis.trials.costs import Cost, Costs
from analysis.trials.plan import cohort_size

TRIAL = Trial(dataset="digits", model="AOL-MLP", width=64, depth=8, batch_size=64, steps=1000)
SMALL = Cost({1: 2.0, 4: 0.6, 16: 0.4, 32: 0.5}, memory=10**6)
LARGE = Cost({1: 2.0, 4: 3.0}, memory=10**6)
PLENTY = 1e12


@pytest.fixture
def timed(monkeypatch: pytest.MonkeyPatch) -> list[Trial]:
    """What was timed; small MLPs gain from company, others do not."""
    asked: list[Trial] = []

    def time_apart(trials: list[Trial], data_dir: str | Path | None) -> list[dict[str, Any]]:
        asked.extend(trials)
        return [(SMALL if trial.model.endswith("MLP") else LARGE).as_json() for trial in trials]

    monkeypatch.setattr("analysis.trials.costs.time_apart", time_apart)
    return asked


def learned(trial: Trial) -> Cost:
    """What it costs, measured where it is not known."""
    costs = Costs()
    costs.learn([trial])
    return costs.of(trial)


def seeds(trial: Trial, count: int) -> list[Trial]:
    return [replace(trial, seed=seed) for seed in range(count)]


def test_every_trial_is_in_one_group_and_all_of_a_group_fit_together(timed: list[Trial]) -> None:
    specs: list[Any] = seeds(TRIAL, 50) + seeds(replace(TRIAL, model="AOL-LCN"), 20) + seeds(replace(TRIAL, depth=3), 7)
    specs.append(Spectrum(dataset="digits", head=((0, 4),), tail=((32, None),)))
    groups = plan(specs, cores=2)
    assert sorted(map(str, (spec for group in groups for spec in group))) == sorted(map(str, specs))
    for group in groups:
        assert len({company(spec) if isinstance(spec, Trial) else spec for spec in group}) == 1
    sizes = {group[0].model: len(group) for group in groups if isinstance(group[0], Trial) and group[0].depth == 8}
    assert sizes["AOL-MLP"] > 4
    assert sizes["AOL-LCN"] == 1
    assert len(timed) == 3


@pytest.mark.parametrize(
    "change",
    [
        {"model": "MLP"},
        {"width": 32},
        {"depth": 2},
        {"batch_size": 32},
        {"momentum": 0.8},
        {"augmentation": "shift"},
        {"noise": 0.1},
        {"precision": "bfloat16"},
        {"activation": "Abs"},
        {"dataset": "mnist"},
        {"validation": 10},
    ],
    ids=str,
)
def test_what_changes_shapes_or_data_parts_trials(change: dict[str, Any]) -> None:
    assert company(replace(TRIAL, **change)) != company(TRIAL)


@pytest.mark.parametrize(
    "change",
    [
        {"size": 100},
        {"components": ((0, 4),)},
        {"steps": 7},
        {"visits": 7},
        {"learning_rate": 1.0},
        {"offset": 1.0},
        {"temperature": 0.5},
        {"draws": 7},
        {"subset_seed": 1},
        {"seed": 1},
    ],
    ids=str,
)
def test_everything_else_may_differ_within_a_cohort(change: dict[str, Any]) -> None:
    assert company(replace(TRIAL, **change)) == company(TRIAL)


def test_the_longest_groups_start_first_and_hold_trials_of_like_length(timed: list[Trial]) -> None:
    specs = [replace(TRIAL, seed=seed, steps=100 + 37 * (seed * 7919 % 64)) for seed in range(64)]
    lengths = [[trial.total_steps for trial in group] for group in plan(specs, cores=2)]
    assert [max(each) for each in lengths] == sorted((max(each) for each in lengths), reverse=True)
    for longer, shorter in itertools.pairwise(lengths):
        assert min(longer) >= max(shorter)


def test_the_plan_does_not_depend_on_the_order_of_questions(timed: list[Trial]) -> None:
    specs = seeds(TRIAL, 40)
    first = plan(specs, cores=2)
    assert plan(specs, cores=2) == first
    assert timed == [TRIAL]
    plan(specs, cores=2, again=True)
    assert len(timed) == 2


@pytest.mark.parametrize(
    ("count", "cost", "cores", "memory", "size"),
    [
        (1_000, SMALL, 1, PLENTY, 16),
        (1, SMALL, 2, PLENTY, 1),
        (10, SMALL, 2, PLENTY, 5),  # both cores have work
        (8, SMALL, 64, PLENTY, 1),
        (1_000, LARGE, 2, PLENTY, 1),
        (1_000, SMALL, 1, 5e6, 5),
        (1_000, SMALL, 1, 10.0, 1),  # more than the memory has to be tried
    ],
)
def test_the_size_is_that_which_is_done_soonest(count: int, cost: Cost, cores: int, memory: float, size: int) -> None:
    assert cohort_size(count, cost, cores=cores, memory=memory) == size


def test_a_few_steps_are_not_worth_timing(timed: list[Trial]) -> None:
    assert [len(group) for group in plan(seeds(replace(TRIAL, steps=30), 20), cores=2)] == [1] * 20
    assert timed == []


def test_what_cannot_be_run_is_planned_alone_and_refused_when_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.trials.costs.time_apart", lambda trials, _: ["unknown data set"] * len(trials))
    wrong = replace(TRIAL, dataset="nowhere")
    groups = plan(seeds(wrong, 30), cores=2)
    assert [len(group) for group in groups] == [1] * 30
    with pytest.raises(ValueError, match="unknown data set 'nowhere'"):
        run_trials(groups[0])


def test_workers_times_threads_are_the_cores(timed: list[Trial]) -> None:
    assert plan([TRIAL], cores=8).threads == 8
    assert plan(seeds(TRIAL, 300), cores=8).threads == 1


def test_hundred_thousand_trials_are_planned_in_ten_seconds(timed: list[Trial]) -> None:
    specs = [replace(TRIAL, size=20 + seed % 1000, seed=seed) for seed in range(100_000)]
    start = time.perf_counter()
    groups = plan(specs, cores=2)
    assert time.perf_counter() - start < 10
    assert sum(map(len, groups)) == 100_000


def test_costs_are_kept_and_a_damaged_file_is_one_line(
    timed: list[Trial], cache_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert learned(TRIAL) == SMALL
    assert learned(TRIAL) == SMALL
    assert Costs().of(TRIAL) == SMALL
    assert len(timed) == 1
    for damage in ("{", '{"a": 3}', "[]"):
        (cache_dir / "costs.json").write_text(damage)
        assert learned(TRIAL) == SMALL
    assert len(timed) == 4
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 3


def test_costs_lie_on_straight_lines_between_sizes() -> None:
    assert [SMALL.seconds(size) for size in (1, 4, 10, 16, 24, 32, 99)] == pytest.approx(
        [2.0, 0.6, 0.5, 0.4, 0.45, 0.5, 0.5]
    )


def test_steps_are_timed_as_they_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopwatch, "ENOUGH", 0.0)
    cost = stopwatch.time_steps(replace(TRIAL, augmentation="shift", noise=0.1, components=((0, 4),), size=50), None)
    assert {1, 4} <= cost.measured.keys()
    assert all(0 < seconds < 1 for seconds in cost.measured.values())
    assert cost.memory > 3 * 4 * 8 * 64 * 64


def test_planning_never_loads_torch_though_steps_are_timed() -> None:
    """They are timed in another process, which needs no guard in the script that plans."""
    code = (
        "import sys; from analysis.trials import Trial, plan; from analysis.trials.costs import Costs, ALONE; "
        "one = Trial(dataset='digits', model='MLP', width=16, depth=2, components=((0, 4),)); "
        "other = Trial(dataset='nowhere', model='MLP'); costs = Costs(); costs.learn([one, other]); "
        "assert costs.of(one).seconds(1) < 1; assert costs.of(other) is ALONE; "
        "assert Costs().of(one) == costs.of(one); plan([one]); sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_where_timing_fails_trials_are_planned_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As where it wants too much memory."""
    monkeypatch.setattr(timing, "PROGRAM", "import os; os.kill(os.getpid(), 9)")
    assert [len(group) for group in plan(seeds(TRIAL, 30), cores=2)] == [1] * 30
    (record,) = caplog.records
    assert "trials are planned one by one (it ended with -9)" in record.message


@pytest.mark.parametrize(
    ("model", "together"),
    [("MLP", True), ("ConvNet", True), ("SOC-MLP", True), ("AOL-LCN", True), ("BCOP-LCN", False), ("CPL-LCN", False)],
)
def test_networks_that_magnify_rounding_are_trained_alone(model: str, together: bool) -> None:
    first, second = (replace(TRIAL, model=model, seed=seed) for seed in range(2))
    assert (company(first) == company(second)) == together
