"""What is proven of torch's batch normalisation and scalar activations."""

import math
from dataclasses import dataclass

import torch
from torch import nn

from analysis.lipschitz.arithmetic import accumulated, unit_roundoff
from analysis.lipschitz.bounded import Bounded, Shape

BatchNorm = nn.BatchNorm1d | nn.BatchNorm2d


class Normalisation(Bounded):
    r"""Speaks for a batch normalisation by running statistics.

    Channel c becomes :math:`\gamma_c (x - \mu_c) / \sqrt{v_c + \epsilon} + \beta_c`: a diagonal map and a shift, of
    norm :math:`\max_c |\gamma_c| / \sqrt{v_c + \epsilon}`.

    Args:
        layer: The normalisation, in evaluation mode.

    Raises:
        ValueError: If it normalises by the statistics of the batch: then one output depends on all inputs.
    """

    def __init__(self, layer: BatchNorm) -> None:
        super().__init__()
        kind = f"no Lipschitz bound is known for a module of type {type(layer).__name__}"
        if layer.running_mean is None or layer.running_var is None:
            raise ValueError(f"{kind} without running statistics: its output depends on the whole batch")
        if layer.training:
            raise ValueError(f"{kind} in training mode: its output depends on the whole batch; call eval() first")
        variance = layer.running_var.double() + layer.eps
        scale = 1.0 if layer.weight is None else layer.weight.detach().double().abs()
        self.scale = scale * variance.rsqrt()
        self.shift = self.scale * layer.running_mean.double().abs()
        self.bias = torch.zeros_like(self.shift) if layer.bias is None else layer.bias.detach().double().abs()
        self.unit = unit_roundoff(layer.running_var)

    def lipschitz(self, shape: Shape) -> float:
        """Return the largest scale, rounded outwards."""
        return float(self.scale.max()) * (1 + 1e-15)

    def offset(self, shape: Shape) -> float:
        """Bound the norm of what is added, once for each pixel."""
        return float((self.shift + self.bias).norm()) * math.sqrt(math.prod(shape[1:])) * (1 + 1e-12)

    def rounding(self, shape: Shape, norm: float) -> float:
        """Bound the error of at most ten roundings in a row, in whichever order scale and shift are applied."""
        return accumulated(16, self.unit) * (self.lipschitz(shape) * norm + 2 * self.offset(shape))


@dataclass(frozen=True)
class Scalar:
    """A function of one number.

    Attributes:
        slope: Bound on its steepness.
        at_zero: Its value at 0.
        errors: Bound on the error of its evaluation, in units of the roundoff times the largest of input and output.
    """

    slope: float
    at_zero: float = 0.0
    errors: int = 16


class Pointwise(Bounded):
    """Speaks for a scalar function of every entry.

    Args:
        function: What is known of it.
        unit: Unit roundoff of the forward pass.
    """

    def __init__(self, function: Scalar, unit: float) -> None:
        super().__init__()
        self.function, self.unit = function, unit

    def lipschitz(self, shape: Shape) -> float:
        """Return the steepness."""
        return self.function.slope

    def offset(self, shape: Shape) -> float:
        """Norm of the value at 0, once for each entry."""
        return abs(self.function.at_zero) * math.sqrt(math.prod(shape))

    def rounding(self, shape: Shape, norm: float) -> float:
        """Bound the error of evaluation."""
        largest = max(1.0, self.function.slope) * norm + self.offset(shape)
        return accumulated(self.function.errors, self.unit) * largest


def scalar(layer: nn.Module) -> Scalar:
    r"""Look a scalar activation up.

    The derivatives: tanh at most 1, at 0; the sigmoid :math:`\sigma (1 - \sigma) \le 1/4`; of LeakyReLU 1 or its slope;
    of ELU 1 or :math:`\alpha e^x` below 0. Softplus is not here: torch replaces it by x above a threshold, a jump.

    Args:
        layer: One of torch's activations.

    Returns:
        What is known of it.

    Raises:
        ValueError: If nothing is.

    Example:
        >>> scalar(nn.Sigmoid()).slope
        0.25
    """
    match layer:
        case nn.Tanh():
            return Scalar(1.0)
        case nn.Sigmoid():
            return Scalar(0.25, at_zero=0.5)
        case nn.LeakyReLU():
            return Scalar(max(1.0, abs(layer.negative_slope)))
        case nn.ELU():
            return Scalar(max(1.0, abs(layer.alpha)))
    raise ValueError(f"no Lipschitz bound is known for a module of type {type(layer).__name__}")
