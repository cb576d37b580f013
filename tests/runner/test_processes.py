"""Worker processes: their share of the machine, and what becomes of them."""

import os
import signal
import time
from concurrent.futures import wait
from pathlib import Path

import pytest
from runner_toys import Toy, dies_on_three, squares, visible_cards

from analysis.runner import Store, WorkerDiedError, run
from analysis.runner.processes import processes


def cards_of(pool: object, calls: int) -> dict[int, str | None]:
    futures = [pool.submit(visible_cards, [Toy(number)]) for number in range(calls)]
    outcomes = [future.result()[0]["outcome"] for future in futures]
    return {outcome["worker"]: outcome["cards"] for outcome in outcomes}


def test_every_card_has_a_worker_of_its_own() -> None:
    with processes(cards=["GPU-a", "GPU-b"]) as pool:
        found = cards_of(pool, 6)
    assert sorted(map(str, found.values())) == ["GPU-a", "GPU-b"]


def test_more_workers_than_cards_share_them() -> None:
    with processes(3, cards=["0", "1"]) as pool:
        found = cards_of(pool, 9)
    assert sorted(map(str, found.values())) == ["0", "0", "1"]


def test_without_cards_nothing_is_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    with processes(1) as pool:
        assert list(cards_of(pool, 1).values()) == [None]


def test_a_worker_takes_one_call_after_another() -> None:
    with processes(1) as pool:
        assert len({pool.submit(os.getpid).result() for _ in range(3)}) == 1


def test_a_worker_that_dies_is_replaced_and_takes_only_its_own_call_along() -> None:
    with processes(1) as pool:
        futures = [pool.submit(dies_on_three, [Toy(number)]) for number in range(6)]
        assert isinstance(futures[3].exception(), WorkerDiedError)
        assert [futures[number].result()[0]["outcome"]["square"] for number in (0, 1, 2, 4, 5)] == [0, 1, 4, 16, 25]


def test_a_worker_that_is_killed_while_it_waits_costs_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / "results")
    with processes(1) as pool:
        os.kill(pool.submit(os.getpid).result(), signal.SIGKILL)
        run(squares, map(Toy, range(10)), store, pool, progress=False)
    assert len(store) == 10


def test_a_shutdown_that_waits_finishes_what_was_taken() -> None:
    pool = processes(1)
    futures = [pool.submit(squares, [Toy(number)]) for number in range(4)]
    pool.shutdown()
    assert all(future.done() for future in futures)
    with pytest.raises(RuntimeError, match="shut down"):
        pool.submit(squares, [Toy(0)])


def test_a_shutdown_that_cancels_ends_what_runs_and_drops_what_waits() -> None:
    pool = processes(1)
    futures = [pool.submit(squares, [Toy(number, seconds=60)]) for number in range(4)]
    while not futures[0].running():
        time.sleep(0.01)
    moment = time.monotonic()
    pool.shutdown(wait=False, cancel_futures=True)
    assert not wait(futures, timeout=20).not_done
    assert time.monotonic() - moment < 20
    assert all(future.cancelled() for future in futures[1:])
    pool.shutdown()
