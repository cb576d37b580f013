"""Words that captions share."""

from collections.abc import Sequence

from analysis.studies.preset import Preset
from analysis.trials import Components, Trial


def setting(preset: Preset, models: Sequence[Trial] | None = None) -> str:
    """Data set, seeds, networks and budget.

    Args:
        preset: Of the study.
        models: The networks; the standard and the 1-Lipschitz one if None.

    Returns:
        A sentence or two.
    """
    networks = "; ".join(network(trial) for trial in models or preset.models)
    return f"Data set: {preset.dataset}. {counted(preset.seeds)}. {networks}."


def counted(seeds: tuple[int, ...]) -> str:
    """Number of seeds.

    Args:
        seeds: Of a preset.

    Returns:
        Such as ``4 seeds``.
    """
    return f"{len(seeds)} seed{'s' if len(seeds) > 1 else ''}"


def network(trial: Trial) -> str:
    """Model and how it was trained.

    Args:
        trial: Any trial of it.

    Returns:
        A phrase.
    """
    sizes = {"width": trial.width, "depth": trial.depth}
    chosen = ", ".join(f"{name} {size}" for name, size in sizes.items() if size is not None)
    loss = f", loss offset {trial.offset:.3g}" if trial.offset else ""
    return (
        f"{trial.classifier}{f' ({chosen})' if chosen else ''}, {trial.total_steps:,} steps of {trial.batch_size}, "
        f"learning rate {trial.learning_rate:g}{loss}"
    )


def left_out(count: int) -> str:
    """How many trainings diverged.

    Args:
        count: Of them.

    Returns:
        A sentence, or nothing.
    """
    return f" {count} training{'s' if count > 1 else ''} diverged and are left out." if count else ""


def certificate(preset: Preset) -> str:
    """What certified means, and at which radius.

    Args:
        preset: Names the radius.

    Returns:
        A sentence.
    """
    return f"Certified: correct, and provably so within l2 radius {preset.radius:g} (pixels in [0, 1])."


def band(components: Components | None) -> str:
    """Name of a union of bands, for an axis.

    Args:
        components: Bands, or None for all.

    Returns:
        Such as ``0-16 + 32-end``.

    Example:
        >>> band(((0, 4), (32, None)))
        '0-4 + 32-end'
    """
    if components is None:
        return "all"
    return " + ".join(f"{first}-{'end' if last is None else last}" for first, last in components)
