"""Checkpoints of cohorts in training, as plain tensors in the cache."""

import hashlib
import json
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from analysis.datasets.places import whole_file
from analysis.machine import cache_dir
from analysis.trials.provenance import software
from analysis.trials.trial import Trial

LOG = logging.getLogger(__name__)
EVERY = 180.0  # seconds; what is lost at most when a training is cut off


def cohort_key(trials: Sequence[Trial], content: str, device: torch.device) -> str:
    """Name a cohort by all that its training follows from.

    Args:
        trials: In their order.
        content: Hash of their data.
        device: Where they are trained.

    Returns:
        Hexadecimal digits; others with every version of the software, as a resumed training must not mix two.
    """
    parts = [[asdict(trial) for trial in trials], content, device.type, torch.get_num_threads(), software()]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


class FileCheckpoint:
    """One file under the cache folder that is replaced every few minutes and goes when the training is done.

    Where it cannot be written, the training goes on without, with one line; where it cannot be read, from the start.

    Args:
        key: Of the cohort.

    Example:
        >>> checkpoint = FileCheckpoint(cohort_key(trials, content, device))
        >>> cohort.train(checkpoint)
        >>> checkpoint.remove()
    """

    def __init__(self, key: str) -> None:
        self.path: Path = cache_dir() / "cohorts" / f"{key}.pt"
        self._last = time.monotonic()

    def recall(self) -> dict[str, Any] | None:
        """Return the state that was kept last, on the CPU, if there is any."""
        if not self.path.is_file():
            return None
        try:
            state: dict[str, Any] = torch.load(self.path, map_location="cpu", weights_only=True)
        except Exception as error:  # a damaged file makes torch raise nearly anything
            LOG.warning("checkpoint %s is unreadable, the training begins anew (%s)", self.path, error)
            return None
        return state

    def offer(self, state: Callable[[], dict[str, Any]]) -> None:
        """Keep the state, if the last time was long enough ago.

        Args:
            state: Called where it is needed; tensors, numbers, strings, lists and dictionaries.
        """
        if time.monotonic() - self._last < EVERY:
            return
        self._last = time.monotonic()
        try:
            with whole_file(self.path) as file:
                torch.save(state(), file)
        except (OSError, RuntimeError) as error:  # the latter where torch's writer meets a full disk
            LOG.warning("checkpoint %s cannot be written and is skipped (%s)", self.path, error)

    def remove(self) -> None:
        """Delete the file: the training is done."""
        with suppress(OSError):  # where nothing could be written, there is nothing
            self.path.unlink()
