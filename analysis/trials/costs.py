"""What a training step costs on this machine, for networks alone and in cohorts, kept in the cache."""

import json
import logging
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from analysis.datasets.places import whole_file
from analysis.machine import cache_dir
from analysis.trials.company import company
from analysis.trials.provenance import processor
from analysis.trials.timing import time_apart
from analysis.trials.trial import Trial

LOG = logging.getLogger(__name__)
FORMAT = 2  # raise it when steps are taken, or timed, differently


@dataclass(frozen=True)
class Cost:
    """Of a step.

    Attributes:
        measured: Seconds for each network, by the size of the cohort; that of 1 is among them.
        memory: Bytes for each network.
    """

    measured: Mapping[int, float]
    memory: int

    @classmethod
    def of_json(cls, entry: Any) -> "Cost":
        """Read what :meth:`as_json` wrote.

        Args:
            entry: As JSON gives it back.

        Returns:
            The cost.
        """
        return cls({int(size): float(value) for size, value in entry["seconds"].items()}, int(entry["memory"]))

    def as_json(self) -> dict[str, Any]:
        """Write it in JSON's values."""
        return {"seconds": dict(self.measured), "memory": self.memory}

    def seconds(self, size: int) -> float:
        """Seconds for each network in a cohort of a size: on a straight line between sizes that were measured.

        Args:
            size: Number of networks.

        Returns:
            The estimate; beyond the largest size that was measured, its value.

        Example:
            >>> Cost({1: 2.0, 3: 1.0}, memory=0).seconds(2)
            1.5
        """
        below = max(known for known in self.measured if known <= size)
        above = min((known for known in self.measured if known > size), default=None)
        if above is None:
            return self.measured[below]
        share = (size - below) / (above - below)
        return (1 - share) * self.measured[below] + share * self.measured[above]


ALONE = Cost({1: 1.0}, memory=0)


class Costs:
    """Costs by company, measured once.

    Args:
        data_dir: Folder of the data sets.
        again: Whether to measure again what is kept.

    Example:
        >>> costs = Costs()
        >>> costs.learn([Trial(dataset="digits", model="AOL-MLP")])
        >>> costs.of(Trial(dataset="digits", model="AOL-MLP", seed=3)).seconds(16)
    """

    def __init__(self, data_dir: str | Path | None = None, *, again: bool = False) -> None:
        self.data_dir, self.path = data_dir, cache_dir() / "costs.json"
        self._kept = {} if again else self._recalled()

    def learn(self, trials: Iterable[Trial]) -> None:
        """Measure what is not known yet.

        Args:
            trials: One of each company.
        """
        unknown = {key: trial for trial in trials if (key := self._key(trial)) not in self._kept}
        if not unknown:
            return
        for (key, trial), cost in zip(unknown.items(), time_apart(list(unknown.values()), self.data_dir), strict=True):
            try:
                self._kept[key] = Cost.of_json(cost)
            except (TypeError, KeyError):
                LOG.info("steps of %s are not timed (%s)", trial.label, cost)
        self._keep()

    def of(self, trial: Trial) -> Cost:
        """Cost of a step of all trials of the trial's company.

        Args:
            trial: Any of them.

        Returns:
            The cost; that of :data:`ALONE` where it is not known, as of a trial that cannot be run.
        """
        return self._kept.get(self._key(trial), ALONE)

    def _key(self, trial: Trial) -> str:
        machine = [processor(), os.cpu_count(), version("torch"), FORMAT]
        return json.dumps([*machine, *company(trial)])

    def _recalled(self) -> dict[str, Cost]:
        try:
            entries: dict[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))
            return {key: Cost.of_json(entry) for key, entry in entries.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            LOG.warning("cache %s is unreadable and made anew (%s)", self.path, error)
            return {}

    def _keep(self) -> None:
        entries = {key: cost.as_json() for key, cost in self._kept.items()}
        try:
            with whole_file(self.path) as file:
                file.write(json.dumps(entries, indent=1).encode())
        except OSError as error:
            LOG.warning("cache %s cannot be written and is skipped (%s)", self.path, error)
