"""One trial: data, network, training, measurement, record."""

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from analysis import lipschitz, models
from analysis.datasets import Dataset, Split, nested_subsets
from analysis.datasets.batches import AUGMENTATIONS, batches, order_generator
from analysis.evaluation import inference_seconds, memory_of_a_step, scores, smoothed_radii, sound_radii
from analysis.evaluation.scores import pixels
from analysis.losses import OffsetCrossEntropy
from analysis.training import Descent, DivergedError, casting, find_device, train
from analysis.trials.content import load
from analysis.trials.looks import Looks
from analysis.trials.provenance import processor, software
from analysis.trials.setup import (
    Projection,
    initial_network,
    projection,
    subspace_of,
    tensors,
    training_set,
    variance_share_of,
)
from analysis.trials.trial import Components, Trial

TIMED = 1_000
LOOKED_AT = 1_000  # images at which slopes are measured between steps


def check(trial: Trial) -> None:
    """Refuse unknown names before anything is trained.

    Args:
        trial: What is about to be run.

    Raises:
        ValueError: If the model, the activation or the augmentation is unknown; the message lists the known ones.
    """
    models.find(trial.model)
    if trial.activation not in lipschitz.ACTIVATION:
        raise ValueError(f"unknown activation {trial.activation!r}; known are {', '.join(lipschitz.ACTIVATION)}")
    if trial.looks and not models.find(trial.model).robust:
        raise ValueError(f"looks are into 1-Lipschitz networks, of which {trial.model} is none")
    if trial.augmentation not in AUGMENTATIONS:
        raise ValueError(f"unknown augmentation {trial.augmentation!r}; known are {', '.join(AUGMENTATIONS)}")


@dataclass(frozen=True)
class Ready:
    """A trial whose network waits to be trained.

    Attributes:
        trial: What it is.
        chosen: Indices of its training images, in the order of the subset.
        project: From float images to their projection on its bands; None for images as they are.
        network: With its initial weights, on the device.
        outcome: Of the record, as far as it is known.
    """

    trial: Trial
    chosen: NDArray[np.int64]
    project: Projection | None
    network: nn.Sequential
    outcome: dict[str, Any]


def prepare(
    trial: Trial,
    data: Dataset,
    device: torch.device,
    data_dir: str | Path | None,
    projections: dict[Components, Projection],
) -> Ready:
    """Draw a trial's subset and initial weights.

    Args:
        trial: What to prepare.
        data: Its data set, validation images split off.
        device: Where to train.
        data_dir: Folder of the data sets.
        projections: By bands; the trial's is added where it is missing, so that trials on one band share one.

    Returns:
        The trial, ready.
    """
    (chosen,) = nested_subsets(data.train.labels, [trial.size], seed=trial.subset_seed)
    space = subspace_of(trial, data_dir)
    if space is not None and trial.components is not None and trial.components not in projections:
        projections[trial.components] = projection(space, device)
    outcome = {
        "size": len(chosen),
        "variance_share": variance_share_of(trial, data_dir),
        "diverged": None,
        "loss": None,
    }
    project = None if trial.components is None else projections[trial.components]
    network = initial_network(trial, data.train, len(data.classes)).to(device)
    return Ready(trial, chosen, project, network, outcome)


def run_trial(trial: Trial, data_dir: str | Path | None, device: str | None) -> dict[str, Any]:
    """Train and measure one trial.

    Args:
        trial: What to run.
        data_dir: Folder of the data sets.
        device: Torch device, or None for the best there is.

    Returns:
        The record, as described at :func:`analysis.trials.run_trials`.
    """
    start = time.perf_counter()
    target = find_device(device)
    data = load(trial.dataset, data_dir, trial.validation)
    ready = prepare(trial, data, target, data_dir, {})
    measured = data.validation or data.test
    looks = _looks(ready, measured, target) if trial.looks else None
    try:
        ready.outcome["loss"] = train_alone(ready, data.train, target, looks)
    except DivergedError as error:
        ready.outcome["diverged"] = error.step
    training = time.perf_counter() - start
    arrays, evaluation = timed_measure(ready, measured, target)
    if looks is not None and ready.outcome["diverged"] is None:
        arrays |= looks.arrays()
    seconds = {"training": training, "evaluation": evaluation, **cost(ready, measured, target)}
    return record(ready, data, arrays, provenance(target) | seconds)


def timed_measure(ready: Ready, split: Split, device: torch.device) -> tuple[dict[str, NDArray[Any]], float]:
    """Measure a trained network, and add the summary to its outcome.

    Args:
        ready: The trial, trained.
        split: What to measure it on.
        device: Where it lies.

    Returns:
        The values of each example, and seconds.
    """
    start = time.perf_counter()
    arrays = _measure(ready.trial, ready.network, split, ready.project, device, ready.outcome)
    return arrays, time.perf_counter() - start


