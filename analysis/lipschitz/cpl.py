"""Convex potential layers (CPL): Meunier, Delattre, Araujo and Allauzen, ICML 2022, arXiv 2110.12690."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from analysis.lipschitz.bounded import Shape
from analysis.lipschitz.layout import resize
from analysis.lipschitz.potential import PotentialLayer, orthogonal_taps
from analysis.lipschitz.power import Norm
from analysis.lipschitz.starts import refuse_even


class _UnitNorm(PotentialLayer):
    r"""What the dense layer and the convolution share: :math:`M = \sqrt 2\, W / \|W\|`."""

    def __init__(self, start: Tensor, inputs: int, outputs: int, *, bias: bool) -> None:
        super().__init__(start, inputs, outputs, bias=bias)
        self.norm = Norm(start)

    def contraction(self, shape: Shape, scale: float) -> Tensor:
        """Divide W by its norm."""
        return self.parameter * (scale * self.inverse_norm(shape))

    def inverse_norm(self, shape: Shape) -> Tensor:
        """Return one over the norm of W, or a large number where W is zero and stays so."""
        norm: Tensor = self.norm(self.parameter, shape, keep=type(self.parameter) is nn.Parameter)
        return 1 / norm.clamp_min(torch.finfo(norm.dtype).tiny ** 0.5)


class CPLLinear(_UnitNorm):
    r"""Dense CPL layer :math:`y = x - \tfrac{2}{\|W\|^2} W^\top \operatorname{relu}(W x + \beta)`, of any sizes.

    Computed as :math:`x - M^\top \operatorname{relu}(M x + b)`, :math:`M = \sqrt 2\, W / \|W\|`
    (:class:`analysis.lipschitz.potential.Potential`, with its proof). :math:`\|W\|` is estimated in training and
    bounded in evaluation mode (:class:`analysis.lipschitz.power.Norm`): there the layer is 1-Lipschitz, and in training
    nearly.

    Args:
        in_features: Size of the input.
        out_features: Size of the output; W is square, of the larger of the two.
        bias: Whether b is learned.

    Example:
        >>> CPLLinear(784, 784)(torch.zeros(2, 784)).shape
        torch.Size([2, 784])
    """

    def __init__(self, in_features: int, out_features: int, *, bias: bool = True) -> None:
        width = max(in_features, out_features)
        start = orthogonal_taps(width)
        super().__init__(start, in_features, out_features, bias=bias)

    def derive(self, shape: Shape) -> tuple[Tensor, ...]:
        r"""Return W and :math:`\sqrt 2 / \|W\|`: to scale batches takes less time than to scale a matrix."""
        return self.parameter, self.root * self.inverse_norm(shape)

    def transform(self, x: Tensor, *derived: Tensor) -> Tensor:
        """Map shape ``(n, in)`` to ``(n, out)``."""
        weight, scale = derived
        hidden = F.linear(x, weight[:, : self.inputs]) * scale
        hidden = (hidden if self.bias is None else hidden + self.bias).relu()
        return torch.addmm(resize(x, self.outputs), hidden * scale, weight[:, : self.outputs], alpha=-1)

    def freeze(self, *derived: Tensor) -> nn.Module:
        """Make a step down the potential."""
        weight, scale = derived
        return super().freeze(scale * weight)


class CPLConv2d(_UnitNorm):
    """CPL convolution with zero "same" padding and stride 1, of any numbers of channels: see :class:`CPLLinear`.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output; W has as many of both as the larger of the two.
        kernel_size: Odd side of the kernel.
        bias: Whether b is learned, one constant per channel.

    Raises:
        ValueError: If ``kernel_size`` is even or not positive.

    Example:
        >>> CPLConv2d(16, 16, 3)(torch.zeros(2, 16, 8, 8)).shape
        torch.Size([2, 16, 8, 8])
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int = 3, *, bias: bool = True) -> None:
        refuse_even(kernel_size)
        width = max(in_channels, out_channels)
        start = orthogonal_taps(width, kernel_size)
        super().__init__(start, in_channels, out_channels, bias=bias)
