"""Only what is missing is run, and whatever finished is kept."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from runner_toys import Toy, fails_on_three, squares, unspeakable_three

from analysis.runner import Store, executor, run, singly
from analysis.runner.executors import SerialExecutor

TOYS = tuple(map(Toy, range(6)))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "results")


def run_here(function: Any, toys: Any, store: Store, **options: Any) -> int:
    return run(function, toys, store, SerialExecutor(), progress=False, **options)


def executions(log: Path) -> list[int]:
    return [int(line) for line in log.read_text().split()]


def numbers(store: Store) -> list[int]:
    return [toy.number for toy in TOYS if toy in store]


def test_everything_is_run_once_and_kept(store: Store, log: Path) -> None:
    assert run_here(squares, (*TOYS, *TOYS), store) == 6
    assert executions(log) == [0, 1, 2, 3, 4, 5]
    assert [store[toy]["outcome"]["square"] for toy in TOYS] == [0, 1, 4, 9, 16, 25]


def test_only_what_is_missing_is_run(store: Store, log: Path) -> None:
    run_here(squares, TOYS[1:4:2], store)
    assert run_here(squares, TOYS, store) == 4
    assert run_here(squares, TOYS, store) == 0
    assert executions(log) == [1, 3, 0, 2, 4, 5]


def test_a_damaged_record_is_run_again(store: Store, log: Path) -> None:
    run_here(squares, TOYS, store)
    path = store.path(TOYS[4])
    path.write_bytes(path.read_bytes()[:-1])
    assert run_here(squares, TOYS, store) == 1
    assert executions(log)[6:] == [4]
    assert store[TOYS[4]]["outcome"]["square"] == 16


def test_records_of_other_data_are_run_again(store: Store, log: Path) -> None:
    def with_data(toys: list[Toy]) -> list[dict[str, Any]]:
        return [record | {"data": "new"} for record in squares(toys)]

    run_here(squares, TOYS, store)
    assert run_here(with_data, TOYS, store, content={"data": "new"}) == 6
    assert run_here(with_data, TOYS, store, content={"data": "new"}) == 0
    assert len(store) == 6


def test_fresh_runs_everything_again_and_replaces(store: Store, log: Path) -> None:
    run_here(squares, TOYS, store)
    before = store.path(TOYS[2]).read_bytes()
    store[TOYS[2]] = {"outcome": {"square": "wrong"}}
    assert run_here(squares, (*TOYS, *TOYS), store, fresh=True) == 6
    assert len(executions(log)) == 12
    assert store.path(TOYS[2]).read_bytes() == before


def test_fresh_keeps_a_record_until_its_successor_is_finished(store: Store) -> None:
    run_here(squares, TOYS, store)
    with pytest.raises(ExceptionGroup):
        run_here(fails_on_three, TOYS, store, fresh=True)
    assert numbers(store) == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("name", ["serial", "processes"])
def test_a_failure_keeps_the_other_results_and_names_its_specification(store: Store, name: str) -> None:
    with executor(name) as pool, pytest.raises(ExceptionGroup, match="1 of 6 trials failed") as caught:
        run(fails_on_three, TOYS, store, pool, progress=False)
    (error,) = caught.value.exceptions
    assert isinstance(error, ArithmeticError)
    assert error.__notes__ == ["in Toy(number=3, seconds=0.0)"]
    assert numbers(store) == [0, 1, 2, 4, 5]
    assert run_here(squares, TOYS, store) == 1


def test_what_json_cannot_hold_is_refused_and_the_others_are_kept(store: Store) -> None:
    with pytest.raises(ExceptionGroup) as caught:
        run_here(unspeakable_three, TOYS, store)
    (error,) = caught.value.exceptions
    assert "not JSON serializable" in str(error)
    assert error.__notes__ == ["in Toy(number=3, seconds=0.0)"]
    assert numbers(store) == [0, 1, 2, 4, 5]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_as_many_records_as_specifications_must_come_back(store: Store, count: int) -> None:
    def other_count(toys: list[Toy]) -> list[dict[str, Any]]:
        return (squares(toys) * 3)[:count]

    with pytest.raises(ExceptionGroup, match="2 of 2 trials failed"):
        run_here(other_count, TOYS[:2], store, plan=lambda toys: [toys])
    assert len(store) == 0, "nobody knows which is whose"


def test_a_record_is_on_disk_before_the_next_trial_starts(store: Store) -> None:
    seen = []

    def looks(toys: list[Toy]) -> list[dict[str, Any]]:
        seen.append(numbers(store))
        return squares(toys)

    run_here(looks, TOYS[:4], store)
    assert seen == [[], [0], [0, 1], [0, 1, 2]]


def test_an_interrupt_keeps_what_was_finished(store: Store, log: Path) -> None:
    def interrupted(toys: list[Toy]) -> list[dict[str, Any]]:
        if Toy(3) in toys:
            raise KeyboardInterrupt
        return squares(toys)

    with pytest.raises(KeyboardInterrupt):
        run_here(interrupted, TOYS, store)
    assert numbers(store) == [0, 1, 2]
    assert run_here(squares, TOYS, store) == 3
    assert executions(log) == [0, 1, 2, 3, 4, 5]


def test_the_plan_s_groups_are_run_together(store: Store) -> None:
    groups = []

    def remembers(toys: list[Toy]) -> list[dict[str, Any]]:
        groups.append([toy.number for toy in toys])
        return squares(toys)

    run_here(squares, TOYS[:1], store)
    assert run_here(remembers, TOYS, store, plan=lambda toys: [toys[:3], toys[3:]]) == 5
    assert groups == [[1, 2, 3], [4, 5]]
    assert numbers(store) == [0, 1, 2, 3, 4, 5]


def test_a_failing_group_is_named_by_all_of_its_specifications(store: Store) -> None:
    with pytest.raises(ExceptionGroup, match="2 of 6 trials failed") as caught:
        run_here(fails_on_three, TOYS, store, plan=lambda toys: [toys[:2], toys[2:4], toys[4:]])
    (error,) = caught.value.exceptions
    assert error.__notes__ == ["in Toy(number=2, seconds=0.0); Toy(number=3, seconds=0.0)"]
    assert numbers(store) == [0, 1, 4, 5]


def test_singly_plans_groups_of_one() -> None:
    assert singly(TOYS[:2]) == [[Toy(0)], [Toy(1)]]


@pytest.mark.parametrize("place", ["results", "results/below"])
def test_a_folder_that_cannot_be_written_is_refused_before_anything_is_computed(
    tmp_path: Path, log: Path, place: str
) -> None:
    (tmp_path / "results").write_text("a file")
    with pytest.raises(PermissionError, match=f"records cannot be written to .*{place}"):
        run_here(squares, TOYS, Store(tmp_path / place))
    assert executions(log) == []


def test_where_nothing_is_missing_nothing_need_be_writable(tmp_path: Path) -> None:
    (tmp_path / "results").touch()
    assert run_here(squares, (), Store(tmp_path / "results")) == 0


def test_every_executor_leaves_the_same_files(tmp_path: Path) -> None:
    stores = {name: Store(tmp_path / name) for name in ("serial", "processes", "threads")}
    pools = {"serial": executor("serial"), "processes": executor("processes"), "threads": ThreadPoolExecutor(3)}
    for name, pool in pools.items():
        with pool:
            assert run(squares, TOYS, stores[name], pool, progress=False) == 6
    one, *others = ({path.name: path.read_bytes() for path in store} for store in stores.values())
    assert others == [one, one]


def test_progress_shows_what_is_run(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    run(squares, TOYS, store, SerialExecutor())
    run_here(squares, TOYS, store, fresh=True)
    assert capsys.readouterr().out == "", "the output is the command's own"
