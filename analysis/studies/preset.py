"""Presets: a data set, and the grid on which every study runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import sqrt

import numpy as np

from analysis.trials import Components, Trial

RECORD_RADII = (36 / 255, 72 / 255, 108 / 255, 1.0)
METHODS = ("AOL", "BCOP", "Bjorck", "Cayley", "CPL", "LOT", "Sandwich", "SLL", "SOC")
MANY = 16  # directions, so that the bands are different from each other


@dataclass(frozen=True, kw_only=True)
class Search:
    """How a learning rate is searched for.

    Attributes:
        rates: Those that are tried, rising.
        validation: Images that are held out and measured.
        seeds: Of the trainings at each rate.
        share: Share of the budget that each training has.
        size: Training images; None for all that validation leaves.

    Example:
        >>> Search(rates=(0.1, 1.0), validation=200)
    """

    rates: tuple[float, ...]
    validation: int
    seeds: tuple[int, ...] = (0,)
    share: float = 1.0
    size: int | None = None

    def trial(self, model: Trial, rate: float, seed: int) -> Trial:
        """One training of the search.

        Args:
            model: A network's trial on all images and components.
            rate: One of ``self.rates``.
            seed: One of ``self.seeds``.

        Returns:
            The trial.
        """
        steps = max(1, round(model.steps * self.share))
        options = {"seed": seed, "subset_seed": seed, "size": self.size, "validation": self.validation}
        return replace(model, learning_rate=rate, steps=steps, **options)  # type: ignore[arg-type]


@dataclass(frozen=True, kw_only=True)
class Preset:
    """Everything that the studies of one data set share, so that trials shared between studies run once.

    Attributes:
        name: What ``--preset`` calls it.
        standard: How the standard network is trained: a trial on all images and components.
        robust: How the 1-Lipschitz network is trained.
        smoothed: How the network is trained that Gaussian noise smoothes; None where there is none.
        compared: How the networks of the comparison of layers are trained.
        sizes: Training-set sizes, rising; None for all images.
        bands: Unions of bands of principal directions; None for all components.
        firsts: First kept components of the sweep; 0 for all components.
        seeds: Each decides a subset, the initial weights and the order of the images.
        radius: L2 radius, pixels in [0, 1], at which certified accuracy is drawn; training aims at it.
        radii: L2 radii at which the comparison of layers certifies.
        search: How the learning rates of the standard, the robust and the smoothed network are searched for.
        layer_search: How those of the comparison of layers are; None for the same way.

    Example:
        >>> PRESETS["digits"].trial(DIGITS.robust, seed=0, size=100)
    """

    name: str
    standard: Trial
    robust: Trial
    sizes: tuple[int | None, ...]
    bands: tuple[Components | None, ...]
    firsts: tuple[int, ...]
    seeds: tuple[int, ...]
    radius: float
    search: Search
    smoothed: Trial | None = None
    compared: tuple[Trial, ...] = ()
    radii: tuple[float, ...] = RECORD_RADII
    layer_search: Search | None = None

    def __post_init__(self) -> None:
        if not self.seeds:
            raise ValueError("a preset needs at least one seed")
        if not 0 < self.radius < float("inf"):
            raise ValueError(f"radius must be positive and finite, got {self.radius}")

    @property
    def dataset(self) -> str:
        """Name of the data set."""
        return self.standard.dataset

    @property
    def models(self) -> tuple[Trial, Trial]:
        """The standard and the 1-Lipschitz network's trials on all images and components."""
        return self.standard, self.robust

    @property
    def scaled(self) -> tuple[Trial, ...]:
        """The networks whose gain from data is measured: both, and the smoothed one."""
        return (*self.models, self.smoothed) if self.smoothed else self.models

    @property
    def searched(self) -> tuple[Trial, ...]:
        """Every network that gets a learning rate."""
        return (*self.scaled, *self.compared)

    def search_of(self, model: Trial) -> Search:
        """How the learning rate of a network is searched for.

        Args:
            model: One of ``self.searched``.

        Returns:
            The search.
        """
        return self.layer_search if self.layer_search is not None and model in self.compared else self.search

    def name_of(self, model: Trial) -> str:
        """Name of a network among those searched: its classifier's, and the width where another one has that too.

        Args:
            model: A trial of one of ``self.searched``.

        Returns:
            Such as ``AOL-MLP`` and ``AOL-MLP, width 128``.
        """
        alike = sum(other.classifier == model.classifier for other in self.searched)
        return model.classifier if alike == 1 or model.width is None else f"{model.classifier}, width {model.width}"

    def tuned(self, rates: Mapping[str, float]) -> "Preset":
        """Train every network at its own learning rate.

        Args:
            rates: Learning rate of each network, by :meth:`name_of`.

        Returns:
            A preset that differs in nothing else.
        """
        return self._with_each(lambda trial: replace(trial, learning_rate=rates[self.name_of(trial)]))

    def _with_each(self, change: Callable[[Trial], Trial]) -> "Preset":
        return replace(
            self,
            standard=change(self.standard),
            robust=change(self.robust),
            smoothed=change(self.smoothed) if self.smoothed else None,
            compared=tuple(change(trial) for trial in self.compared),
        )

    def trial(self, model: Trial, seed: int, *, size: int | None = None, components: Components | None = None) -> Trial:
        """One point of the grid.

        Args:
            model: One of ``self.searched``.
            seed: One of ``self.seeds``.
            size: Training images; None for all.
            components: Bands that are kept; None for all.

        Returns:
            The trial.
        """
        return replace(model, size=size, components=components, seed=seed, subset_seed=seed)

    def on(self, dataset: str, *, images: int, classes: int, directions: int) -> "Preset":
        """Put another data set in the place of this preset's own: same networks, budgets and seeds.

        Args:
            dataset: Its name.
            images: Number of its training images.
            classes: Number of its classes.
            directions: Number of its directions of non-zero variance.

        Returns:
            A preset whose sizes double up to all images, whose bands have the shape of the standard ones, and whose
            search holds out a fifth of the training images.

        Raises:
            ValueError: If there are too few images or directions for that.
        """
        if images < 4 * classes or directions < MANY:
            raise ValueError(
                f"{dataset} has {images} training images of {classes} classes in {directions} directions: studies need "
                f"4 images a class and {MANY} directions"
            )
        halves = [images // 2**k for k in range(9, 0, -1)]
        return replace(
            self._with_each(lambda trial: replace(trial, dataset=dataset)),
            sizes=(*(size for size in halves if size >= 2 * classes), None),
            bands=_bands(directions),
            firsts=(0, *sorted({directions * part // 16 for part in (1, 2, 4, 6, 8, 10, 12)})),
            search=self._held_out(self.search, images, classes),
            layer_search=self.layer_search and self._held_out(self.layer_search, images, classes),
        )

    @staticmethod
    def _held_out(search: Search, images: int, classes: int) -> Search:
        return replace(search, size=None, validation=max(images // 5, classes))


def _bands(directions: int) -> tuple[Components | None, ...]:
    """The shape of the standard bands: a small head, a larger one, and two tails."""
    head, middle, tail = max(directions // 45, 1), directions // 6, directions // 2
    return None, ((0, head),), ((0, middle),), ((middle, None),), ((tail, None),), ((0, head), (tail, None))


def _margin(radius: float) -> dict[str, float]:
    """Loss that asks for the margin of a radius, half as sharp as the radius is wide."""
    return {"offset": sqrt(2) * radius, "temperature": radius / 2}


def _noise(radius: float, draws: int) -> dict[str, float]:
    """Noise of the width of the radius: certified there where 84 % of the noisy copies agree."""
    return {"noise": radius, "draws": draws}


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

SMOKE = Preset(
    name="smoke",
    standard=Trial(dataset="digits", model="MLP", **_TINY),  # type: ignore[arg-type]
    robust=Trial(dataset="digits", model="AOL-MLP", **_TINY, **_margin(0.25)),  # type: ignore[arg-type]
    smoothed=Trial(dataset="digits", model="MLP", **_TINY, **_noise(0.25, 100)),  # type: ignore[arg-type]
    compared=_compared("digits", ("AOL", "CPL"), "LCN", 0.25, **_NARROW, steps=10),
    sizes=(20, 80, None),
    bands=(None, ((0, 16),), ((16, None),), ((0, 4), (32, None))),
    firsts=(0, 16, 32),
    seeds=(0, 1),
    radius=0.25,
    search=Search(rates=(0.1, 1.0), validation=200),
)

DIGITS = Preset(
    name="digits",
    standard=Trial(dataset="digits", model="MLP", depth=3, **_SMALL),  # type: ignore[arg-type]
    robust=Trial(dataset="digits", model="AOL-MLP", depth=4, **_SMALL, **_margin(0.25)),  # type: ignore[arg-type]
    smoothed=Trial(dataset="digits", model="MLP", depth=3, **_SMALL, **_noise(0.25, 1_000)),  # type: ignore[arg-type]
    compared=_compared("digits", METHODS, "LCN", 0.25, **_NARROW, steps=600),
    sizes=(20, 40, 81, 162, 324, 648, None),
    bands=(None, ((0, 4),), ((0, 16),), ((16, None),), ((32, None),), ((0, 4), (32, None))),
    firsts=(0, 4, 8, 16, 24, 32, 48),
    seeds=(0, 1, 2, 3, 4),
    radius=0.25,
    search=Search(rates=_log_uniform(16, -3, 1), share=0.1, validation=297),
)

MNIST = Preset(
    name="mnist",
    standard=Trial(dataset="mnist", model="MLP", steps=1500, depth=3),
    robust=Trial(dataset="mnist", model="AOL-MLP", steps=200, depth=4, **_margin(0.5)),  # type: ignore[arg-type]
    compared=_compared("mnist", METHODS, "MLP", 0.5, width=128, depth=3, steps=1000),
    sizes=(117, 234, 468, 937, 1875, 3750, 7500, 15_000, 30_000, None),
    bands=(None, ((0, 16),), ((0, 50),), ((50, None),), ((200, None),), ((0, 16), (200, None))),
    firsts=(0, 25, 50, 100, 200, 300, 400, 500),
    seeds=(0, 1, 2, 3),
    radius=0.5,
    # A tenth of 200 steps says little of 200: it would choose 0.0856, and certify 79 % where 0.3 certifies 83 %.
    search=Search(rates=(0.01, 0.03, 0.1, 0.3, 1.0, 3.0), seeds=(0, 1), validation=10_000),
    layer_search=Search(rates=_log_uniform(16, -3, 1), share=0.1, validation=2_000),
)

PRESETS = {preset.name: preset for preset in (SMOKE, DIGITS, MNIST)}
