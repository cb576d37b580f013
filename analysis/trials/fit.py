"""What is fitted to the function N, as a value."""

import hashlib
from dataclasses import dataclass
from typing import ClassVar

from analysis.theory import NFunction
from analysis.trials.trial import as_float, refuse_below

AIMS = ("maximum", "squares")


@dataclass(frozen=True, kw_only=True)
class Fit:
    r"""Fit networks of one shape to the function N on [-3, 3], and measure how near each comes.

    All restarts are one record: they share every tensor, and what is asked of them is the best, or the spread. The
    fields of the record's ``arrays`` are described at :func:`analysis.trials.fitting.run_fit`.

    Attributes:
        activation: A name in ``lipschitz.ACTIVATION``.
        width: Channels of every hidden layer.
        depth: Number of activations.
        restarts: Number of networks, each with initial weights and inputs of its own.
        aim: ``maximum``: near in the maximum norm, from points evenly spaced, by Adam at a rate that falls along a
            cosine, on the p-norm of the errors with p from 2 to 256. ``squares``: the toy experiment of arXiv
            2311.06103, mean squared error on batches of 100 of 1,000 uniform inputs, by SGD with momentum 0.9 at a
            constant rate.
        layer: ``Cayley``, or ``AOL`` as in that experiment.
        steps: Optimisation steps.
        learning_rate: Of Adam or SGD.
        spread: Biases begin uniform between its negative and it.
        seed: Decides all draws of all restarts.

    Raises:
        ValueError: If a value is impossible, naming it and what is allowed.
        TypeError: If a value has the wrong type.

    Example:
        >>> Fit(activation="MaxMin", width=8, depth=2)
    """

    dataset: ClassVar[str] = "n-function"  # folder of the records, beside those of data sets

    activation: str
    width: int
    depth: int
    restarts: int = 20
    aim: str = "maximum"
    layer: str = "Cayley"
    steps: int = 2000
    learning_rate: float = 0.01
    spread: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("width", "depth", "restarts", "steps"):
            refuse_below(name, getattr(self, name), 1)
        refuse_below("seed", self.seed, 0)
        if self.aim not in AIMS:
            raise ValueError(f"unknown aim {self.aim!r}; known are {', '.join(AIMS)}")
        for name in ("learning_rate", "spread"):
            object.__setattr__(self, name, as_float(name, getattr(self, name)))
        if not 0 < self.learning_rate < float("inf"):
            raise ValueError(f"learning_rate must be positive and finite, got {self.learning_rate}")
        if not 0 <= self.spread < float("inf"):
            raise ValueError(f"spread must not be negative and be finite, got {self.spread}")

    @property
    def label(self) -> str:
        """A few words for a progress bar."""
        return f"{self.restarts} fits of {self.activation}, width {self.width}, depth {self.depth}"


def function_hash() -> str:
    """Content of what is fitted: the corners of N on its interval.

    Returns:
        Hexadecimal digits, in the place of a data set's content hash.
    """
    return hashlib.sha256(repr(NFunction().corners).encode()).hexdigest()[:16]
