"""Records that no training made, for every trial that a study declares."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

import numpy as np
import pytest

from analysis.studies.preset import Preset
from analysis.studies.study import Drawing, Study
from analysis.trials import Fit, Pace, Slices, Spec, Spectrum, Trial

Record = dict[str, Any]
Invent = Callable[[Study, Preset], dict[Any, Record]]
Drawn = Callable[[Study, Preset], Drawing]
Break = Callable[[Mapping[Any, Record], Iterable[Trial]], dict[Any, Record]]

EXAMPLES = 40
TRAINING_IMAGES = {"digits": 1_297, "mnist": 60_000, "cifar10-first4000": 3_000, "cifar10-jpeg": 50_000}
TRAINING_IMAGES |= {"digits-mixture-2594": 2_594, "digits-mixture-10376": 10_376, "mnist-mixture-240k": 240_000}
FEATURES = {"digits": 64, "mnist": 784, "cifar10-first4000": 3_072, "cifar10-jpeg": 3_072}
PROVENANCE = {
    "commit": "0123456789ab",
    "package": "0.1.0",
    "device": "imagined",
    "training": 3.0,
    "inference": 1e-5,
    "memory": 2_000_000,
}


@pytest.fixture(scope="session")
def invent() -> Invent:
    """Records of all trials of a study, every number drawn at random, the same at each call."""

    def records(study: Study, preset: Preset) -> dict[Any, Record]:
        specs = list(study.trials(preset))
        return {spec: record(spec, preset, np.random.default_rng(number)) for number, spec in enumerate(specs)}

    return records


@pytest.fixture(scope="session")
def drawn(invent: Invent) -> Drawn:
    """Drawings from the invented records, each made once; tests look at them and change nothing."""
    return cache(lambda study, preset: study.draw(preset, invent(study, preset)))


@pytest.fixture(scope="session")
def diverge() -> Break:
    """Records as they are where the training of some trials diverged."""

    def broken(records: Mapping[Any, Record], trials: Iterable[Trial]) -> dict[Any, Record]:
        lost = {"accuracy": None, "lipschitz": None, "diverged": 17}
        return dict(records) | {
            trial: records[trial] | {"outcome": without_loss(records[trial]) | lost, "arrays": {}} for trial in trials
        }

    return broken


def without_loss(kept: Record) -> Record:
    return {name: value for name, value in kept["outcome"].items() if name != "loss"}


def record(spec: Spec, preset: Preset, generator: np.random.Generator) -> Record:
    makers: dict[type, Callable[[Any, np.random.Generator], Record]] = {
        Fit: fit,
        Pace: pace,
        Slices: slices,
        Spectrum: spectrum,
        Trial: trained,
    }
    return makers[type(spec)](spec, generator) | {"provenance": PROVENANCE}


def pace(spec: Pace, generator: np.random.Generator) -> Record:
    shape = (spec.rounds, len(spec.models), len(spec.widths))
    arrays = {
        "training": generator.uniform(0.004, 0.1, shape),
        "inference": generator.uniform(1e-6, 1e-4, shape),
        "memory": generator.integers(10**6, 10**8, shape[1:]),
    }
    return {"outcome": {"networks": arrays["memory"].size, "clock": "processor"}, "arrays": arrays}


def fit(spec: Fit, generator: np.random.Generator) -> Record:
    low = 10 ** generator.uniform(-3, -0.2, spec.restarts)
    x = np.linspace(-3, 3, 601)
    curve = (low.min() * generator.uniform(-1, 1, x.size) + x - 2 * x.clip(-0.5, 0.5)).astype(np.float32)
    arrays = {"low": low, "high": low + 2.5e-4, "mse": low**2 / 3, "curve": curve}
    nearest = {"distance": float(low.min()), "certified": float(low.min() + 2.5e-4)}
    return {"outcome": nearest | {"lipschitz": 1.0, "loss": 0.1, "diverged": None}, "arrays": arrays}


def trained(trial: Trial, generator: np.random.Generator) -> Record:
    robust = "-" in trial.model or trial.noise > 0
    radii = generator.normal(0.4, 0.4, EXAMPLES)
    arrays = {"radii": radii} if robust else {"correct": radii > 0}
    arrays |= found(trial, generator) if trial.looks else {}
    outcome = {
        "size": trial.size or TRAINING_IMAGES[trial.dataset] - trial.validation,
        "variance_share": 1.0 if trial.components is None else share(trial),
        "accuracy": float((radii > 0).mean()),
        "lipschitz": 0.9 if robust else None,
        "diverged": None,
        "loss": 0.1,
        "examples": EXAMPLES,
    }
    return {"outcome": outcome, "arrays": arrays}


def found(trial: Trial, generator: np.random.Generator) -> dict[str, np.ndarray]:
    """What looks find: layers of six singular values."""
    looks = len(trial.looks)
    return {
        "singular_values": np.sort(generator.uniform(size=(looks, trial.depth or 1, 6)))[..., ::-1],
        "bounds": generator.uniform(0.9, 1, looks),
        "slopes": generator.uniform(0.5, 0.9, looks),
        "gram": generator.uniform(-1, 1, (6, 6)),
    }


def share(trial: Trial) -> float:
    """Some number that only the bands decide."""
    return 1 / (2 + sum(first + (last or 0) for first, last in trial.components or ()))


def slices(spec: Slices, generator: np.random.Generator) -> Record:
    shape, count = (spec.shown, 5, 6, 1), FEATURES[spec.dataset] - 2
    kept, cuts = min(spec.kept, count), [spec.kept] if spec.kept < count else []
    arrays = {
        "variances": np.sort(10 ** generator.uniform(-6, 0, count))[::-1],
        "mean": generator.uniform(size=shape[1:]).astype(np.float32),
        "images": generator.integers(256, size=shape, dtype=np.uint8),
        "coordinates": generator.normal(size=(spec.shown, kept)).astype(np.float32),
        "directions": generator.integers(-127, 128, size=(kept, 30), dtype=np.int8),
        "scales": generator.uniform(0.001, 0.002, kept).astype(np.float32),
        "cuts": np.array(cuts, dtype=np.int64),
        "rests": generator.integers(-127, 128, size=(spec.shown, len(cuts), 30), dtype=np.int8),
        "rest_scales": generator.uniform(0.001, 0.002, (spec.shown, len(cuts))).astype(np.float32),
    }
    return {"outcome": {"directions": count, "null_dimension": 2}, "arrays": arrays}


def spectrum(spec: Spectrum, generator: np.random.Generator) -> Record:
    shape, features = (spec.shown, 5, 6, 1), FEATURES[spec.dataset]
    arrays = {
        "variances": np.sort(10 ** generator.uniform(-6, 0, features - 2))[::-1],
        "images": generator.integers(256, size=shape, dtype=np.uint8),
        "head": generator.uniform(-0.1, 1.1, shape).astype(np.float32),
        "tail": generator.uniform(-0.1, 1.1, shape).astype(np.float32),
        "mean": generator.uniform(size=shape[1:]).astype(np.float32),
    }
    outcome = {
        "features": features,
        "directions": features - 2,
        "null_dimension": 2,
        "images": spec.size or TRAINING_IMAGES[spec.dataset] + (1_000 if spec.split == "all" else 0),
    }
    return {"outcome": outcome, "arrays": arrays}
