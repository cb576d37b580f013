"""The chapters of the page, in the order of the thesis. To place a study: its name here; without one it comes last."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Chapter:
    """Studies that answer one question of the thesis.

    Attributes:
        name: In links.
        title: Headline.
        lead: One or two sentences that lead into it.
        studies: Names of studies, in the order of the page; those that do not exist are passed over.
        published: Names of published tables that stand beside them.
    """

    name: str
    title: str
    lead: str
    studies: tuple[str, ...]
    published: tuple[str, ...] = ()


CHAPTERS = (
    Chapter(
        "margins",
        "Almost-orthogonal layers and the margin loss",
        "A 1-Lipschitz network certifies a prediction up to its margin divided by √2. The loss decides how much margin "
        "training asks for.",
        ("learning_rate", "margin_loss", "orthogonality"),
        ("aol_cifar10", "aol_cifar100"),
    ),
    Chapter(
        "layers",
        "1-Lipschitz layers compared",
        "Many parametrisations make a layer 1-Lipschitz. They differ in what they can represent, how fast they learn, "
        "and what a step costs.",
        ("layers_compared", "layers_cost", "layers_budgets", "layers_published"),
        (
            "layers_compared_cifar10",
            "layers_compared_cifar100",
            "layers_compared_tiny_imagenet",
            "layers_compared_epochs_in_2h",
            "state_of_the_art_cifar10_l2",
        ),
    ),
    Chapter(
        "activations",
        "Activations of 1-Lipschitz networks",
        "With MaxMin, or with any activation of two linear pieces, a 1-Lipschitz network cannot represent every "
        "1-Lipschitz piecewise linear function; with the N-activation it can.",
        ("activations", "n_function"),
    ),
    Chapter(
        "scaling",
        "How accuracy grows with data",
        "Standard and robust networks are trained on nested subsets of growing size, to see what a doubling of the "
        "data is worth to each.",
        ("data_scaling", "sample_complexity", "generated_scaling"),
    ),
    Chapter(
        "subspaces",
        "What low-variance subspaces hold",
        "Principal directions of little variance are enough to classify images, and an adversary can erase them: "
        "accurate and robust classifiers read different parts of an image.",
        ("spectrum", "slices", "subspace_accuracy", "subspace_sweep", "spectra"),
    ),
    Chapter(
        "theory",
        "Why robustness needs more data",
        "Settings in which a robust classifier exists and an accurate one is easy to learn, while a robust one needs "
        "many more samples: closed forms, each beside its simulation.",
        ("hidden_bit", "theory_curves"),
    ),
)
REST = Chapter("more", "More", "What has no place in the chapters above.", ())


def chapters(studies: Iterable[str]) -> list[Chapter]:
    """Sort studies into chapters.

    Args:
        studies: Names of those there are.

    Returns:
        The chapters in order, each with those of its studies that there are; a last one for those that none names.

    Example:
        >>> [chapter.name for chapter in chapters(["spectrum", "new"]) if chapter.studies]
        ['subspaces', 'more']
    """
    left = dict.fromkeys(studies)
    found = []
    for chapter in CHAPTERS:
        inside = tuple(name for name in chapter.studies if name in left)
        found.append(Chapter(chapter.name, chapter.title, chapter.lead, inside, chapter.published))
        for name in inside:
            del left[name]
    rest = Chapter(REST.name, REST.title, REST.lead, tuple(left))
    return [*found, *([rest] if left else [])]
