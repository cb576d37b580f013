"""Run trials. Torch is imported only when something is trained."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

from analysis.trials.company import company
from analysis.trials.fit import Fit
from analysis.trials.pace import Pace
from analysis.trials.slices import Slices, measure_slices
from analysis.trials.spectrum import Spectrum, measure_spectrum
from analysis.trials.trial import Trial

Spec = Trial | Spectrum | Slices | Pace | Fit


def run_trials(
    trials: Sequence[Spec],
    data_dir: str | Path | None = None,
    device: str | None = None,
    *,
    threads: int | None = None,
    progress: bool = False,
) -> list[dict[str, Any]]:
    """Train and measure each trial; those that fit together are trained together, as one network with a leading axis.

    Whatever the company, a trial's random draws are its own, and its numbers the same up to rounding. Where networks
    are large, that is slower than one after the other: :func:`analysis.trials.plan` knows what pays.

    Args:
        trials: What to run; all names are checked before the first is trained. A ``Spectrum`` or ``Slices`` needs no
            torch. A ``Pace`` should run alone on its machine. Of a ``Fit``, all restarts are one record.
        data_dir: Folder of the data sets; by default ``ANALYSIS_DATA_DIR``, then ``data/``.
        device: Torch device; by default ``cuda`` where there is one, else ``cpu``.
        threads: On how many threads of the processor; by default as many as torch uses anyway.
        progress: Whether to show in a terminal or a notebook how many trials are done, and the time left.

    Returns:
        One record each, in the same order: ``specification``, ``outcome`` (``size``, ``examples``, ``accuracy``,
        ``lipschitz``, ``variance_share``, ``loss``, ``diverged``), ``arrays`` (``radii`` in units of pixels in [0, 1]
        for 1-Lipschitz and smoothed networks, ``correct`` for others; what :class:`analysis.trials.looks.Looks` found,
        where the trial has looks), ``data`` (content hash) and ``provenance``
        (software, hardware, seconds of training and evaluation, seconds of inference per image, bytes of a step).

    Raises:
        ValueError: If a name is unknown, ``threads`` not positive, a size larger than the data, or a band outside of
            the directions.

    Example:
        >>> run_trials([Trial(dataset="digits", model="MLP", size=100)])[0]["outcome"]["accuracy"]
    """
    if threads is not None and threads < 1:
        raise ValueError(f"threads must be at least 1, got {threads}")
    for trial in trials:
        _check(trial)
    records: dict[int, dict[str, Any]] = {}
    bar = tqdm(total=len(trials), unit="trial", disable=None if progress else True)
    with bar, _threads_for(trials, threads):
        for members in _companies(trials):
            together = [trials[member] for member in members]
            records |= zip(members, _run(together, data_dir, device), strict=True)
            bar.update(len(members))
    return [records[member] for member in range(len(trials))]


def _threads_for(trials: Sequence[Spec], threads: int | None) -> AbstractContextManager[None]:
    if threads is None or all(isinstance(trial, Spectrum | Slices) for trial in trials):
        return nullcontext()
    from analysis.training import on_threads

    return on_threads(threads)


def _companies(trials: Sequence[Spec]) -> list[list[int]]:
    """Positions of trials that fit together; whatever else there is is alone."""
    found: dict[Any, list[int]] = {}
    for position, trial in enumerate(trials):
        key = company(trial) if isinstance(trial, Trial) else position
        found.setdefault(key, []).append(position)
    return list(found.values())


def _check(spec: Spec) -> None:
    """Refuse unknown names before anything is trained."""
    if isinstance(spec, Trial):
        from analysis.trials.measure import check

        check(spec)
    if isinstance(spec, Fit):
        from analysis.trials.fitting import check_fit

        check_fit(spec)


def _run(together: Sequence[Spec], data_dir: str | Path | None, device: str | None) -> list[dict[str, Any]]:
    trained = [trial for trial in together if isinstance(trial, Trial)]
    if len(trained) > 1:
        from analysis.trials.cohort import run_cohort

        return run_cohort(trained, data_dir, device)
    (spec,) = together
    if isinstance(spec, Spectrum):
        return [measure_spectrum(spec, data_dir)]
    if isinstance(spec, Slices):
        return [measure_slices(spec, data_dir)]
    if isinstance(spec, Pace):
        from analysis.trials.pacing import measure_pace

        return [measure_pace(spec, data_dir, device)]
    if isinstance(spec, Fit):
        from analysis.trials.fitting import run_fit

        return [run_fit(spec, device)]
    from analysis.trials.measure import run_trial

    return [run_trial(spec, data_dir, device)]
