"""Which trials can be trained together."""

from analysis.trials.trial import Trial

Company = tuple[object, ...]


def company(trial: Trial) -> Company:
    """What trials must have in common to be trained as one network.

    Args:
        trial: Any.

    Returns:
        The fields that decide shapes, data and the form of the training; all others may differ within a cohort: size,
        bands, steps, learning rate, offset, temperature, the strength of the noise, and seeds.

    Example:
        >>> company(trial) == company(replace(trial, seed=1, size=100))
        True
    """
    shapes = (trial.dataset, trial.validation, trial.model, trial.width, trial.depth, trial.activation)
    return (*shapes, trial.batch_size, trial.momentum, trial.augmentation, trial.noise > 0)
