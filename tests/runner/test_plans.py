"""A plan is kept beside the records: the same groups again, broken ones whole, halved ones as halves."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from analysis.runner import Store, identity, run
from analysis.runner.executors import SerialExecutor
from analysis.runner.plans import FILE, KeptPlan


@dataclass(frozen=True)
class Spec:
    number: int
    drawer: str = "a"


SPECS = [Spec(number) for number in range(7)]


def in_threes(specs: list[Any]) -> list[list[Any]]:
    return [specs[start : start + 3] for start in range(0, len(specs), 3)]


def never(specs: list[Any]) -> list[list[Any]]:
    raise AssertionError(f"{specs} were planned again")


def record(specs: list[Spec]) -> list[dict[str, Any]]:
    """Numbers that depend on the company, as those of networks trained together do in their last bits."""
    company = sum(spec.number for spec in specs)
    return [
        {"specification": {"number": spec.number, "drawer": spec.drawer}, "outcome": {"company": company}, "arrays": {}}
        for spec in specs
    ]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path, drawer=lambda spec: spec.drawer)


def companies(store: Store) -> dict[int, int]:
    return {spec.number: store[spec]["outcome"]["company"] for spec in SPECS if spec in store}


def test_the_same_groups_are_planned_again(store: Store) -> None:
    first = KeptPlan(store, SPECS, in_threes)(SPECS)
    assert first == in_threes(SPECS)
    assert KeptPlan(store, SPECS, lambda specs: [specs])(SPECS) == first  # the last is alone, and is the other's


def test_a_broken_group_is_run_whole_and_becomes_what_it_was(store: Store) -> None:
    plan = KeptPlan(store, SPECS, in_threes)
    run(record, SPECS, store, SerialExecutor(), plan=plan, amend=plan.amend, progress=False)
    undisturbed = companies(store)
    for number in (1, 6):
        store.path(SPECS[number]).unlink()
    again = KeptPlan(store, SPECS, in_threes)
    run(record, SPECS, store, SerialExecutor(), plan=again, amend=again.amend, progress=False)
    assert companies(store) == undisturbed
    assert again([SPECS[1]]) == [SPECS[:3]]


def test_what_is_declared_later_is_planned_beside(store: Store) -> None:
    KeptPlan(store, SPECS[:3], in_threes)(SPECS[:3])
    assert KeptPlan(store, SPECS, in_threes)(SPECS) == [SPECS[:3], SPECS[3:6], SPECS[6:]]
    assert KeptPlan(store, SPECS, never)(SPECS[:6]) == [SPECS[:3], SPECS[3:6]]


def test_a_group_with_a_member_nobody_declares_any_more_is_planned_anew(store: Store) -> None:
    KeptPlan(store, SPECS, in_threes)(SPECS)
    assert KeptPlan(store, SPECS[1:], in_threes)(SPECS[1:3]) == [SPECS[1:3]]
    groups = json.loads((store.path(SPECS[0]).parent / FILE).read_text())["groups"]
    assert groups == [[identity(spec) for spec in group] for group in (SPECS[3:6], SPECS[1:3])]  # nobody is in two


def test_halves_take_the_place_of_their_group(store: Store) -> None:
    plan = KeptPlan(store, SPECS, lambda specs: [specs])
    plan(SPECS)
    plan.amend(SPECS, (SPECS[:4], SPECS[4:]))
    plan.amend(SPECS[4:], (SPECS[4:6], SPECS[6:]))
    assert KeptPlan(store, SPECS, in_threes)(SPECS) == [SPECS[:4], SPECS[4:6], SPECS[6:]]


class Threaded(list[list[Any]]):
    """A plan that says on how many threads."""

    def __init__(self, groups: list[list[Any]], threads: int) -> None:
        super().__init__(groups)
        self.threads = threads


def on_threads(threads: int) -> Callable[[list[Any]], list[list[Any]]]:
    return lambda specs: Threaded(in_threes(specs), threads)


def noted(specs: list[Spec], threads: int | None = None) -> list[dict[str, Any]]:
    return [each | {"outcome": {"company": threads}} for each in record(specs)]


def test_groups_are_run_on_the_threads_that_were_planned_first(store: Store) -> None:
    """Also a group of one: its last bits depend on them."""
    run(noted, SPECS, store, SerialExecutor(), plan=KeptPlan(store, SPECS, on_threads(1)), progress=False)
    for spec in SPECS[1:]:
        store.path(spec).unlink()
    run(noted, SPECS, store, SerialExecutor(), plan=KeptPlan(store, SPECS, on_threads(4)), progress=False)
    assert companies(store) == dict.fromkeys(range(7), 1)


def test_halves_keep_the_threads_of_their_group(store: Store) -> None:
    def scarce(specs: list[Spec], threads: int) -> list[dict[str, Any]]:
        if len(specs) > 2:
            raise MemoryError("too many at once")
        return noted(specs, threads)

    plan = KeptPlan(store, SPECS, on_threads(3))
    run(scarce, SPECS, store, SerialExecutor(), plan=plan, amend=plan.amend, progress=False)
    assert companies(store) == dict.fromkeys(range(7), 3)
    again = KeptPlan(store, SPECS, never)(SPECS)
    assert sorted(map(len, again)) == [1, 1, 1, 2, 2]
    assert [group.threads for group in again] == [3] * 5


def test_a_plan_from_before_threads_were_kept_is_read(store: Store) -> None:
    KeptPlan(store, SPECS, in_threes)(SPECS)
    file = store.path(SPECS[0]).parent / FILE
    content = json.loads(file.read_text())
    file.write_text(json.dumps({"groups": content["groups"]}))
    assert KeptPlan(store, SPECS[:6], never)(SPECS[:6]) == [SPECS[:3], SPECS[3:6]]


def test_every_drawer_has_its_own(store: Store) -> None:
    others = [Spec(number, "b") for number in range(2)]
    KeptPlan(store, [*SPECS[:2], *others], lambda specs: [specs[:2], specs[2:]])([*SPECS[:2], *others])
    assert KeptPlan(store, others, never)(others) == [others]


def test_a_damaged_plan_is_one_line_and_made_anew(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    KeptPlan(store, SPECS, in_threes)(SPECS)
    file = store.path(SPECS[0]).parent / FILE
    file.write_text(file.read_text()[:20])
    assert KeptPlan(store, SPECS, lambda specs: [specs])(SPECS) == [SPECS]
    assert len(caplog.records) == 1
    assert "made anew" in caplog.text
