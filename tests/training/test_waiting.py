"""Training makes an accelerator wait at its looks at the loss, every 50 steps, and nowhere else.

Stood in for by torch's device without numbers, ``meta``: whatever would read a number of it fails. The looks are let
through and counted; copies from the processor are seen where torch hands them out.
"""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from analysis import models
from analysis.datasets.batches import AUGMENTATIONS, batches
from analysis.datasets.cohort_batches import CohortBatches, Share
from analysis.lipschitz import CONVOLUTION, LINEAR
from analysis.losses import CohortCrossEntropy, OffsetCrossEntropy
from analysis.models import stack
from analysis.training import Cohort, CohortOptimizer, Descent, train

META = torch.device("meta")
SHAPE, CLASSES, BATCH = (1, 4, 4), 4, 4
IMAGES = torch.zeros(20, *SHAPE, dtype=torch.uint8, device=META)
LABELS = torch.zeros(20, dtype=torch.int64, device=META)
NETWORKS = [
    "MLP",
    "ConvNet",
    *(f"{method}-MLP" for method in LINEAR),
    *(f"{method}-LCN" for method in CONVOLUTION),
    "AOL-Small",
]


class Copies(TorchDispatchMode):
    """Counts copies from the processor to the device for which the processor waits."""

    waited = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        options = kwargs or {}
        if func is torch.ops.aten._to_copy.default:
            arrives = options.get("device") == META and args[0].device.type == "cpu"
            self.waited += arrives and not options.get("non_blocking")
        if func is torch.ops.aten.copy_.default:
            arrives = args[0].device == META and args[1].device.type == "cpu"
            self.waited += arrives and not (args[2] if len(args) > 2 else options.get("non_blocking"))
        return func(*args, **options)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many numbers were read at each look."""
    counted: list[int] = []

    def numbers(tensor: Tensor) -> list[float]:
        counted.append(tensor.numel())
        return [0.5] * tensor.numel()

    monkeypatch.setattr(Tensor, "tolist", numbers)
    monkeypatch.setattr(Tensor, "__float__", lambda tensor: numbers(tensor)[0])
    return counted


def built(name: str) -> nn.Sequential:
    depth = 2 if name.endswith("MLP") else 1
    return models.build(name, input_shape=SHAPE, classes=CLASSES, width=4, depth=depth, seed=0).to(META)


def train_alone(network: nn.Module, steps: int) -> None:
    optimizer = Descent(network.parameters(), learning_rate=0.1, momentum=0.9, steps=steps)
    options: dict[str, Any] = {"augment": AUGMENTATIONS["shift-flip"], "noise": 0.1}
    generator = torch.Generator().manual_seed(0)
    stream = batches(IMAGES, LABELS, batch_size=BATCH, steps=steps, generator=generator, **options)
    train(network, stream, loss=OffsetCrossEntropy(0.1, 0.5), optimizer=optimizer)


def cohort(name: str, steps: int) -> Cohort:
    networks = [built(name) for _ in range(3)]
    shares = [Share(torch.arange(20), torch.Generator().manual_seed(seed), noise=0.1) for seed in range(3)]
    drawn = CohortBatches(IMAGES, LABELS, shares, batch_size=BATCH, augment=AUGMENTATIONS["shift-flip"])
    loss = CohortCrossEntropy([OffsetCrossEntropy(0.1, 0.5)] * 3).to(META)
    optimizer = CohortOptimizer([0.1] * 3, [steps] * 3, momentum=0.9)
    made = Cohort(networks, stack(networks), drawn, loss, optimizer, steps=[steps] * 3)
    made.take_step()  # which sends the learning rates, once
    return made


@pytest.mark.parametrize("name", NETWORKS)
def test_a_step_of_a_network_waits_at_its_look_only(name: str, looks: list[int]) -> None:
    network = built(name)
    with Copies() as copies:
        train_alone(network, 2)
    assert looks == [1, 1]  # the first and the last
    assert copies.waited == 0


@pytest.mark.parametrize("name", NETWORKS)
def test_a_step_of_a_cohort_waits_for_nothing(name: str, looks: list[int]) -> None:
    together = cohort(name, 2)
    with Copies() as copies:
        together.take_step()
    assert looks == []
    assert copies.waited == 0


def test_a_training_looks_once_in_50_steps(looks: list[int]) -> None:
    train_alone(built("MLP"), 101)
    assert looks == [1, 1, 1]
    looks.clear()
    cohort("MLP", 101).train()
    assert looks == [3, 3]  # the first step was taken before