def provenance(device: torch.device) -> dict[str, Any]:
    """Where a record comes from: software, device and threads."""
    return software() | {"device": _device_name(device), "threads": torch.get_num_threads()}


def record(ready: Ready, data: Dataset, arrays: dict[str, NDArray[Any]], origin: dict[str, Any]) -> dict[str, Any]:
    """Put a record together, as described at :func:`analysis.trials.run_trials`.

    Args:
        ready: The trial, measured.
        data: Its data set.
        arrays: The values of each example.
        origin: Its provenance, with seconds and bytes.

    Returns:
        The record.
    """
    return {
        "specification": asdict(ready.trial),
        "outcome": ready.outcome,
        "arrays": arrays,
        "data": data.content_hash,
        "provenance": origin,
    }


def train_alone(ready: Ready, split: Split, device: torch.device, looks: Looks | None = None) -> float:
    """Train one network.

    Args:
        ready: The trial, prepared; its network is changed in place.
        split: All training images.
        device: Where it lies.
        looks: What looks into the network between steps, if anything does.

    Returns:
        The loss on the last batch.
    """
    trial = ready.trial
    optimizer = Descent(
        ready.network.parameters(),
        learning_rate=trial.learning_rate,
        momentum=trial.momentum,
        steps=trial.total_steps,
    )
    images, labels = training_set(split, ready.chosen, device)
    stream = batches(
        images,
        labels,
        batch_size=trial.batch_size,
        steps=trial.total_steps,
        generator=order_generator(trial.seed),
        augment=AUGMENTATIONS[trial.augmentation],
        project=ready.project,
        noise=trial.noise,
    )
    loss = OffsetCrossEntropy(trial.offset, trial.temperature)
    seen = stream if looks is None else looks.between(stream)
    return train(ready.network, seen, loss=loss, optimizer=optimizer, precision=trial.precision)


def _looks(ready: Ready, split: Split, device: torch.device) -> Looks:
    images, _ = tensors(split.part(np.arange(min(len(split), LOOKED_AT))), device)
    return Looks(ready.network, pixels(images, ready.project, torch.float64), ready.trial.looks)


def _measure(
    trial: Trial,
    network: nn.Sequential,
    split: Split,
    project: Projection | None,
    device: torch.device,
    outcome: dict[str, Any],
) -> dict[str, NDArray[Any]]:
    """Add the summary to the outcome; return the values of each example."""
    if outcome["diverged"] is not None:
        outcome |= {"examples": len(split), "accuracy": None, "lipschitz": None}
        return {}
    images, labels = tensors(split, device)
    if trial.noise:
        seen = pixels(images, project, torch.float32)
        radii = smoothed_radii(network, seen, labels, sigma=trial.noise, n=trial.draws, seed=trial.seed)
        return noted(outcome, radii=radii)
    if models.find(trial.model).robust:
        radii, lipschitz = sound_radii(network, images, labels, project=project)
        return noted(outcome, radii=radii, lipschitz=lipschitz)
    return noted(outcome, correct=scores(network, images, project=project).argmax(dim=1) == labels)


def noted(
    outcome: dict[str, Any],
    *,
    radii: Tensor | None = None,
    correct: Tensor | None = None,
    lipschitz: float | None = None,
) -> dict[str, NDArray[Any]]:
    """Add the summary of what was measured to an outcome.

    Args:
        outcome: Of the record.
        radii: Certified radii of each example; or
        correct: whether its class is predicted.
        lipschitz: Proven bound of the network, if there is one.

    Returns:
        The values of each example, as a record holds them.

    Raises:
        ValueError: If there are neither radii nor answers.

    Example:
        >>> noted(outcome, correct=torch.tensor([True, False]))
        {'correct': array([ True, False])}
    """
    name, values = ("radii", radii) if radii is not None else ("correct", correct)
    if values is None:
        raise ValueError("nothing was measured: neither radii nor answers")
    right = (values > 0).double().mean()
    outcome |= {"examples": len(values), "accuracy": float(right), "lipschitz": lipschitz}
    return {name: values.cpu().numpy()}


def cost(ready: Ready, split: Split, device: torch.device) -> dict[str, float]:
    """Find bytes of a training step, and seconds of a forward pass for one of a thousand images.

    Args:
        ready: The trial; only the shapes of its network count.
        split: Images to time it on.
        device: Where it lies.

    Returns:
        ``memory`` and ``inference``.
    """
    images, _ = tensors(split.part(np.arange(min(len(split), TIMED))), device)
    seen = pixels(images, ready.project, torch.float32)
    with casting(ready.trial.precision, device):
        memory = memory_of_a_step(ready.network, seen[: ready.trial.batch_size])
    return {
        "memory": memory,
        "inference": inference_seconds(ready.network, seen) / len(seen),
    }


def _device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else processor()
