"""Measures a pace: the steps of training proper, timed by the processor's clock."""

import time
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch

from analysis.datasets import Dataset
from analysis.datasets.batches import batches, order_generator
from analysis.evaluation import memory_of_a_step
from analysis.losses import OffsetCrossEntropy
from analysis.training import Descent, find_device, on_threads, train
from analysis.trials.content import load
from analysis.trials.measure import check, provenance
from analysis.trials.pace import Pace
from analysis.trials.setup import initial_network, tensors
from analysis.trials.trial import Trial

ENOUGH = 0.1  # seconds of one network's steps in a round
SEEN = 500  # images of a timed prediction


def measure_pace(spec: Pace, data_dir: str | Path | None, device: str | None) -> dict[str, Any]:
    """Time all networks, in rounds in which each takes its turn, so that slow minutes slow them all.

    On a processor time is that of the process on one thread: other programs that wait for the same cores do not enter
    it. On an accelerator it is the wall's, after everything that was asked for is done.

    Args:
        spec: Which networks.
        data_dir: Folder of the data sets.
        device: Torch device, or None for the best there is.

    Returns:
        A record; its arrays are ``training`` (seconds of a step, shape ``(rounds, models, widths)``), ``inference``
        (seconds of an image in evaluation mode, of the same shape) and ``memory`` (bytes of a training step, shape
        ``(models, widths)``).
    """
    start, target = time.perf_counter(), find_device(device)
    data = load(spec.dataset, data_dir)
    trials = [spec.trial(model, width) for model in spec.models for width in spec.widths]
    for trial in trials:
        check(trial)
    with on_threads(1):
        origin = provenance(target)
        paced = [_Paced(trial, data, target) for trial in trials]
        rounds = np.array([[(each.step(), each.image()) for each in paced] for _ in range(spec.rounds)])
        memory = np.array([each.memory() for each in paced])
    shape = (len(spec.models), len(spec.widths))
    return {
        "specification": asdict(spec),
        "outcome": {"networks": len(paced), "clock": "wall" if target.type == "cuda" else "processor"},
        "arrays": {
            "training": rounds[..., 0].reshape(-1, *shape),
            "inference": rounds[..., 1].reshape(-1, *shape),
            "memory": memory.reshape(shape),
        },
        "data": data.content_hash,
        "provenance": origin | {"seconds": time.perf_counter() - start},
    }


class _Paced:
    """A network in training that can be stopped after any step."""

    def __init__(self, trial: Trial, data: Dataset, device: torch.device) -> None:
        self.device = device
        self.network = initial_network(trial, data.train, len(data.classes)).to(device)
        self.optimizer = Descent(
            self.network.parameters(),
            learning_rate=trial.learning_rate,
            momentum=trial.momentum,
            steps=trial.total_steps,
        )
        images, labels = tensors(data.train, device)
        options = {"batch_size": trial.batch_size, "steps": trial.total_steps}
        self.stream = batches(images, labels, generator=order_generator(trial.seed), **options)  # type: ignore[arg-type]
        self.loss = OffsetCrossEntropy(trial.offset, trial.temperature)
        self.seen = images[:SEEN].float() / 255
        self.batch = self.seen[: trial.batch_size]
        self._train(2)  # allocates, derives, and loads what is loaded once
        self.count = max(1, round(ENOUGH / max(self._train(2), 1e-9)))

    def step(self) -> float:
        """Seconds of a step, the mean of some."""
        return self._train(self.count)

    def image(self) -> float:
        """Seconds of a prediction of one image among others, its network in evaluation mode and its weights derived."""
        self.network.eval()
        with torch.no_grad():
            self.network(self.batch)
            start = self._now()
            self.network(self.seen)
            return (self._now() - start) / len(self.seen)

    def memory(self) -> int:
        """Bytes that a training step holds."""
        return memory_of_a_step(self.network, self.batch)

    def _train(self, count: int) -> float:
        start = self._now()
        drawn = islice(self.stream, count)
        train(self.network, drawn, loss=self.loss, optimizer=self.optimizer)
        return (self._now() - start) / count

    def _now(self) -> float:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
            return time.perf_counter()
        return time.process_time()
