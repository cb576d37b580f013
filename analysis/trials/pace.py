"""How long training steps of several networks take on one core, as a record: what turns a budget of time into steps."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.trials.trial import Trial, refuse_below


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Time steps of every model at every width, one network at a time on one thread.

    As of a ``Trial``, a field at its default does not enter the name of the record. Trials never read a clock: whoever
    gives them equal times reads this record, and gives them steps.

    Attributes:
        dataset: Name, as for ``datasets.load``.
        models: Names, as for ``models.build``.
        widths: Of each.
        depth: Of all; None for each model's own default.
        batch_size: Images per step.
        rounds: How often all networks take their turn.

    Raises:
        ValueError: If a value is impossible, naming it and what is allowed.
        TypeError: If a number is none.

    Example:
        >>> Pace(dataset="digits", models=("AOL-MLP", "CPL-MLP"), widths=(64, 128))
    """

    dataset: str
    models: tuple[str, ...]
    widths: tuple[int, ...]
    depth: int | None = None
    batch_size: int = 128
    rounds: int = 10

    def __post_init__(self) -> None:
        for name in ("models", "widths"):
            if not getattr(self, name):
                raise ValueError(f"{name} must hold at least one")
        for name, values in (("width", self.widths), ("batch_size", (self.batch_size,)), ("rounds", (self.rounds,))):
            for value in values:
                refuse_below(name, value, 1)
        if self.depth is not None:
            refuse_below("depth", self.depth, 1)

    @property
    def label(self) -> str:
        """A few words for a progress bar."""
        return f"time of a step of {len(self.models)} models at {len(self.widths)} widths on {self.dataset}"

    def trial(self, model: str, width: int) -> Trial:
        """A trial whose steps are timed.

        Args:
            model: One of ``self.models``.
            width: One of ``self.widths``.

        Returns:
            The trial; its learning rate is so small that no step of it spoils the next.
        """
        options = {"width": width, "depth": self.depth, "batch_size": self.batch_size}
        return Trial(dataset=self.dataset, model=model, steps=10**6, learning_rate=1e-3, **options)  # type: ignore[arg-type]


def step_seconds(spec: Pace, record: Mapping[str, Any]) -> dict[tuple[str, int], float]:
    """Seconds of a step of each network: those of its fastest round, since whatever disturbs a round slows it down.

    Args:
        spec: Which networks.
        record: Of it.

    Returns:
        By model and width.

    Example:
        >>> step_seconds(spec, record)["AOL-MLP", 64]
        0.0031
    """
    least = np.asarray(record["arrays"]["training"]).min(axis=0)
    return {
        (model, width): float(least[place, column])
        for place, model in enumerate(spec.models)
        for column, width in enumerate(spec.widths)
    }
