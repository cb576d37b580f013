"""SDP-based Lipschitz layers (SLL): Araujo, Havens, Delattre, Allauzen and Hu, ICLR 2023, arXiv 2303.03169."""

import torch
from torch import Tensor, nn

from analysis.lipschitz.aol import rescale_channels, rescale_columns
from analysis.lipschitz.bounded import Shape
from analysis.lipschitz.potential import PotentialLayer, orthogonal_taps
from analysis.lipschitz.starts import refuse_even


class _WeightedRows(PotentialLayer):
    r"""What the dense layer and the convolution share: the weights :math:`q_i` of the hidden units.

    Only their ratios matter. They are stored as logarithms, so that they stay positive, and divided by the largest, so
    that none overflows; a unit whose weight underflows is switched off, and that is sound.
    """

    def __init__(self, start: Tensor, inputs: int, outputs: int, *, bias: bool) -> None:
        super().__init__(start, inputs, outputs, bias=bias)
        self.log_weights = nn.Parameter(torch.zeros(len(start)))

    def contraction(self, shape: Shape, scale: float) -> Tensor:
        r"""Return :math:`\sqrt{T / 2}\, W`: the AOL rescaling of the rows of :math:`\operatorname{diag}(q) W`.

        That divides row i of it by the root of :math:`\sum_j q_i |W W^\top|_{ij} q_j`, and
        :math:`q_i^2 / \sum_j q_i |W W^\top|_{ij} q_j = T_i / 2`.
        """
        weights = (self.log_weights - self.log_weights.detach().amax()).exp()
        columns = (self.parameter * weights.reshape(-1, *[1] * (self.parameter.ndim - 1))).transpose(0, 1)
        rescaled = rescale_columns(columns) if columns.ndim == 2 else rescale_channels(columns)
        return scale * rescaled.transpose(0, 1)


class SLLLinear(_WeightedRows):
    r"""Dense SLL layer :math:`y = x - W^\top T \operatorname{relu}(W x + \beta)`, of any sizes.

    :math:`T_i = 2 / (\sum_j |W W^\top|_{ij}\, q_j / q_i)`, q positive and learned (Theorem 3 there). Computed as
    :math:`x - M^\top \operatorname{relu}(M x + b)`, :math:`M = T^{1/2} W`
    (:class:`analysis.lipschitz.potential.Potential`). That :math:`\|M\|^2 \le 2` is the theorem of AOL:
    :math:`M^\top / \sqrt 2` is the AOL rescaling of :math:`W^\top \operatorname{diag}(q)`.

    Args:
        in_features: Size of the input.
        out_features: Size of the output; W is square, of the larger of the two.
        bias: Whether b is learned.

    Example:
        >>> SLLLinear(784, 784)(torch.zeros(2, 784)).shape
        torch.Size([2, 784])
    """

    def __init__(self, in_features: int, out_features: int, *, bias: bool = True) -> None:
        width = max(in_features, out_features)
        start = orthogonal_taps(width)
        super().__init__(start, in_features, out_features, bias=bias)


class SLLConv2d(_WeightedRows):
    r"""SLL convolution with zero "same" padding and stride 1, of any numbers of channels: see :class:`SLLLinear`.

    :math:`|W W^\top|_{ij}` becomes the sum over all offsets of the absolute correlations of the filters of output
    channels i and j. Zero padding is covered: on the infinite plane W is a convolution for which the bound is AOL's
    (its transpose swaps channels and mirrors taps, which leaves the sums as they are), and the padded one is a
    compression of it.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output; W has as many of both as the larger of the two.
        kernel_size: Odd side of the kernel.
        bias: Whether b is learned, one constant per channel.

    Raises:
        ValueError: If ``kernel_size`` is even or not positive.

    Example:
        >>> SLLConv2d(16, 16, 3)(torch.zeros(2, 16, 8, 8)).shape
        torch.Size([2, 16, 8, 8])
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int = 3, *, bias: bool = True) -> None:
        refuse_even(kernel_size)
        width = max(in_channels, out_channels)
        start = orthogonal_taps(width, kernel_size)
        super().__init__(start, in_channels, out_channels, bias=bias)
