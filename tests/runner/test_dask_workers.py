"""A real Dask scheduler and two workers, each a process of its own; one of them is killed in the middle."""

import io
import re
import time
from concurrent.futures import wait
from contextlib import redirect_stderr
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from runner_toys import Toy, fails_on_three, squares

from analysis.runner import Store, dask_workers, executor, run


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


TOYS = [Toy(number, seconds=0.1) for number in range(24)]


def executed(log: Path) -> list[int]:
    return [int(line) for line in log.read_text().split()]


def kill_in_the_middle(worker: Any, log: Path) -> None:
    while len(executed(log)) < 6:
        time.sleep(0.01)
    worker.kill()


@pytest.fixture
def cluster(log: Path, request: pytest.FixtureRequest) -> Any:
    """Its workers write the log."""
    return request.getfixturevalue("dask_cluster")


def test_all_records_are_there_although_a_worker_is_killed_in_the_middle(
    tmp_path: Path, log: Path, cluster: Any
) -> None:
    store, undisturbed = Store(tmp_path / "results"), Store(tmp_path / "undisturbed")
    killer = Thread(target=kill_in_the_middle, args=(cluster.workers[0], log))
    killer.start()
    terminal = Terminal()
    with redirect_stderr(terminal), executor(f"dask:{cluster.address}") as pool:
        assert run(squares, TOYS, store, pool) == len(TOYS)
        killer.join()
        assert cluster.workers[0].wait() != 0
        with pytest.raises(ExceptionGroup, match="1 of 4 trials failed") as caught:
            run(fails_on_three, map(Toy, range(4)), Store(tmp_path / "others"), pool, progress=False)
        assert isinstance(caught.value.exceptions[0], ArithmeticError)
        futures = [pool.submit(squares, [Toy(0, seconds=5)]) for _ in range(3)]
        pool.shutdown(wait=False, cancel_futures=True)
        assert all(future.cancelled() for future in wait(futures, timeout=2).done)
    with executor("serial") as pool:
        run(squares, TOYS, undisturbed, pool, progress=False)
    ours, theirs = ({path.name: path.read_bytes() for path in each} for each in (store, undisturbed))
    assert ours == theirs
    assert re.search(r"[12] running: Toy", terminal.getvalue())


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_workers, "PATIENCE", 0.2)
    with pytest.raises(ConnectionError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        executor("dask:tcp://127.0.0.1:9")
