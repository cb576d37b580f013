"""One trial: data, network, training, measurement, record."""

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor, nn

from analysis import lipschitz, models
from analysis.datasets import Split, nested_subsets
from analysis.datasets.batches import AUGMENTATIONS, batches
from analysis.evaluation import inference_seconds, memory_of_a_step, scores, smoothed_radii, sound_radii
from analysis.evaluation.scores import pixels
from analysis.losses import OffsetCrossEntropy
from analysis.subspaces import Subspace
from analysis.training import DivergedError, optimizer_and_schedule, train
from analysis.trials.content import directions, load
from analysis.trials.provenance import processor, software
from analysis.trials.trial import Trial

TIMED = 1_000
Projection = Callable[[Tensor], Tensor]


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
    if trial.augmentation not in AUGMENTATIONS:
        raise ValueError(f"unknown augmentation {trial.augmentation!r}; known are {', '.join(AUGMENTATIONS)}")


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
    target = _device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    data = load(trial.dataset, data_dir, trial.validation)
    (chosen,) = nested_subsets(data.train.labels, [trial.size], seed=trial.subset_seed)
    space = _subspace(trial, data_dir)
    project = None if space is None else projection(space, target)
    network = _network(trial, data.train, len(data.classes)).to(target)
    outcome: dict[str, Any] = {
        "size": len(chosen),
        "variance_share": _variance_share(trial, data_dir),
        "diverged": None,
        "loss": None,
    }
    try:
        outcome["loss"] = _train(trial, network, data.train.part(chosen), project, target)
    except DivergedError as error:
        outcome["diverged"] = error.step
    trained = time.perf_counter()
    arrays = _measure(trial, network, data.validation or data.test, project, target, outcome)
    cost = {"training": trained - start, "evaluation": time.perf_counter() - trained}
    cost |= _cost(trial, network, data.validation or data.test, project, target)
    return {
        "specification": asdict(trial),
        "outcome": outcome,
        "arrays": arrays,
        "data": data.content_hash,
        "provenance": software() | {"device": _device_name(target), "threads": torch.get_num_threads()} | cost,
    }


def projection(space: Subspace, device: torch.device) -> Projection:
    """Projection of float images ``(n, c, h, w)`` on a subspace, as one product on the device.

    Args:
        space: Over images of ``h * w * c`` values, channels last as they are stored.
        device: Where to hold it.

    Returns:
        A function from images to images of the same shape and dtype.
    """
    projector = torch.from_numpy(space.directions.T @ space.directions).to(device)
    constant = torch.from_numpy(space.mean).to(device) - projector @ torch.from_numpy(space.mean).to(device)
    held = {dtype: (projector.to(dtype), constant.to(dtype)) for dtype in (torch.float32, torch.float64)}

    def project(images: Tensor) -> Tensor:
        matrix, offset = held[images.dtype]
        last = images.permute(0, 2, 3, 1)
        projected = torch.addmm(offset, last.flatten(1), matrix)
        return projected.reshape(last.shape).permute(0, 3, 1, 2)

    return project


def _device(name: str) -> torch.device:
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError) as error:  # the latter from a torch without CUDA
        raise ValueError(f"device {name!r} cannot be used: {str(error).splitlines()[0]}") from error


def _subspace(trial: Trial, data_dir: str | Path | None) -> Subspace | None:
    if trial.components is None:
        return None
    return directions(trial.dataset, data_dir, trial.validation).bands(*trial.components)


def _variance_share(trial: Trial, data_dir: str | Path | None) -> float:
    if trial.components is None:
        return 1.0
    space = directions(trial.dataset, data_dir, trial.validation)
    return sum(space.variance_share(*band) for band in trial.components)


def _network(trial: Trial, split: Split, classes: int) -> nn.Sequential:
    height, width, channels = split.images.shape[1:]
    mean = split.images.mean(axis=(0, 1, 2)) / 255
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(trial.seed)
        return models.build(
            trial.model,
            input_shape=(channels, height, width),
            classes=classes,
            width=trial.width,
            depth=trial.depth,
            activation=trial.activation,
            channel_mean=mean.tolist(),
        )


def _train(
    trial: Trial, network: nn.Sequential, split: Split, project: Projection | None, device: torch.device
) -> float:
    optimizer, schedule = optimizer_and_schedule(
        network.parameters(),
        learning_rate=trial.learning_rate,
        momentum=trial.momentum,
        steps=trial.total_steps,
    )
    images, labels = _tensors(split, device)
    stream = batches(
        images,
        labels,
        batch_size=trial.batch_size,
        steps=trial.total_steps,
        generator=_generator(trial),
        augment=AUGMENTATIONS[trial.augmentation],
        project=project,
        noise=trial.noise,
    )
    loss = OffsetCrossEntropy(trial.offset, trial.temperature)
    return train(network, stream, loss=loss, optimizer=optimizer, schedule=schedule)


def _generator(trial: Trial) -> Generator:
    """Order and augmentation: a stream apart from that of the initial weights, decided by the same seed."""
    state = np.random.SeedSequence([trial.seed, 1]).generate_state(1, np.uint64)[0]
    return Generator().manual_seed(int(state >> 1))


def _tensors(split: Split, device: torch.device) -> tuple[Tensor, Tensor]:
    images = torch.from_numpy(split.images).permute(0, 3, 1, 2).contiguous()
    return images.to(device), torch.from_numpy(split.labels).to(device)


def _measure(
    trial: Trial,
    network: nn.Sequential,
    split: Split,
    project: Projection | None,
    device: torch.device,
    outcome: dict[str, Any],
) -> dict[str, NDArray[Any]]:
    """Add the summary to the outcome; return the values of each example."""
    outcome |= {"examples": len(split), "accuracy": None, "lipschitz": None}
    if outcome["diverged"] is not None:
        return {}
    images, labels = _tensors(split, device)
    if trial.noise:
        seen = pixels(images, project, torch.float32)
        radii = smoothed_radii(network, seen, labels, sigma=trial.noise, n=trial.draws, seed=trial.seed)
    elif models.find(trial.model).robust:
        radii, outcome["lipschitz"] = sound_radii(network, images, labels, project=project)
    else:
        correct = scores(network, images, project=project).argmax(dim=1) == labels
        outcome["accuracy"] = float(correct.double().mean())
        return {"correct": correct.cpu().numpy()}
    outcome["accuracy"] = float((radii > 0).double().mean())
    return {"radii": radii.cpu().numpy()}


def _cost(
    trial: Trial, network: nn.Sequential, split: Split, project: Projection | None, device: torch.device
) -> dict[str, float]:
    """Bytes of a training step, and seconds of a forward pass for one of a thousand images."""
    images, _ = _tensors(split.part(np.arange(min(len(split), TIMED))), device)
    seen = pixels(images, project, torch.float32)
    return {
        "memory": memory_of_a_step(network, seen[: trial.batch_size]),
        "inference": inference_seconds(network, seen) / len(seen),
    }


def _device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else processor()
