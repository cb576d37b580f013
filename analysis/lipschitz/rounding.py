"""How far a forward pass in floating point can be from the exact one."""

from torch import nn

from analysis.lipschitz.bounded import Shape
from analysis.lipschitz.norms import bounded_layers, product_bound


def rounding_bound(model: nn.Module, input_shape: Shape, input_norm: float) -> float:
    r"""A-priori bound on the l2 distance between computed and exact scores.

    A product with m terms errs by at most :math:`\gamma_m |W| |x|`, :math:`\gamma_m = m u / (1 - m u)`, in
    whatever order it is summed (Higham 2002, section 3.1); its l2 norm is at most
    :math:`\gamma_m \sqrt{\|W\|_1 \|W\|_\infty}\, \|x\|`. Errors of earlier layers grow by at most the Lipschitz
    bounds of later ones (:ref:`rounding-bound`). Reordering, padding and cutting channels do not round.

    Args:
        model: A folded network (:func:`analysis.lipschitz.fold`), in the precision of the pass.
        input_shape: Shape of one input without the batch axis.
        input_norm: Largest l2 norm of an input.

    Returns:
        The bound, in units of the scores.

    Example:
        >>> rounding_bound(fold(model, (1, 28, 28)).double(), (1, 28, 28), 28.0) < 1e-8
        True
    """
    return lipschitz_and_rounding(model, input_shape, input_norm)[1]


def lipschitz_and_rounding(model: nn.Module, input_shape: Shape, input_norm: float) -> tuple[float, float]:
    """Both bounds of a network in one walk, in which singular values of each layer are found once.

    Args:
        model: A folded network, in the precision of the pass.
        input_shape: Shape of one input without the batch axis.
        input_norm: Largest l2 norm of an input.

    Returns:
        What :func:`analysis.lipschitz.lipschitz_bound` and :func:`rounding_bound` return, to the bit.

    Raises:
        ValueError: If the network holds a module of unknown Lipschitz constant.

    Example:
        >>> lipschitz, error = lipschitz_and_rounding(fold(model, (1, 28, 28)).double(), (1, 28, 28), 28.0)
    """
    bounds: list[float] = []
    error, norm = 0.0, input_norm
    for layer, shape in bounded_layers(model, input_shape):
        lipschitz = layer.lipschitz(shape)
        error = lipschitz * error + layer.rounding(shape, norm + error)
        norm = lipschitz * norm + layer.offset(shape)
        bounds.append(lipschitz)
    return product_bound(bounds), error * (1 + 1e-6)  # the bound itself is computed in floating point
