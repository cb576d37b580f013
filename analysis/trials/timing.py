"""Has steps timed in a process of its own.

Torch, data and networks take several times as much memory as a hundred thousand trials; it goes with the process.
"""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from analysis.trials.trial import Trial

LOG = logging.getLogger(__name__)
PROGRAM = "from analysis.trials.stopwatch import answer; answer()"  # not spawned: that would run the caller's script


def time_apart(trials: Sequence[Trial], data_dir: str | Path | None) -> list[Any]:
    """Time steps of trials.

    Args:
        trials: One of each company; their sizes and bands do not matter.
        data_dir: Folder of the data sets.

    Returns:
        For each the JSON of its ``Cost``, or why there is none.
    """
    question = {
        "trials": [_fields(trial) for trial in trials],
        "data_dir": None if data_dir is None else str(data_dir),
    }
    answered = subprocess.run(  # noqa: S603 - fixed arguments
        [sys.executable, "-c", PROGRAM],
        input=json.dumps(question),
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    if answered.returncode == 0:
        costs: list[Any] = json.loads(answered.stdout.splitlines()[-1])  # whatever else was printed before
        return costs
    problem = (answered.stderr.strip() or f"it ended with {answered.returncode}").splitlines()[-1]
    LOG.warning("no steps could be timed, so that trials are planned one by one (%s)", problem)
    return [problem] * len(trials)


def _fields(trial: Trial) -> dict[str, Any]:
    """Of a trial of the same company that JSON gives back as they are: it knows no tuples."""
    fields = asdict(replace(trial, size=None, components=None))
    del fields["looks"]
    return fields
