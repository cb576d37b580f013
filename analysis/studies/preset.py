"""What a preset is: a data set, and the grid on which every study runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from analysis.trials import Components, Trial

RECORD_RADII = (36 / 255, 72 / 255, 108 / 255, 1.0)
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
        others: How further 1-Lipschitz networks are trained whose gain from data is measured; they may be of those
            compared.
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
        >>> DIGITS.trial(DIGITS.robust, seed=0, size=100)
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
    others: tuple[Trial, ...] = ()
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
        """The networks whose gain from data is measured: both, the smoothed one, and the others."""
        return (*self.models, *([self.smoothed] if self.smoothed else []), *self.others)

    @property
    def searched(self) -> tuple[Trial, ...]:
        """Every network that gets a learning rate, each once."""
        return tuple(dict.fromkeys((*self.scaled, *self.compared)))

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
            others=tuple(change(trial) for trial in self.others),
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
