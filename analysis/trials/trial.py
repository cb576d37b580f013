"""What is trained on what, as a value."""

from dataclasses import dataclass

Components = tuple[tuple[int, int | None], ...]
PRECISIONS = ("float32", "bfloat16")


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Train one classifier on one subset of one data set, in one subspace, and measure it.

    A record is named by the fields that differ from their defaults, so that a new field must come with the default
    that describes its absence.

    Attributes:
        dataset: Name of a known data set, or of a file or folder in the data folder; never a path.
        model: Name of a network, as for ``models.build``.
        size: Training images in all, a nested class-balanced subset; None for all.
        components: Bands of principal directions that the images are projected on; None for all pixels as they are.
        width: Width of the network; None for its own default.
        depth: Depth of the network; None for its own default.
        activation: Of a 1-Lipschitz network: a name in ``lipschitz.ACTIVATION``.
        steps: Optimisation steps, where ``visits`` is None.
        visits: Images seen during training, repeats counted; rounded up to whole batches.
        batch_size: Images per step.
        learning_rate: Peak of the one-cycle schedule.
        momentum: Nesterov momentum.
        offset: Offset of the loss, in units of the scores.
        temperature: Temperature of the loss, in units of the scores.
        augmentation: ``none``, ``shift``, ``flip`` or ``shift-flip``.
        noise: Standard deviation of Gaussian noise, pixels in [0, 1], that is added to training images last; where it
            is positive, the network is measured as the smoothed classifier of that noise.
        precision: Of the products of training, ``float32`` or ``bfloat16``; parameters, derived weights, losses and all
            that is measured keep theirs.
        draws: Noisy copies of each image from which the smoothed classifier's radius is estimated.
        looks: Steps after which a 1-Lipschitz network is looked into while it is trained, rising, from 0 to all of
            them: how near its layers are to isometries, and how near its slopes to the proven bound.
        validation: Training images split off first, and measured instead of the test images; 0 for none.
        subset_seed: Decides the order of the nested subsets.
        seed: Decides initial weights, order of the images and augmentation.

    Raises:
        ValueError: If a value is impossible, naming it and what is allowed.
        TypeError: If a value has the wrong type.

    Example:
        >>> Trial(dataset="mnist", size=1000, model="AOL-MLP", components=((50, None),))
    """

    dataset: str
    model: str
    size: int | None = None
    components: Components | None = None
    width: int | None = None
    depth: int | None = None
    activation: str = "MaxMin"
    steps: int = 1000
    visits: int | None = None
    batch_size: int = 128
    learning_rate: float = 0.1
    momentum: float = 0.9
    offset: float = 0.0
    temperature: float = 1.0
    augmentation: str = "none"
    noise: float = 0.0
    precision: str = "float32"
    draws: int = 1000
    looks: tuple[int, ...] = ()
    validation: int = 0
    subset_seed: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size", "draws"):
            refuse_below(name, getattr(self, name), 1)
        for name in ("size", "width", "depth", "visits"):
            if getattr(self, name) is not None:
                refuse_below(name, getattr(self, name), 1)
        for name in ("validation", "subset_seed", "seed"):
            refuse_below(name, getattr(self, name), 0)
        self._refuse_impossible_numbers()
        if self.precision not in PRECISIONS:
            raise ValueError(f"unknown precision {self.precision!r}; known are {', '.join(PRECISIONS)}")
        _refuse_looks(self.looks, self.total_steps)
        if "/" in self.dataset or not self.dataset:
            raise ValueError(f"dataset must be a name, not the path {self.dataset!r}: give its folder as data_dir")
        if self.components is not None:
            _refuse_components(self.components)

    def _refuse_impossible_numbers(self) -> None:
        for name in ("learning_rate", "momentum", "offset", "temperature", "noise"):
            object.__setattr__(self, name, as_float(name, getattr(self, name)))
        for name in ("learning_rate", "temperature"):
            if not 0 < getattr(self, name) < float("inf"):
                raise ValueError(f"{name} must be positive and finite, got {getattr(self, name)}")
        if not 0 < self.momentum < 1:
            raise ValueError(f"momentum must lie in (0, 1), got {self.momentum}")
        for name in ("offset", "noise"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise ValueError(f"{name} must not be negative and be finite, got {getattr(self, name)}")

    @property
    def total_steps(self) -> int:
        """Optimisation steps, from ``visits`` where given."""
        return self.steps if self.visits is None else -(-self.visits // self.batch_size)

    @property
    def classifier(self) -> str:
        """Name of what is trained, in legends and tables: the model's, ``smoothed`` where noise smoothes it."""
        return f"smoothed {self.model}" if self.noise else self.model

    @property
    def label(self) -> str:
        """A few words for a progress bar."""
        size = "all" if self.size is None else f"{self.size:,}"
        return f"{self.classifier} on {size} of {self.dataset}, seed {self.seed}"


def refuse_below(name: str, value: object, least: int) -> None:
    """Refuse what is no whole number, or a smaller one.

    Args:
        name: Of the value, for the message.
        value: To be checked.
        least: The smallest value allowed.

    Raises:
        TypeError: If the value is no whole number.
        ValueError: If it is too small.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be a whole number, got {value!r} of type {type(value).__name__}")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {value}")


def _refuse_looks(looks: object, steps: int) -> None:
    if not isinstance(looks, tuple):
        raise TypeError(f"looks must be a tuple of steps, got {looks!r}")
    for look in looks:
        refuse_below("a look", look, 0)
    if list(looks) != sorted(set(looks)) or max(looks, default=0) > steps:
        raise ValueError(f"looks must rise, to at most the {steps} steps of the training, got {looks}")


def as_float(name: str, value: object) -> float:
    """Make a float of a number: equal specifications have equal names, and the name tells 1 from 1.0.

    Args:
        name: Of the value, for the message.
        value: To be checked.

    Returns:
        The same number.

    Raises:
        TypeError: If it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} must be a number, got {value!r} of type {type(value).__name__}")
    return float(value)


def _refuse_components(components: object) -> None:
    """Bounds against the number of directions are checked where the directions are known."""
    if not isinstance(components, tuple):
        raise TypeError(f"components must be a tuple of pairs (first, last), got {components!r}")
    if not components:
        raise ValueError("components must hold at least one band; None means all pixels")
    for band in components:
        if not isinstance(band, tuple) or len(band) != 2:
            raise TypeError(f"components must be pairs (first, last), got {band!r}")
        first, last = band
        refuse_below("first component", first, 0)
        if last is not None:
            refuse_below("last component", last, first + 1)
