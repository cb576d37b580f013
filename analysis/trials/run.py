"""Run trials. Torch is imported only when something is trained."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from analysis.trials.spectrum import Spectrum, measure_spectrum
from analysis.trials.trial import Trial


def run_trials(
    trials: Sequence[Trial | Spectrum], data_dir: str | Path | None = None, device: str | None = None
) -> list[dict[str, Any]]:
    """Train and measure each trial.

    Args:
        trials: What to run; all names are checked before the first is trained. A ``Spectrum`` needs no torch.
        data_dir: Folder of the data sets; by default ``ANALYSIS_DATA_DIR``, then ``data/``.
        device: Torch device; by default ``cuda`` where there is one, else ``cpu``.

    Returns:
        One record each, in the same order: ``specification``, ``outcome`` (``size``, ``examples``, ``accuracy``,
        ``lipschitz``, ``variance_share``, ``loss``, ``diverged``), ``arrays`` (``radii`` in units of pixels in [0, 1]
        for 1-Lipschitz and smoothed networks, ``correct`` for others), ``data`` (content hash) and ``provenance``
        (software, hardware, seconds of training and evaluation, seconds of inference per image, bytes of a step).

    Raises:
        ValueError: If a name is unknown, a size larger than the data, or a band outside the directions.

    Example:
        >>> run_trials([Trial(dataset="digits", model="MLP", size=100)])[0]["outcome"]["accuracy"]
    """
    trained = [trial for trial in trials if isinstance(trial, Trial)]
    if trained:
        from analysis.trials.measure import check

        for trial in trained:
            check(trial)
    return [_run(trial, data_dir, device) for trial in trials]


def _run(trial: Trial | Spectrum, data_dir: str | Path | None, device: str | None) -> dict[str, Any]:
    if isinstance(trial, Spectrum):
        return measure_spectrum(trial, data_dir)
    from analysis.trials.measure import run_trial

    return run_trial(trial, data_dir, device)
