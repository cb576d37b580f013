r"""AOL-MLPs as one network, with a backward pass by hand: where small networks spend their time."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from analysis.lipschitz import AOLLinear, FirstChannels, MaxMin, SubtractMean, ZeroChannels
from analysis.models.compiler import compiled
from analysis.models.layerwise import Layerwise
from analysis.models.networkwise import WIDEST, Networkwise
from analysis.models.stacked import Stacked


class Chain(Protocol):
    """All layers of all networks, forward and backward."""

    def forward(self, values: Tensor) -> Tensor | None:
        """Scores of values; None where weights are too large or small for the fast formulas."""

    def backward(self, change: Tensor) -> list[Tensor]:
        """Gradients of the parameters, from that of the scores."""


class StackedAOL(Stacked):
    r"""AOL-MLPs with MaxMin and without biases, on the processor.

    Pairs of MaxMin are neighbours in a network; here they lie in the two halves of the channels, so that maxima and
    minima run over whole rows: rows and columns of the parameters are held in another order. Neighbouring layers of one
    shape are held as one tensor ``(networks, layers, out, in)``, under the name of the first.

    Args:
        networks: For which :func:`is_plain_aol` holds.
    """

    def __init__(self, networks: Sequence[nn.Module]) -> None:
        super().__init__(networks)
        self._classes = networks[0][-1].width  # type: ignore[index]
        self._names = list(self.parameters)
        self._chains: dict[int, Chain] = {}  # by the size of batches; one at a time
        shapes = {name: parameter.shape for name, parameter in self.parameters.items()}
        runs = [list(run) for _, run in groupby(self._names, shapes.__getitem__)]
        with torch.no_grad():
            held = {name: self._ordered(name, self.parameters[name], halves) for name in self._names}
            self.parameters = {run[0]: torch.stack([held[name] for name in run], 1).requires_grad_() for run in runs}

    def __call__(self, images: Tensor) -> Tensor:
        """Map images ``(networks, n, c, h, w)``, each network's own, to scores ``(networks, n, classes)``."""
        values = (images - self.buffers["0.mean"][:, None]).flatten(2)
        if missing := self.trained[0].shape[-1] - values.shape[2]:
            values = F.pad(values, (0, missing))
        chain = self._chain_for(values.shape[1])
        found = chain.forward(values)
        if found is None:
            return self._each(self._natural(self.trained), images)
        scores: Tensor = _Scores.apply(found, chain, *self.trained)  # type: ignore[no-untyped-call]
        return scores

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Go on from :meth:`state`, also of fewer networks.

        Args:
            state: Its values.
        """
        super().load(state)
        self._chains.clear()

    def keep(self, chosen: Tensor) -> None:
        """Go on with some of the networks.

        Args:
            chosen: Their indices along the leading axis, int64.
        """
        super().keep(chosen)
        self._chains.clear()

    def restore(self, index: int, network: nn.Module) -> None:
        """Write one network's values into a network of its own.

        Args:
            index: Along the leading axis.
            network: Of the same architecture; changed in place.
        """
        with torch.no_grad():
            parameters = self._natural([parameter[index, None] for parameter in self.trained])
        self._write(parameters | {name: buffer[index, None] for name, buffer in self.buffers.items()}, 0, network)

    def _chain_for(self, batch: int) -> Chain:
        """The faster way for batches of a size."""
        if batch not in self._chains:
            parameters, sizes = self.trained, {"batch": batch, "classes": self._classes}
            narrow = max(max(parameter.shape[2:]) for parameter in parameters) <= WIDEST
            library = compiled(parameters[0].dtype) if narrow else None
            way = Layerwise if library is None else partial(Networkwise, library)
            self._chains = {batch: way(parameters, **sizes)}
        return self._chains[batch]

    def _natural(self, held: Sequence[Tensor]) -> dict[str, Tensor]:
        """Parameters by name, ``(networks, out, in)``, in the order that a network has."""
        layers = [layer for parameter in held for layer in parameter.unbind(1)]
        return {
            name: self._ordered(name, layer, lambda size: halves(size).argsort())
            for name, layer in zip(self._names, layers, strict=True)
        }

    def _ordered(self, name: str, parameter: Tensor, order: Callable[[int], Tensor]) -> Tensor:
        """Rows that go into a MaxMin, and columns that come out of one, in another order."""
        rows = slice(None) if name == self._names[-1] else order(parameter.shape[1])
        columns = slice(None) if name == self._names[0] else order(parameter.shape[2])
        return parameter[:, rows][:, :, columns]


def is_plain_aol(network: nn.Module) -> bool:
    """Whether a network is what :class:`StackedAOL` knows: dense AOL layers without biases, and MaxMin between them.

    All of them rescale columns.

    Args:
        network: Any.

    Returns:
        True where it is, and lies on the processor.
    """
    if not isinstance(network, nn.Sequential) or any(tensor.device.type != "cpu" for tensor in network.parameters()):
        return False
    kinds = [type(layer) for layer in network if not isinstance(layer, ZeroChannels)]
    dense = [layer for layer in network if isinstance(layer, AOLLinear)]
    middle = [AOLLinear, MaxMin] * len(dense)
    plain = [SubtractMean, nn.Flatten, *middle[:-1], FirstChannels]
    return bool(dense) and kinds == plain and all(layer.bias is None and not layer.by_rows for layer in dense)


def halves(channels: int) -> Tensor:
    """Order in which the first of each pair of neighbours come first, then the second of each.

    Args:
        channels: Their even number.

    Returns:
        Indices, int64.

    Example:
        >>> halves(6)
        tensor([0, 2, 4, 1, 3, 5])
    """
    return torch.arange(channels).view(-1, 2).T.flatten()


class _Scores(torch.autograd.Function):
    """What a chain has found, with the gradients that it finds."""

    @staticmethod
    def forward(ctx: Any, scores: Tensor, chain: Chain, *parameters: Tensor) -> Tensor:
        ctx.chain = chain
        return scores.view_as(scores)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        return None, None, *ctx.chain.backward(gradients[0])
