"""Trials that share shapes, trained as one network with a leading axis and measured one by one."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from analysis import models
from analysis.datasets import Split
from analysis.datasets.batches import AUGMENTATIONS, order_generator
from analysis.datasets.cohort_batches import CohortBatches, Share
from analysis.losses import CohortCrossEntropy, OffsetCrossEntropy
from analysis.training import Cohort, CohortOptimizer, Ending, find_device
from analysis.trials.checkpoint import FileCheckpoint, cohort_key
from analysis.trials.content import load
from analysis.trials.measure import Ready, cost, prepare, provenance, record, timed_measure
from analysis.trials.setup import Projection, training_set
from analysis.trials.trial import Components, Trial


def run_cohort(trials: Sequence[Trial], data_dir: str | Path | None, device: str | None) -> list[dict[str, Any]]:
    """Train trials together, and measure each.

    Args:
        trials: At least one, of one company (:func:`analysis.trials.company.company`).
        data_dir: Folder of the data sets.
        device: Torch device, or None for the best there is.

    Returns:
        One record each, in the same order. Seconds of training are a trial's share, in proportion to its steps.
    """
    start = time.perf_counter()
    target = find_device(device)
    data = load(trials[0].dataset, data_dir, trials[0].validation)
    projections: dict[Components, Projection] = {}
    ready = [prepare(trial, data, target, data_dir, projections) for trial in trials]
    checkpoint = FileCheckpoint(cohort_key(trials, data.content_hash, target))
    endings = cohort_of(ready, data.train, target).train(checkpoint)
    for each, ending in zip(ready, endings, strict=True):
        each.outcome.update(loss=ending.loss, diverged=ending.diverged)
    a_step = (time.perf_counter() - start) / sum(trial.total_steps for trial in trials)
    split = data.validation or data.test
    shared = cost(_sound(ready, endings), split, target)
    records = []
    for each in ready:
        arrays, evaluation = timed_measure(each, split, target)
        seconds = {"training": a_step * each.trial.total_steps, "evaluation": evaluation, "cohort": len(trials)}
        records.append(record(each, data, arrays, provenance(target) | seconds | shared))
    checkpoint.remove()
    return records


def cohort_of(ready: Sequence[Ready], split: Split, device: torch.device) -> Cohort:
    """Put trials together for training.

    Args:
        ready: The trials, prepared.
        split: All training images.
        device: Where they are trained.

    Returns:
        The cohort, before its first step.
    """
    trials = [each.trial for each in ready]
    wanted = np.unique(np.concatenate([each.chosen for each in ready]))
    images, labels = training_set(split, wanted, device)
    shares = [
        Share(
            torch.from_numpy(np.searchsorted(wanted, each.chosen)),
            order_generator(each.trial.seed),
            each.project,
            each.trial.noise,
        )
        for each in ready
    ]
    networks = [each.network for each in ready]
    steps = [trial.total_steps for trial in trials]
    return Cohort(
        networks,
        models.stack(networks),
        CohortBatches(
            images,
            labels,
            shares,
            batch_size=trials[0].batch_size,
            augment=AUGMENTATIONS[trials[0].augmentation],
        ),
        CohortCrossEntropy([OffsetCrossEntropy(trial.offset, trial.temperature) for trial in trials]).to(device),
        CohortOptimizer([trial.learning_rate for trial in trials], steps, momentum=trials[0].momentum),
        steps=steps,
    )


def _sound(ready: Sequence[Ready], endings: Sequence[Ending]) -> Ready:
    """One that did not diverge, if there is any: its values do not slow arithmetic down."""
    whole = [each for each, ending in zip(ready, endings, strict=True) if ending.diverged is None]
    return (whole or list(ready))[0]
