"""What is proven of ``nn.Conv2d``."""

import math

from torch import nn

from analysis.lipschitz.arithmetic import absolute_norm, accumulated, unit_roundoff
from analysis.lipschitz.bounded import Bounded, Shape
from analysis.lipschitz.singular import circular_bound, convolution_bound


class Convolution(Bounded):
    """Speaks for an ``nn.Conv2d`` with zero or circular padding, whatever its stride, dilation and groups.

    Args:
        layer: The convolution.
        shape: Of one input, ``(in, h, w)``.

    Raises:
        ValueError: If its padding mode is another.
    """

    def __init__(self, layer: nn.Conv2d, shape: Shape) -> None:
        super().__init__()
        if layer.padding_mode not in ("zeros", "circular"):
            known = "known are 'zeros' and 'circular'"
            raise ValueError(
                f"no Lipschitz bound is known for a Conv2d of padding_mode {layer.padding_mode!r}; {known}"
            )
        self.layer, self.sides = layer, (shape[1], shape[2])
        self.norm = self._norm()

    def lipschitz(self, shape: Shape) -> float:
        """Return the bound of :mod:`analysis.lipschitz.singular`."""
        return self.norm

    def offset(self, shape: Shape) -> float:
        """Norm of the bias, which every pixel of the output has."""
        if self.layer.bias is None:
            return 0.0
        return float(self.layer.bias.detach().double().norm()) * math.sqrt(math.prod(self._output_sides()))

    def rounding(self, shape: Shape, norm: float) -> float:
        """Bound the error of sums of as many products as the kernel has taps, and the bias."""
        terms = math.prod(self.layer.weight.shape[1:]) + 1
        largest = absolute_norm(self.layer.weight) * math.sqrt(self._repeats())
        return accumulated(terms, unit_roundoff(self.layer.weight)) * (largest * norm + self.offset(shape))

    def _norm(self) -> float:
        layer = self.layer
        bound = circular_bound if layer.padding_mode == "circular" else convolution_bound
        stride, dilation = _pair(layer.stride), _pair(layer.dilation)
        norm = bound(layer.weight, self.sides, stride=stride, dilation=dilation, groups=layer.groups)
        return norm * math.sqrt(self._repeats())

    def _repeats(self) -> int:
        """How often an output appears: circular padding beyond "same" computes some of them again."""
        if self.layer.padding_mode == "zeros":
            return 1
        axes = zip(self._output_sides(), self.sides, self.layer.stride, strict=True)
        return math.prod(-(-((count - 1) * step + 1) // side) for count, side, step in axes)

    def _output_sides(self) -> list[int]:
        layer = self.layer
        reach = [spread * (size - 1) for spread, size in zip(layer.dilation, layer.kernel_size, strict=True)]
        named = {"same": reach, "valid": [0, 0]}
        padding = named[layer.padding] if isinstance(layer.padding, str) else [2 * width for width in layer.padding]
        axes = zip(self.sides, padding, reach, layer.stride, strict=True)
        return [(side + width - length - 1) // step + 1 for side, width, length, step in axes]


def _pair(values: tuple[int, ...]) -> tuple[int, int]:
    return values[0], values[1]
