"""The presets: networks, budgets and grids that were chosen for each data set."""

from math import sqrt

import numpy as np

from analysis.studies.budgets import Budgets
from analysis.studies.preset import Generated, Preset, Search
from analysis.trials import Trial

METHODS = ("AOL", "BCOP", "Bjorck", "Cayley", "CPL", "LOT", "Sandwich", "SLL", "SOC")
FAST = ("AOL", "CPL", "Cayley")  # rescaled, residual and orthogonal layers whose MLPs train fast


def _margin(radius: float) -> dict[str, float]:
    """Loss that asks for the margin of a radius, half as sharp as the radius is wide."""
    return {"offset": sqrt(2) * radius, "temperature": radius / 2}


def _noise(radius: float, draws: int) -> dict[str, float]:
    """Noise of the width of the radius: certified there where 84 % of the noisy copies agree."""
    return {"noise": radius, "draws": draws}


def _drawn(dataset: str, count: str, *sizes: int) -> Generated:
    """Images drawn from mixtures, as many as are asked for."""
    origin = f"drawn from a mixture model fitted to each class of {dataset}"
    return Generated(dataset=f"{dataset}-mixture-{count}", origin=origin, sizes=(*sizes, None))


def _compared(dataset: str, methods: tuple[str, ...], family: str, radius: float, **options: int) -> tuple[Trial, ...]:
    """The same small network of each method."""
    budget = {**options, **_margin(radius)}
    return tuple(Trial(dataset=dataset, model=f"{method}-{family}", **budget) for method in methods)  # type: ignore[arg-type]


def _log_uniform(count: int, low: float, high: float) -> tuple[float, ...]:
    """Random numbers between two powers of ten: one in each of as many equal parts of the logarithm, rising."""
    places = (np.arange(count) + np.random.default_rng(0).random(count)) / count
    return tuple(float(f"{10**power:.3g}") for power in low + (high - low) * places)


_TINY = {"batch_size": 32, "steps": 30, "width": 32, "depth": 2}
_SMALL = {"batch_size": 64, "steps": 500, "width": 64}
_NARROW = {"batch_size": 64, "width": 16, "depth": 1}
_FLAT = {"width": 128, "depth": 3, "steps": 1000}

SMOKE = Preset(
    name="smoke",
    standard=Trial(dataset="digits", model="MLP", **_TINY),  # type: ignore[arg-type]
    robust=Trial(dataset="digits", model="AOL-MLP", **_TINY, **_margin(0.25)),  # type: ignore[arg-type]
    smoothed=Trial(dataset="digits", model="MLP", **_TINY, **_noise(0.25, 100)),  # type: ignore[arg-type]
    others=_compared("digits", ("CPL",), "MLP", 0.25, **_TINY),
    compared=_compared("digits", ("AOL", "CPL"), "LCN", 0.25, **_NARROW, steps=10),
    activated=_compared("digits", ("AOL",), "MLP", 0.25, **_TINY),
    sizes=(20, 80, None),
    bands=(None, ((0, 16),), ((16, None),), ((0, 4), (32, None))),
    firsts=(0, 16, 32),
    seeds=(0, 1),
    radius=0.25,
    search=Search(rates=(0.1, 1.0), validation=200),
    generated=_drawn("digits", "2594", 80, 1_297),
    budgets=Budgets(seconds=(0.1, 0.2), widths=(16,), timed=(16,), repeats=1, rounds=2),
)

DIGITS = Preset(
    name="digits",
    standard=Trial(dataset="digits", model="MLP", depth=3, **_SMALL),  # type: ignore[arg-type]
    robust=Trial(dataset="digits", model="AOL-MLP", depth=4, **_SMALL, **_margin(0.25)),  # type: ignore[arg-type]
    smoothed=Trial(dataset="digits", model="MLP", depth=3, **_SMALL, **_noise(0.25, 1_000)),  # type: ignore[arg-type]
    others=_compared("digits", ("CPL",), "MLP", 0.25, **_SMALL, depth=4),
    compared=_compared("digits", METHODS, "LCN", 0.25, **_NARROW, steps=600),
    activated=_compared("digits", FAST, "MLP", 0.25, **_SMALL, depth=4),
    sizes=(20, 40, 81, 162, 324, 648, None),
    bands=(None, ((0, 4),), ((0, 16),), ((16, None),), ((32, None),), ((0, 4), (32, None))),
    firsts=(0, 4, 8, 16, 24, 32, 48),
    seeds=(0, 1, 2, 3, 4),
    radius=0.25,
    search=Search(rates=_log_uniform(16, -3, 1), share=0.1, validation=297),
    generated=_drawn("digits", "10376", 81, 1_297),
    budgets=Budgets(seconds=(0.3, 1.5, 3.6), widths=(16,), timed=(8, 16, 32)),
)

MNIST = Preset(
    name="mnist",
    standard=Trial(dataset="mnist", model="MLP", steps=1500, depth=3),
    robust=Trial(dataset="mnist", model="AOL-MLP", steps=200, depth=4, **_margin(0.5)),  # type: ignore[arg-type]
    smoothed=Trial(dataset="mnist", model="MLP", steps=1500, depth=3, **_noise(0.5, 200)),  # type: ignore[arg-type]
    others=_compared("mnist", ("CPL",), "MLP", 0.5, **_FLAT),
    compared=_compared("mnist", METHODS, "MLP", 0.5, **_FLAT),
    activated=_compared("mnist", FAST, "MLP", 0.5, **_FLAT),
    sizes=(117, 234, 468, 937, 1875, 3750, 7500, 15_000, 30_000, None),
    bands=(None, ((0, 16),), ((0, 50),), ((50, None),), ((200, None),), ((0, 16), (200, None))),
    firsts=(0, 25, 50, 100, 200, 300, 400, 500),
    seeds=(0, 1, 2, 3),
    radius=0.5,
    # A tenth of 200 steps says little of 200: it would choose 0.0856, and certify 79 % where 0.3 certifies 83 %.
    search=Search(rates=(0.01, 0.03, 0.1, 0.3, 1.0, 3.0), seeds=(0, 1), validation=10_000),
    layer_search=Search(rates=_log_uniform(16, -3, 1), share=0.1, validation=2_000),
    generated=_drawn("mnist", "240k", 937, 7_500, 60_000),
    budgets=Budgets(seconds=(5.0, 25.0, 60.0), widths=(128, 512), timed=(64, 128, 256, 512)),
)

CIFAR = Preset(
    name="cifar10-jpeg",
    standard=Trial(dataset="cifar10-jpeg", model="ConvNet", width=16, steps=600, augmentation="flip"),
    robust=Trial(
        dataset="cifar10-jpeg",
        model="AOL-MLP",
        width=256,
        depth=4,
        **{"batch_size": 256, "steps": 600, "augmentation": "flip"} | _margin(36 / 255),  # type: ignore[arg-type]
    ),
    sizes=(390, 781, 1562, 3125, 6250, 12_500, 25_000, None),
    bands=(None, ((0, 16),), ((0, 512),), ((512, None),), ((2048, None),), ((0, 16), (512, None))),
    firsts=(0, 64, 256, 512, 1024, 2048),
    seeds=(0, 1),
    radius=36 / 255,
    search=Search(rates=(0.03, 0.1, 0.3, 1.0, 3.0), validation=5_000),
)

PRESETS = {preset.name: preset for preset in (SMOKE, DIGITS, MNIST, CIFAR)}
