"""Which trials can be trained together."""

from analysis.trials.trial import Trial

Company = tuple[object, ...]


def company(trial: Trial) -> Company:
    """What trials must have in common to be trained as one network.

    Args:
        trial: Any.

    Returns:
        The fields that decide shapes, data and the form of the training; all others may differ within a cohort: size,
        bands, steps, learning rate, offset, temperature, the strength of the noise, and seeds. A trial whose first
        steps magnify rounding, that rounds to bfloat16, or that is looked into between its steps, is a company of its
        own.

    Example:
        >>> company(trial) == company(replace(trial, seed=1, size=100))
        True
    """
    shapes = (trial.dataset, trial.validation, trial.model, trial.width, trial.depth, trial.activation)
    rounded = trial.precision != "float32" or _magnifies_rounding(trial.model)
    alone = trial if trial.looks or rounded else None
    return (*shapes, trial.batch_size, trial.momentum, trial.augmentation, trial.noise > 0, alone)


def _magnifies_rounding(model: str) -> bool:
    """Whether a network begins with channels of rounding noise, which MaxMin sorts by their last bits."""
    # Convolutional ones may, of all methods but AOL: they begin as the identity, on channels that are filled up with
    # zeros. After ten steps in a cohort and ten alone, weights of BCOP's and CPL's were seen to differ by 1e-3.
    method, dash, family = model.partition("-")
    return bool(dash) and method != "AOL" and family != "MLP"
