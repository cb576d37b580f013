r"""AOL-MLPs as one network, with batched products and a backward pass by hand: where small networks spend their time.

Of a network of width 64 five products a layer remain; everything else is elementwise, in memory that is used again at
every step. What concerns the parameters alone is done for all layers of one shape at once: calls, not arithmetic, are
what a small cohort pays for.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from analysis.lipschitz import AOLLinear, FirstChannels, MaxMin, SubtractMean, ZeroChannels
from analysis.models.rescaling import Rescaling
from analysis.models.stacked import Stacked


@dataclass
class Layer:
    r"""One layer of all networks: its memory, and what the forward pass leaves for the backward pass.

    Attributes:
        weight: The scaled parameters, shape ``(networks, out, in)``; of the last layer only the rows that make scores.
        gradient: Of the weight, same shape.
        inputs: What the layer was applied to, shape ``(networks, n, in)``.
        outputs: Before sorting, shape ``(networks, n, out)``.
        sorted: After it, the larger of each pair in the first half.
        swapped: 1 where a pair was exchanged, else 0, shape ``(networks, n, out / 2)``.
    """

    weight: Tensor
    gradient: Tensor
    inputs: Tensor
    outputs: Tensor
    sorted: Tensor
    swapped: Tensor

    @classmethod
    def room_for(cls, weight: Tensor, gradient: Tensor, batch: int) -> "Layer":
        """Memory for a layer of weights ``(networks, out, in)`` and batches of a size."""
        networks, outputs, inputs = weight.shape
        new = partial(torch.empty, dtype=weight.dtype)
        rows = (networks, batch, outputs)
        return cls(
            weight=weight,
            gradient=gradient,
            inputs=new(networks, batch, inputs),
            outputs=new(rows),
            sorted=new(rows),
            swapped=new(networks, batch, outputs // 2),
        )

    def sort(self) -> Tensor:
        """Sort pairs, and remember which were exchanged."""
        (first, second), (larger, smaller) = self.outputs.chunk(2, dim=2), self.sorted.chunk(2, dim=2)
        torch.maximum(first, second, out=larger)
        torch.minimum(first, second, out=smaller)
        torch.gt(second, first, out=self.swapped)
        return self.sorted

    def unsort(self, change: Tensor) -> Tensor:
        """Send gradients of sorted values to where the values came from."""
        (first, second), (larger, smaller) = self.outputs.chunk(2, dim=2), change.chunk(2, dim=2)
        torch.lerp(larger, smaller, self.swapped, out=first)  # the ends of a line, exactly
        torch.lerp(smaller, larger, self.swapped, out=second)
        return self.outputs


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
        self._rescalings: list[Rescaling] = []
        self._layers: list[Layer] = []
        shapes = {name: parameter.shape for name, parameter in self.parameters.items()}
        runs = [list(run) for _, run in groupby(self._names, shapes.__getitem__)]
        with torch.no_grad():
            held = {name: self._ordered(name, self.parameters[name], halves) for name in self._names}
            self.parameters = {run[0]: torch.stack([held[name] for name in run], 1).requires_grad_() for run in runs}

    def __call__(self, images: Tensor) -> Tensor:
        """Map images ``(networks, n, c, h, w)``, each network's own, to scores ``(networks, n, classes)``."""
        values = (images - self.buffers["0.mean"][:, None]).flatten(2)
        values = F.pad(values, (0, self.trained[0].shape[-1] - values.shape[2]))
        if not self._layers or self._layers[0].inputs.shape != values.shape:
            self._make_room(values)
        pairs = zip(self._rescalings, self.trained, strict=True)
        if not all(rescaling.rescale(parameter) for rescaling, parameter in pairs):
            return self._each(self._natural(self.trained), images)
        scores: Tensor = _Chain.apply(values, self._rescalings, self._layers, *self.trained)  # type: ignore[no-untyped-call]
        return scores

    def restore(self, index: int, network: nn.Module) -> None:
        """Write one network's values into a network of its own.

        Args:
            index: Along the leading axis.
            network: Of the same architecture; changed in place.
        """
        with torch.no_grad():
            parameters = self._natural([parameter[index, None] for parameter in self.trained])
        self._write(parameters | {name: buffer[index, None] for name, buffer in self.buffers.items()}, 0, network)

    def _make_room(self, values: Tensor) -> None:
        """Memory for all layers, for batches of a size."""
        self._rescalings = [Rescaling.room_for(parameter) for parameter in self.trained]
        places = [
            place
            for rescaling, parameter in zip(self._rescalings, self.trained, strict=True)
            for place in zip(
                rescaling.weight.view_as(parameter).unbind(1),
                rescaling.gradient.view_as(parameter).unbind(1),
                strict=True,
            )
        ]
        weight, gradient = places[-1]
        places[-1] = weight[:, : self._classes], gradient[:, : self._classes]
        self._layers = [Layer.room_for(*place, batch=values.shape[1]) for place in places]

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
    return bool(dense) and kinds == plain and all(layer.bias is None for layer in dense)


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


class _Chain(torch.autograd.Function):
    """All layers, of all networks: what has been rescaled is applied, and the gradients of both are taken."""

    @staticmethod
    def forward(
        ctx: Any, values: Tensor, rescalings: list[Rescaling], layers: list[Layer], *parameters: Tensor
    ) -> Tensor:
        ctx.rescalings, ctx.layers = rescalings, layers
        ctx.save_for_backward(*parameters)
        for layer in layers[:-1]:
            layer.inputs = values
            torch.bmm(values, layer.weight.mT, out=layer.outputs)
            values = layer.sort()
        layers[-1].inputs = values
        return torch.bmm(values, layers[-1].weight.mT)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        rescalings: list[Rescaling] = ctx.rescalings
        layers: list[Layer] = ctx.layers
        change = gradients[0]
        rescalings[-1].gradient.view_as(ctx.saved_tensors[-1])[:, -1].zero_()  # rows that make no scores keep it
        for layer, before in zip(layers[:0:-1], layers[-2::-1], strict=True):
            torch.bmm(change.mT, layer.inputs, out=layer.gradient)
            change = before.unsort(torch.bmm(change, layer.weight, out=before.sorted))
        torch.bmm(change.mT, layers[0].inputs, out=layers[0].gradient)
        pairs = zip(rescalings, ctx.saved_tensors, strict=True)
        return None, None, None, *(rescaling.descale(parameter) for rescaling, parameter in pairs)
