"""Precision of the forward pass of training."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor

PRECISIONS = ("float32", "bfloat16")


def casting(precision: str, device: torch.device) -> AbstractContextManager[object]:
    """Have torch multiply in a precision until the block ends; parameters keep theirs.

    Layers that derive their weights do so in their parameters' own precision
    (:class:`analysis.lipschitz.derived.Derived`); what is applied to images is then rounded.

    Args:
        precision: One of ``PRECISIONS``; ``float32`` changes nothing.
        device: Where the networks lie.

    Returns:
        The context.

    Raises:
        ValueError: If the precision is unknown.

    Example:
        >>> with casting("bfloat16", images.device):
        ...     scores = network(images)
    """
    if precision not in PRECISIONS:
        raise ValueError(f"unknown precision {precision!r}; known are {', '.join(PRECISIONS)}")
    if precision == "float32":
        return nullcontext()
    return torch.autocast(device.type, dtype=getattr(torch, precision))


def scores_in(precision: str, model: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
    """Scores of a forward pass in a precision, for a loss in the parameters' own.

    Args:
        precision: One of ``PRECISIONS``.
        model: From images to scores.
        images: On the device of the model.

    Returns:
        The scores; float32 where the precision is a lower one.
    """
    with casting(precision, images.device):
        scores = model(images)
    return scores if precision == "float32" else scores.float()
