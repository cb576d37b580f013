"""Specifications that cost nothing, and what can happen while they run; importable by worker processes."""

import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from analysis.runner import Store, executor, run
from analysis.runner.processes import THREAD_VARIABLES

SWEEP = 16


@dataclass(frozen=True)
class Toy:
    number: int
    seconds: float = 0.0


def squares(toys: list[Toy]) -> list[dict[str, Any]]:
    return [_square(toy) for toy in toys]


def _square(toy: Toy) -> dict[str, Any]:
    if "RUNNER_TOYS_LOG" in os.environ:
        with Path(os.environ["RUNNER_TOYS_LOG"]).open("a") as log:
            log.write(f"{toy.number}\n")
    time.sleep(toy.seconds)
    return {"outcome": {"square": toy.number**2}, "arrays": {"values": np.arange(toy.number)}}


def fails_on_three(toys: list[Toy]) -> list[dict[str, Any]]:
    if Toy(3) in toys:
        raise ArithmeticError("three is too many")
    return squares(toys)


def unspeakable_three(toys: list[Toy]) -> list[dict[str, Any]]:
    return [{"outcome": {"square": {3}}} for _ in toys] if Toy(3) in toys else squares(toys)


def dies_on_three(toys: list[Toy]) -> list[dict[str, Any]]:
    """The worker ends without a word, as under a shortage of memory."""
    if Toy(3) in toys:
        os._exit(1)
    return squares(toys)


def wants_memory(toys: list[Toy]) -> list[dict[str, Any]]:
    """Two fit, three do not."""
    if len(toys) > 2:
        raise MemoryError("too many at once")
    return squares(toys)


def thread_variables(toys: list[Toy]) -> list[dict[str, Any]]:
    return [{"outcome": {name: os.environ.get(name) for name in THREAD_VARIABLES}} for _ in toys]


def visible_cards(toys: list[Toy]) -> list[dict[str, Any]]:
    time.sleep(0.3)  # until the other workers are there
    return [{"outcome": {"cards": os.environ.get("CUDA_VISIBLE_DEVICES"), "worker": os.getpid()}} for _ in toys]


def torch_threads(toys: list[Toy]) -> list[dict[str, Any]]:
    import torch

    return [{"outcome": {"threads": torch.get_num_threads()}} for _ in toys]


def write_toys(folder: Path, toys: list[Toy]) -> None:
    store = Store(folder)
    for toy, record in zip(toys, squares(toys), strict=True):
        store[toy] = record


def sweep(folder: str, executor_name: str, count: str) -> None:
    """Entry of the processes that get killed."""
    toys = [Toy(number, seconds=0.1) for number in range(int(count))]
    with executor(executor_name) as pool:
        run(squares, toys, Store(folder), pool, progress=False)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background inherits that it is ignored
    sweep(*sys.argv[1:])
