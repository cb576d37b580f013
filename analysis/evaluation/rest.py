"""What attacks and smoothing share: a network at rest, on which measuring leaves no trace, and images that are fit."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


@contextmanager
def at_rest(model: nn.Module) -> Iterator[None]:
    """Hold a network in evaluation mode, its parameters without gradients, until the block ends, however it ends.

    Layers that derive their weights (:class:`analysis.lipschitz.derived.Derived`) then derive them once.

    Args:
        model: Network. The mode of every module, and ``requires_grad`` of every parameter, are restored.

    Yields:
        Nothing.

    Example:
        >>> with at_rest(network):
        ...     (gradient,) = torch.autograd.grad(network(images).sum(), images)
    """
    training = model.training
    modes = [(module, module.training) for module in model.modules()]
    asked = [(parameter, parameter.requires_grad) for parameter in model.parameters()]
    try:
        model.eval().requires_grad_(requires_grad=False)
        yield
    finally:
        for parameter, flag in asked:
            parameter.requires_grad_(flag)
        model.train(training)  # a layer may have more to do than to change its flag
        for module, mode in modes:
            module.training = mode


def check_images(images: Tensor, labels: Tensor) -> None:
    """Refuse what is no batch of labelled float images.

    Args:
        images: Shape ``(n, ...)``.
        labels: Shape ``(n,)``.

    Raises:
        ValueError: If they are not finite floats and int64 of these shapes.
    """
    if not images.is_floating_point() or images.ndim < 2 or not len(images):
        raise ValueError(f"images must be floats of shape (n, ...), got {images.dtype} {tuple(images.shape)}")
    if not bool(images.isfinite().all()):
        raise ValueError("images hold values that are not finite")
    if labels.shape != images.shape[:1] or labels.dtype != torch.int64:
        raise ValueError(f"labels must be int64 of shape ({len(images)},), got {labels.dtype} {tuple(labels.shape)}")


def check_labels(labels: Tensor, classes: int) -> None:
    """Refuse labels of classes that the network does not have.

    Args:
        labels: Shape ``(n,)``.
        classes: Number of scores.

    Raises:
        ValueError: If a label lies outside.
    """
    if int(labels.min()) < 0 or int(labels.max()) >= classes:
        raise ValueError(f"labels must lie in 0 to {classes - 1}, got {labels.min()} to {labels.max()}")
