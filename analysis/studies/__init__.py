"""One file per figure of the thesis. To add one: write the file, and add its line here."""

from analysis.studies import (
    activations,
    data_scaling,
    generated_scaling,
    hidden_bit,
    layers_budgets,
    layers_compared,
    layers_cost,
    layers_published,
    learning_rate,
    margin_loss,
    n_function,
    orthogonality,
    sample_complexity,
    slices,
    spectra,
    spectrum,
    subspace_accuracy,
    subspace_sweep,
    theory_curves,
)
from analysis.studies.study import Study

STUDIES: dict[str, Study] = {
    module.STUDY.name: module.STUDY
    for module in (
        learning_rate,
        spectrum,
        slices,
        data_scaling,
        sample_complexity,
        generated_scaling,
        subspace_accuracy,
        subspace_sweep,
        layers_compared,
        layers_cost,
        layers_budgets,
        layers_published,
        margin_loss,
        activations,
        n_function,
        orthogonality,
        hidden_bit,
        theory_curves,
        spectra,
    )
}


def find(name: str) -> Study:
    """Look a study up.

    Args:
        name: As the command line calls it.

    Returns:
        The study.

    Raises:
        ValueError: If the name is unknown; the message lists the known ones.

    Example:
        >>> find("spectrum").question
    """
    if name not in STUDIES:
        raise ValueError(f"unknown study {name!r}; known are {', '.join(STUDIES)}")
    return STUDIES[name]
