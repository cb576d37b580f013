"""Many small 1-Lipschitz networks of one variable as one module with a leading axis."""

import torch
from torch import Tensor, nn

from analysis import lipschitz
from analysis.lipschitz import FirstChannels, ZeroChannels, held
from analysis.lipschitz.aol import rescale_columns
from analysis.lipschitz.cayley import cayley
from analysis.models.draws import drawn_by

LAYERS = {"AOL": rescale_columns, "Cayley": cayley}  # from parameters (..., out, in) to matrices of norm at most 1


class Replicas(nn.Module):
    r"""Networks :math:`\mathbb R \to \mathbb R` of one shape, with draws of their own, trained side by side.

    Each is :math:`x \mapsto (A_L \circ \sigma_L \circ \dots \circ \sigma_1 \circ A_0)(x, 0, \dots, 0)_1` with square
    affine layers, that is ``ZeroChannels``, dense layers and activations in turn, ``FirstChannels``: the network of
    the toy experiment of arXiv 2311.06103. All of one layer is one batched product, without ``vmap``, which takes two
    to seven times as long for networks as small as these.

    Args:
        count: Number of networks.
        width: Channels of every hidden layer.
        depth: L, number of activations.
        layer: ``AOL``, from an orthogonal start, or ``Cayley``, from a skew matrix of normal entries.
        activation: A name in ``lipschitz.ACTIVATION``.
        spread: Biases begin uniform between its negative and it.
        seed: Decides all draws; the global generator goes on as if nothing had been drawn.

    Raises:
        ValueError: If a name is unknown, a number not positive, or the width does not fit the activation.

    Example:
        >>> Replicas(20, width=8, depth=2, layer="Cayley", activation="MaxMin")(torch.zeros(20, 5)).shape
        torch.Size([20, 5])
    """

    def __init__(
        self, count: int, *, width: int, depth: int, layer: str, activation: str, spread: float = 0.0, seed: int = 0
    ) -> None:
        super().__init__()
        if min(count, width, depth) < 1:
            raise ValueError(f"count, width and depth must be at least 1, got {count}, {width} and {depth}")
        self.count, self.width, self.layer, self.activation = count, width, layer, activation
        with drawn_by(seed):
            refuse_unknown(layer, activation, width)
            entries = torch.randn(depth + 1, count, width, width)
            start = torch.linalg.qr(entries).Q if layer == "AOL" else entries / width**0.5
            self.parameter = nn.Parameter(start)
            self.biases = nn.Parameter(spread * (2 * torch.rand(depth, count, width, 1) - 1))
            self.constant = nn.Parameter(torch.zeros(count, 1))
            self.activations = nn.ModuleList(self._together() for _ in range(depth))

    def _together(self) -> nn.Module:
        """Activation of all networks, on count times width channels: that of each begins as it would alone."""
        make = lipschitz.ACTIVATION[self.activation]
        whole, parts = make(self.count * self.width), [make(self.width) for _ in range(self.count)]
        with torch.no_grad():
            for name, held_by_all in whole.named_parameters():
                held_by_all.copy_(torch.cat([part.get_parameter(name) for part in parts], dim=-1))
        return whole

    @property
    def weights(self) -> Tensor:
        """The matrices, shape ``(depth + 1, count, width, width)``."""
        return LAYERS[self.layer](self.parameter)

    def forward(self, x: Tensor) -> Tensor:
        """Apply each network to numbers of its own.

        Args:
            x: Shape ``(count, n)``.

        Returns:
            Same shape.
        """
        first, *middle, last = self.weights
        values = torch.baddbmm(self.biases[0], first[..., :1], x[:, None])
        for matrix, bias, activation in zip(middle, self.biases[1:], self.activations, strict=False):
            values = torch.baddbmm(bias, matrix, self._activated(activation, values))
        values = self._activated(self.activations[-1], values)
        return torch.bmm(last[:, :1], values)[:, 0] + self.constant

    @staticmethod
    def _activated(activation: nn.Module, values: Tensor) -> Tensor:
        """As an image: the channels of all networks, and their inputs as pixels."""
        activated: Tensor = activation(values.flatten(0, 1)[None])
        return activated.view_as(values)

    @torch.no_grad()
    def network(self, index: int) -> nn.Sequential:
        """Take one network out, in float64, its matrices derived in that precision from the same parameters.

        Args:
            index: Along the leading axis.

        Returns:
            From shape ``(n, 1)`` to ``(n, 1)``; layers that :func:`analysis.lipschitz.lipschitz_bound` knows.
        """
        weights = LAYERS[self.layer](self.parameter[:, index].double())
        constant = torch.zeros(self.width, dtype=weights.dtype)
        constant[0] = self.constant[index].item()
        biases = [*self.biases[:, index, :, 0].double().cpu(), constant]
        layers: list[nn.Module] = [ZeroChannels(self.width)]
        for weight, bias, activation in zip(weights.cpu(), biases, [*self.activations, None], strict=True):
            layers.append(held.linear(weight, bias))
            if activation is not None:
                layers.append(self._alone(activation, index))
        return nn.Sequential(*layers, FirstChannels(1)).eval()

    def _alone(self, activation: nn.Module, index: int) -> nn.Module:
        """One network's part of an activation."""
        part = lipschitz.ACTIVATION[self.activation](self.width).double()
        for name, parameter in part.named_parameters():
            parameter.copy_(activation.get_parameter(name).chunk(self.count, dim=-1)[index])
        return part


def refuse_unknown(layer: str, activation: str, width: int) -> None:
    """Refuse names, and widths that do not fit an activation.

    Args:
        layer: As of :class:`Replicas`.
        activation: As of :class:`Replicas`.
        width: As of :class:`Replicas`.

    Raises:
        ValueError: If a name is unknown, the message lists the known ones; or if the width does not fit.
    """
    if layer not in LAYERS:
        raise ValueError(f"unknown layer {layer!r}; known are {', '.join(LAYERS)}")
    if activation not in lipschitz.ACTIVATION:
        raise ValueError(f"unknown activation {activation!r}; known are {', '.join(lipschitz.ACTIVATION)}")
    lipschitz.ACTIVATION[activation](width)
