"""Zero certificates broken: every method's networks, trained, certified and attacked on digits and MNIST.

Run:    python -m benchmarks.soundness [--data-dir ../shared/data] [--methods AOL,SOC] [--steps 50] [--restarts 1]
Small:  python -m benchmarks.soundness --methods AOL --examples 50 --steps 10
Cost:   digits alone 6 minutes on 2 cores, with MNIST 20. Rows appear as they are known; rows not reached before an
        interruption are had by naming their methods.

A pair is an example that is certified and a radius below its certified one: shares of that radius close to 1, and the
radii of record. Each pair is attacked by Auto-PGD within its radius, on both losses, with the float32 network that is
used. A hit counts as a broken certificate where it also changes the prediction of the float64 network, of which the
certificate speaks, before it is as long as the certified radius. "Shortest" and "median" are those of the smallest
perturbation found, by the attack without a radius, in units of the certified radius: never below 1.
"""

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from getopt import getopt

import numpy as np
import torch
from torch import Generator, Tensor, nn

from analysis import datasets, lipschitz, models
from analysis.datasets.batches import batches
from analysis.evaluation import SoundnessError, attack, robustness, sound_radii
from analysis.evaluation.attacks import settle
from analysis.lipschitz import fold
from analysis.losses import OffsetCrossEntropy
from analysis.training import Descent, DivergedError, train

FLAGS = ["data-dir=", "methods=", "steps=", "restarts=", "examples="]
SHARES = (0.5, 0.9, 0.99, 0.999)  # of the certified radius
RADII = (36 / 255, 72 / 255, 108 / 255, 1.0)
TOGETHER = 2_000  # pairs
HEADER = ("network", "data", "accuracy", "certified", "attacked", "pairs", "broken", "shortest", "median", "seconds")


@dataclass(frozen=True)
class Case:
    """One family of networks on one data set.

    Attributes:
        data: Name of the data set.
        family: ``MLP`` or ``LCN``.
        width: Of its networks.
        depth: Of its networks.
        updates: Training steps, of 128 images.
        examples: Test images that are attacked; training images follow where these are more.
    """

    data: str
    family: str
    width: int
    depth: int
    updates: int
    examples: int


CASES = (
    Case("digits", "MLP", width=64, depth=3, updates=400, examples=1_797),
    Case("digits", "LCN", width=16, depth=1, updates=150, examples=500),
    Case("mnist", "MLP", width=128, depth=3, updates=400, examples=1_000),
)


def tensors(split: datasets.Split) -> tuple[Tensor, Tensor]:
    """Images ``(n, c, h, w)`` and labels."""
    return torch.from_numpy(split.images).permute(0, 3, 1, 2).contiguous(), torch.from_numpy(split.labels)


def trained(name: str, case: Case, data: datasets.Dataset) -> nn.Module:
    """A network after its training."""
    torch.manual_seed(0)
    images, labels = tensors(data.train)
    model = models.build(
        name, input_shape=tuple(images.shape[1:]), classes=len(data.classes), width=case.width, depth=case.depth
    )
    optimizer = Descent(model.parameters(), learning_rate=0.1, momentum=0.9, steps=case.updates)
    stream = batches(images, labels, batch_size=128, steps=case.updates, generator=Generator().manual_seed(0))
    train(model, stream, loss=OffsetCrossEntropy(2**0.5 / 2, 0.25), optimizer=optimizer)
    return model


def pairs(radii: Tensor) -> tuple[Tensor, Tensor]:
    """Indices of examples and radii below their certified ones."""
    proven = radii.double()
    tried = torch.cat((proven[:, None] * torch.tensor(SHARES), torch.tensor(RADII).expand(len(radii), -1)), dim=1)
    return (
        (tried < proven[:, None]).nonzero()[:, 0],
        tried[tried < proven[:, None]],
    )


