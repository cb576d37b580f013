"""How a sweep is run without this package: one training after another, a DataLoader, and the plain AOL formula."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from analysis import datasets
from analysis.trials import Trial
from benchmarks.plain_products import aol_columns


class PlainAOL(nn.Module):
    """Dense layer without bias by the textbook formula, under autograd."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.parameter = nn.Parameter(torch.eye(features))

    def forward(self, x: Tensor) -> Tensor:
        """Map shape ``(n, features)`` to itself."""
        return F.linear(x, aol_columns(self.parameter))


class PlainMaxMin(nn.Module):
    """Sort pairs by ``maximum`` and ``minimum``, under autograd."""

    def forward(self, x: Tensor) -> Tensor:
        """Map shape ``(n, features)`` to itself."""
        first, second = x.unflatten(1, (-1, 2)).unbind(2)
        return torch.stack((torch.maximum(first, second), torch.minimum(first, second)), dim=2).flatten(1)


class FillUp(nn.Module):
    """Flatten images and append zeros up to a width."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width

    def forward(self, images: Tensor) -> Tensor:
        """Map shape ``(n, ...)`` to ``(n, width)``."""
        flat = images.flatten(1)
        return F.pad(flat, (0, self.width - flat.shape[1]))


def network(width: int, depth: int) -> nn.Sequential:
    """An AOL-MLP of plain layers; its first channels are the scores."""
    hidden = [layer for _ in range(depth) for layer in (PlainAOL(width), PlainMaxMin())]
    return nn.Sequential(FillUp(width), *hidden[:-1])


def loader(trial: Trial, data: datasets.Dataset) -> DataLoader[tuple[Tensor, ...]]:
    """Shuffled batches of the trial's subset."""
    (chosen,) = datasets.nested_subsets(data.train.labels, [trial.size], seed=trial.subset_seed)
    images = torch.from_numpy(data.train.images[chosen]).permute(0, 3, 1, 2).float() / 255
    labels = torch.from_numpy(data.train.labels[chosen])
    return DataLoader(TensorDataset(images, labels), batch_size=min(trial.batch_size, len(chosen)), shuffle=True)


def train(trial: Trial, data: datasets.Dataset) -> float:
    """Train one network as the trial says, with biases left out and the same schedule; return its test accuracy."""
    torch.manual_seed(trial.seed)
    assert trial.width is not None
    assert trial.depth is not None
    model = network(trial.width, trial.depth)
    optimizer = torch.optim.SGD(model.parameters(), lr=trial.learning_rate, momentum=trial.momentum, nesterov=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=trial.learning_rate, total_steps=trial.steps + 1, cycle_momentum=False
    )
    batches, classes, taken = loader(trial, data), len(data.classes), 0
    while taken < trial.steps:
        for images, labels in batches:
            optimizer.zero_grad()
            _loss(model(images)[:, :classes], labels, trial).backward()
            optimizer.step()
            schedule.step()
            taken += 1
            if taken == trial.steps:
                break
    images = torch.from_numpy(data.test.images).permute(0, 3, 1, 2).float() / 255
    with torch.no_grad():
        predicted = model(images)[:, :classes].argmax(dim=1)
    return float(np.mean(predicted.numpy() == data.test.labels))


def _loss(scores: Tensor, labels: Tensor, trial: Trial) -> Tensor:
    shifted = (scores - trial.offset * F.one_hot(labels, scores.shape[1])) / trial.temperature
    return trial.temperature * F.cross_entropy(shifted, labels)
