"""Trials that share shapes, trained as one network with a leading axis, and measured in passes that they share."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from analysis import models
from analysis.datasets import Split
from analysis.datasets.batches import AUGMENTATIONS, order_generator
from analysis.datasets.cohort_batches import CohortBatches, Share
from analysis.evaluation import scores_together, sound_radii_together
from analysis.losses import CohortCrossEntropy, OffsetCrossEntropy
from analysis.training import Cohort, CohortOptimizer, Ending, find_device
from analysis.trials.checkpoint import FileCheckpoint, cohort_key
from analysis.trials.content import load
from analysis.trials.measure import Ready, cost, noted, prepare, provenance, record, timed_measure
from analysis.trials.setup import Projection, tensors, training_set
from analysis.trials.trial import Components, Trial


def run_cohort(trials: Sequence[Trial], data_dir: str | Path | None, device: str | None) -> list[dict[str, Any]]:
    """Train trials together, and measure each.

    Args:
        trials: At least one, of one company (:func:`analysis.trials.company.company`).
        data_dir: Folder of the data sets.
        device: Torch device, or None for the best there is.

    Returns:
        One record each, in the same order. Seconds of training are a trial's share, in proportion to its steps; those
        of evaluation are an equal share.
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
    shared = cost(_sound(ready, endings), split, target) | {"cohort": len(trials)}
    start = time.perf_counter()
    found = _measured(ready, split, target)
    shared["evaluation"] = (time.perf_counter() - start) / len(trials)
    records = []
    for each, arrays in zip(ready, found, strict=True):
        seconds = shared | {"training": a_step * each.trial.total_steps}
        records.append(record(each, data, arrays, provenance(target) | seconds))
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


def _measured(ready: Sequence[Ready], split: Split, device: torch.device) -> list[dict[str, NDArray[Any]]]:
    """The values of each example, of each network: those that see the same images are measured together."""
    groups: dict[object, list[int]] = {}
    for position, each in enumerate(ready):
        alone = each.trial.noise > 0 or each.outcome["diverged"] is not None
        groups.setdefault(position if alone else each.project, []).append(position)
    found: dict[int, dict[str, NDArray[Any]]] = {}
    for positions in groups.values():
        members = [ready[position] for position in positions]
        found |= zip(positions, _measured_alike(members, split, device), strict=True)
    return [found[position] for position in range(len(ready))]


def _measured_alike(members: Sequence[Ready], split: Split, device: torch.device) -> list[dict[str, NDArray[Any]]]:
    first, networks = members[0], [each.network for each in members]
    if len(members) == 1:
        return [timed_measure(first, split, device)[0]]
    images, labels = tensors(split, device)
    if models.find(first.trial.model).robust:
        certificates = sound_radii_together(networks, images, labels, project=first.project)
        return [
            noted(each.outcome, radii=radii, lipschitz=lipschitz)
            for each, (radii, lipschitz) in zip(members, certificates, strict=True)
        ]
    predicted = scores_together(networks, images, project=first.project).argmax(dim=2)
    return [noted(each.outcome, correct=own == labels) for each, own in zip(members, predicted, strict=True)]


def _sound(ready: Sequence[Ready], endings: Sequence[Ending]) -> Ready:
    """One that did not diverge, if there is any: its values do not slow arithmetic down."""
    whole = [each for each, ending in zip(ready, endings, strict=True) if ending.diverged is None]
    return (whole or list(ready))[0]
