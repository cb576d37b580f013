"""Times training steps of trials, alone and in cohorts, as they are taken for good."""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from analysis.datasets import Dataset
from analysis.datasets.batches import AUGMENTATIONS, batches, order_generator
from analysis.evaluation import memory_of_a_step
from analysis.losses import OffsetCrossEntropy
from analysis.training import on_threads, scores_in
from analysis.trials.cohort import cohort_of
from analysis.trials.content import load
from analysis.trials.costs import Cost
from analysis.trials.measure import Ready, prepare
from analysis.trials.setup import tensors, training_set
from analysis.trials.trial import Trial

SIZES = (1, 4, 16, 32)
ENOUGH = 0.1  # seconds of steps of one size
WORSE = 1.5  # times the best so far: more company will not help
SLOW = 0.02  # seconds of a step of one network: it fills a core, and none is timed in company
CPU = torch.device("cpu")


def time_steps(trial: Trial, data_dir: str | Path | None) -> Cost:
    """Time steps of cohorts of growing size, on one thread, for as long as networks gain from more company.

    Args:
        trial: Of the company; its seed, size and bands do not matter.
        data_dir: Folder of the data sets.

    Returns:
        The cost.

    Raises:
        ValueError: If the trial cannot be run.
    """
    data = load(trial.dataset, data_dir, trial.validation)
    measured: dict[int, float] = {}
    with on_threads(1):
        for size in SIZES:
            ready = [_prepared(replace(trial, seed=seed), data) for seed in range(size)]
            measured[size] = _of_one(ready[0], data) if size == 1 else _of_cohort(ready, data) / size
            if measured[size] > min(SLOW, WORSE * min(measured.values())):
                break
        images, _ = tensors(data.train.part(ready[0].chosen[: trial.batch_size]), CPU)
        memory = memory_of_a_step(ready[0].network, images.float() / 255)
    return Cost(measured, memory)


def answer() -> None:
    """Be the other end of ``time_apart``: read what to time from the standard input, write costs to the output."""
    question = json.load(sys.stdin)
    answers: list[dict[str, Any] | str] = []
    for fields in question["trials"]:
        try:
            answers.append(time_steps(Trial(**fields), question["data_dir"]).as_json())
        except (OSError, ValueError) as error:
            answers.append(str(error))
    sys.stdout.write(f"\n{json.dumps(answers)}\n")


def _prepared(trial: Trial, data: Dataset) -> Ready:
    return prepare(replace(trial, size=None, components=None, steps=10**4, visits=None), data, CPU, None, {})


def _of_one(ready: Ready, data: Dataset) -> float:
    """Seconds of a step of a network that is trained alone, without the optimiser, which costs it little."""
    trial = ready.trial
    images, labels = training_set(data.train, ready.chosen, CPU)
    augment = AUGMENTATIONS[trial.augmentation]
    options = {"batch_size": trial.batch_size, "augment": augment, "noise": trial.noise}
    stream = batches(images, labels, steps=trial.total_steps, generator=order_generator(trial.seed), **options)  # type: ignore[arg-type]
    parameters, loss = list(ready.network.parameters()), OffsetCrossEntropy(trial.offset, trial.temperature)

    def step() -> object:
        seen, classes = next(stream)
        return torch.autograd.grad(loss(scores_in(trial.precision, ready.network, seen), classes), parameters)

    return _fastest(step)


def _of_cohort(ready: list[Ready], data: Dataset) -> float:
    return _fastest(cohort_of(ready, data.train, CPU).take_step)


def _fastest(step: Callable[[], object]) -> float:
    """Seconds of the fastest of some steps."""
    step()
    times: list[float] = []
    while not times or sum(times) < ENOUGH:
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return min(times)
