"""What "1-Lipschitz" means here, as a function."""

import torch
from torch import Tensor, nn


def operator_norm(layer: nn.Module, x: Tensor) -> float:
    """Largest singular value of the layer's Jacobian at one input.

    Exact, at the price of one backward pass per output: for small inputs. Where the layer is not affine this
    bounds its Lipschitz constant from below, so a test at some inputs can refute the property, not prove it;
    :func:`analysis.lipschitz.lipschitz_bound` proves it.

    Args:
        layer: Map from ``(batch, *shape)`` to ``(batch, *other)``.
        x: A single input, shape ``shape``, without the batch axis.

    Returns:
        The norm, from singular values in float64.

    Example:
        >>> operator_norm(torch.nn.Linear(3, 2), torch.zeros(3))
    """
    jacobian = torch.autograd.functional.jacobian(lambda single: layer(single[None])[0], x)
    matrix = jacobian.reshape(-1, x.numel()).double()
    return float(torch.linalg.matrix_norm(matrix, ord=2))