def broken(
    model: nn.Module, images: Tensor, labels: Tensor, radii: Tensor, tried: tuple[Tensor, Tensor], **effort: int
) -> int:
    """Count the pairs whose certificate an attack breaks."""
    used = fold(model, tuple(images.shape[1:]))
    exact = fold(model, tuple(images.shape[1:])).double()
    count = 0
    for chosen, within in zip(*(part.split(TOGETHER) for part in tried), strict=True):
        found, norms = attack(used, images[chosen].float() / 255, labels[chosen], radius=within, **effort)
        hit = norms.isfinite()
        if hit.any():
            which = chosen[hit]
            _, lengths = settle(exact, images[which].double() / 255, labels[which], found[hit].double())
            count += int((lengths < radii[which]).sum())
    return count


def row(name: str, case: Case, data: datasets.Dataset, **effort: int) -> tuple[dict[str, str], int, int]:
    """Train, certify and attack one network.

    Returns:
        What to print, the number of pairs, and how many are broken.
    """
    start = time.perf_counter()
    texts = dict.fromkeys(HEADER, "") | {"network": name, "data": case.data}
    try:
        model = trained(name, case, data)
    except DivergedError as error:
        return texts | {"accuracy": str(error)}, 0, 0
    images, labels = (
        torch.cat(parts)[: case.examples] for parts in zip(tensors(data.test), tensors(data.train), strict=True)
    )
    radii, _ = sound_radii(model, images, labels)
    tried = pairs(radii)
    count = broken(model, images, labels, radii, tried, **effort)
    texts |= {"pairs": f"{len(tried[0]):,}", "broken": str(count)}
    try:
        texts |= shares(model, images[:500], labels[:500], **effort)
    except SoundnessError as error:
        texts |= {"shortest": str(error)}
        count += 1
    return texts | {"seconds": f"{time.perf_counter() - start:.0f}"}, len(tried[0]), count


def shares(model: nn.Module, images: Tensor, labels: Tensor, **effort: int) -> dict[str, str]:
    """Clean, certified and attacked accuracy, and how far the smallest perturbations are from certified radii."""
    record = robustness(model, images, labels, **effort)
    ratios = (record.attacks / record.radii)[record.radii > 0].numpy()
    return {
        "accuracy": f"{record.accuracy:.3f}",
        "certified": f"{record.certified(RADII[0]):.3f}",
        "attacked": f"{record.attacked(RADII[0]):.3f}",
        "shortest": f"{ratios.min():.6f}",
        "median": f"{np.median(ratios):.3f}",
    }


def networks(methods: list[str], case: Case) -> Iterator[str]:
    """Names of the networks of one case."""
    table = lipschitz.LINEAR if case.family == "MLP" else lipschitz.CONVOLUTION
    yield from (f"{method}-{case.family}" for method in methods if method in table)


def main(arguments: list[str]) -> None:
    """Print one row per network, and the sums."""
    options = dict(getopt(arguments, "", FLAGS)[0])
    methods = options["--methods"].split(",") if "--methods" in options else sorted(lipschitz.LINEAR)
    effort = {"steps": int(options.get("--steps", 50)), "restarts": int(options.get("--restarts", 1))}
    print(f"| {' | '.join(HEADER)} |\n|{'---|' * len(HEADER)}", flush=True)
    total = failures = 0
    for case in CASES:
        if case.data != "digits" and "--data-dir" not in options:
            continue
        data = datasets.load(case.data, options.get("--data-dir"))
        limited = Case(**vars(case) | {"examples": int(options.get("--examples", case.examples))})
        for name in networks(methods, case):
            texts, count, bad = row(name, limited, data, **effort)
            total, failures = total + count, failures + bad
            print(f"| {' | '.join(texts.values())} |", flush=True)
    print(f"\n{failures:,} of {total:,} attacked pairs of a certified example and a radius broken.")
    sys.exit(failures > 0)


if __name__ == "__main__":
    main(sys.argv[1:])
