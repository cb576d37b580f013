"""Are the intervals of fitted laws worth their level, and does the choice among laws predict?

Run: python -m benchmarks.scaling [--curves 1000] [--predicted 1000]

Synthetic learning curves of each law: 8 sizes from 100 to 12,800 and 4 seeds, log-normal noise of 3 % a run (in half of
the curves the same for all runs of a seed), errors counted on 5,000 test images. Half of the curves share their test
images among all runs, as studies do, and the fit is told; in the other half every run has images of its own. Then:
coverage of 90 % intervals inside the range of sizes, and the median deviation of predictions at 8 times the largest.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from analysis.scaling import fit
from analysis.scaling.law import Curve, Law
from analysis.scaling.laws import AUTO, LAWS

SIZES = 100.0 * 2 ** np.arange(8)
INSIDE = np.array([150.0, 1_000.0, 10_000.0])  # where coverage is counted
BEYOND = 8 * SIZES[-1]
SEEDS, NOISE, TEST_IMAGES, CHANCE, LEVEL = 4, 0.03, 5_000, 0.9, 0.9


@dataclass(frozen=True, eq=False)
class Synthetic:
    """A curve whose truth is known.

    Attributes:
        law: The true one.
        at: Its coordinates.
        errors: Shape ``(sizes, seeds)``.
        test_images: What the fit is told of them.
    """

    law: Law
    at: NDArray[np.float64]
    errors: NDArray[np.float64]
    test_images: int | None

    def truth(self, sizes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Expected error: that of the law times log-normal noise, where no error is above 1."""
        errors = self.law.error(self.law.value(self.at, sizes))
        room = -np.log(errors) / NOISE
        return errors * np.exp(NOISE**2 / 2) * ndtr(room - NOISE) + ndtr(-room)


def coordinates(name: str, generator: np.random.Generator) -> list[float]:
    """Coordinates of a plausible law: ten classes, and errors that fall from about half to some per cent."""
    middle, exponent = generator.uniform(0.1, 0.3), generator.uniform(0.15, 0.6)
    floor = generator.uniform(0.01, 0.08)
    if name == "log-linear":
        return [1 - generator.uniform(0.3, 0.4), generator.uniform(0.01, 0.035)]
    if name == "M4":
        sharpness = generator.uniform(0.5, 2.0)
        share = (middle - 0.0) / (CHANCE - floor)
        return [np.log(share) - sharpness * np.log1p(-share), exponent, floor, sharpness]
    rest = {"M1": [], "M2": [floor], "M3": [floor, generator.uniform(0.1, 3.0)]}[name]
    return [np.log(middle), exponent, *rest]


def synthetic(name: str, index: int) -> Synthetic:
    """Curve number ``index`` of a law."""
    generator = np.random.default_rng([index, sorted(LAWS).index(name)])
    law = LAWS[name](Curve(SIZES, np.full(len(SIZES), 0.5), CHANCE))
    at = np.array(coordinates(name, generator))
    shared_noise, shared_images = index % 2 == 0, index % 4 < 2
    noise = generator.standard_normal((1 if shared_noise else len(SIZES), SEEDS))
    expected = np.minimum(law.error(law.value(at, SIZES))[:, None] * np.exp(NOISE * noise), 1.0)
    if shared_images:
        difficulties = np.sort(generator.random(TEST_IMAGES))
        errors = np.searchsorted(difficulties, expected) / TEST_IMAGES
    else:
        errors = generator.binomial(TEST_IMAGES, expected) / TEST_IMAGES
    return Synthetic(law, at, errors, TEST_IMAGES if shared_images else None)


def covered(name: str, curves: int, resamples: int = 100) -> Iterator[NDArray[np.bool_]]:
    """Whether the interval of the true law covers the truth, at each size inside."""
    for index in range(curves):
        drawn = synthetic(name, index)
        fitted = fit(
            SIZES, drawn.errors, name, chance=CHANCE, test_images=drawn.test_images, resamples=resamples, seed=index
        )
        low, high = fitted.interval(INSIDE, LEVEL)
        yield (low <= drawn.truth(INSIDE)) & (drawn.truth(INSIDE) <= high)


def deviations(curves: int) -> dict[str, float]:
    """Median relative deviation at 8 times the largest size, over the curves of all laws, for each way to fit."""
    found: dict[str, list[float]] = {name: [] for name in (*LAWS, AUTO)}
    for true in LAWS:
        for index in range(curves):
            drawn = synthetic(true, index)
            truth = float(drawn.truth(np.array([BEYOND]))[0])
            for name, values in found.items():
                predicted = fit(SIZES, drawn.errors, name, chance=CHANCE, resamples=0).predict(BEYOND)
                values.append(abs(float(np.log(np.maximum(predicted, 1e-4) / truth))))
    return {name: float(np.median(values)) for name, values in found.items()}


def seconds(name: str, resamples: int = 100) -> float:
    """Processor time of one fit with its resamples, the least of five."""
    drawn, times = synthetic(name, 0), []
    for _ in range(5):
        begin = time.process_time()
        fit(SIZES, drawn.errors, name, chance=CHANCE, test_images=drawn.test_images, resamples=resamples)
        times.append(time.process_time() - begin)
    return min(times)


def main() -> None:
    """Print both tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--curves", type=int, default=1_000, help="synthetic curves of each law")
    parser.add_argument("--predicted", type=int, default=1_000, help="of these, the first so many for the predictions")
    chosen = parser.parse_args()
    print("| law | " + " | ".join(f"covered at {size:,.0f}" for size in INSIDE) + " | seconds, 100 resamples |")
    print("|---" * (len(INSIDE) + 2) + "|")
    for name in LAWS:
        shares = np.mean(list(covered(name, chosen.curves)), axis=0)
        print(f"| {name} | " + " | ".join(f"{share:.3f}" for share in shares) + f" | {seconds(name):.2f} |", flush=True)
    print("\n| fitted | median deviation at 8 times the largest size |\n|---|---|")
    for name, deviation in deviations(chosen.predicted).items():
        print(f"| {name} | {100 * deviation:.1f} % |")


if __name__ == "__main__":
    main()
