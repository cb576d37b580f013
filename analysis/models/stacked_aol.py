r"""AOL-MLPs as one network, with batched products and a backward pass by hand: where small networks spend their time.

Of a network of width 64 five products a layer remain; everything else is elementwise, in memory that is used again at
every step.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from analysis.lipschitz import AOLLinear, FirstChannels, MaxMin, SubtractMean, ZeroChannels
from analysis.models.stacked import Stacked

LARGEST = 2.0**60  # sums beyond it, or below its inverse, are left to the careful formula, which divides first


@dataclass
class Layer:
    r"""One layer of all networks: its memory, and what the forward pass leaves for the backward pass.

    Attributes:
        gram: :math:`P^\top P` of the parameters P, shape ``(networks, in, in)``.
        scale: What columns are multiplied by, shape ``(networks, 1, in)``.
        weight: The scaled parameters, shape ``(networks, out, in)``.
        gradient: Of the parameters, same shape.
        room: For passing values, shapes of the Gram matrix and of the parameters.
        inputs: What the layer was applied to, shape ``(networks, n, in)``.
        outputs: Before sorting, shape ``(networks, n, out)``.
        sorted: After it, the larger of each pair in the first half.
        swapped: 1 where a pair was exchanged, else 0, shape ``(networks, n, out / 2)``.
    """

    gram: Tensor
    scale: Tensor
    weight: Tensor
    gradient: Tensor
    room: tuple[Tensor, Tensor]
    outputs: Tensor
    sorted: Tensor
    swapped: Tensor
    inputs: Tensor

    @classmethod
    def room_for(cls, parameter: Tensor, batch: int) -> "Layer":
        """Memory for a layer of parameters ``(networks, out, in)`` and batches of a size."""
        networks, outputs, inputs = parameter.shape
        new = partial(torch.empty, dtype=parameter.dtype)
        gram, rows = (networks, inputs, inputs), (networks, batch, outputs)
        return cls(
            gram=new(gram),
            scale=new(networks, 1, inputs),
            weight=new(parameter.shape),
            gradient=new(parameter.shape),
            room=(new(gram), new(parameter.shape)),
            outputs=new(rows),
            sorted=new(rows),
            swapped=new(networks, batch, outputs // 2),
            inputs=new(networks, batch, inputs),
        )

    def sum_up(self, parameter: Tensor) -> Tensor:
        """Sums of absolute products of columns, shape ``(networks, 1, in)``."""
        torch.bmm(parameter.mT, parameter, out=self.gram)
        return torch.abs(self.gram, out=self.room[0]).sum(dim=1, keepdim=True)

    def rescale(self, parameter: Tensor, sums: Tensor) -> None:
        """Scale the parameters by what was summed up."""
        torch.rsqrt(sums, out=self.scale)
        torch.mul(parameter, self.scale, out=self.weight)

    def sort(self) -> Tensor:
        """Sort pairs, and remember which were exchanged."""
        (first, second), (larger, smaller) = self.outputs.chunk(2, dim=2), self.sorted.chunk(2, dim=2)
        torch.maximum(first, second, out=larger)
        torch.minimum(first, second, out=smaller)
        torch.sub(second, first, out=self.swapped).sign_().clamp_(min=0)
        return self.sorted

    def unsort(self, change: Tensor) -> Tensor:
        """Send gradients of sorted values, which are overwritten, to where the values came from."""
        larger, smaller = change.chunk(2, dim=2)
        (first, second), kept = self.outputs.chunk(2, dim=2), self.swapped.sub(1).neg_()
        torch.mul(larger, kept, out=first).addcmul_(smaller, self.swapped)
        torch.mul(smaller, kept, out=second).addcmul_(larger, self.swapped)
        return self.outputs

    def descale(self, parameter: Tensor) -> None:
        r"""Turn the gradient of the weight into that of the parameters.

        With the scale :math:`d = r^{-1/2}` of the sums r, and :math:`h = -\tfrac12 d^3 \partial L / \partial d` the
        gradient of r, the parameters' is that of the weight times d, plus :math:`P ((h_i + h_j) \operatorname{sign}
        G_{ij})`; the sign of rounding noise is 0, as in :class:`analysis.lipschitz.absolute_sums.MatrixSums`.
        """
        square, rectangle = self.room
        slopes = torch.mul(self.gradient, parameter, out=rectangle).sum(dim=1, keepdim=True)
        slopes.mul_(self.scale**3).mul_(-0.5)
        noise = (8 * torch.finfo(parameter.dtype).eps) ** 0.5 * self.gram.diagonal(dim1=1, dim2=2).sqrt()[:, None]
        above = noise.reciprocal()
        products = self.gram.mul_(above).mul_(above.mT)
        signs = products.sub_(torch.clamp(products, -1, 1, out=square)).sign_()
        signs.mul_(torch.add(slopes, slopes.mT, out=square))
        self.gradient.mul_(self.scale).baddbmm_(parameter, signs)


class StackedAOL(Stacked):
    r"""AOL-MLPs with MaxMin and without biases, on the processor.

    Pairs of MaxMin are neighbours in a network; here they lie in the two halves of the channels, so that maxima and
    minima run over whole rows: rows and columns of the parameters are held in another order.

    Args:
        networks: For which :func:`is_plain_aol` holds.
    """

    def __init__(self, networks: Sequence[nn.Module]) -> None:
        super().__init__(networks)
        self._classes = networks[0][-1].width  # type: ignore[index]
        self._layers: list[Layer] = []
        with torch.no_grad():
            for index, (name, parameter) in enumerate(self.parameters.items()):
                rows, columns = (halves(size) if moved else slice(None) for size, moved in self._moved(index))
                self.parameters[name] = parameter[:, rows][:, :, columns].clone().requires_grad_()

    def __call__(self, images: Tensor) -> Tensor:
        """Map images ``(networks, n, c, h, w)``, each network's own, to scores ``(networks, n, classes)``."""
        values = (images - self.buffers["0.mean"][:, None]).flatten(2)
        values = F.pad(values, (0, self.trained[0].shape[2] - values.shape[2]))
        if not self._layers or self._layers[0].inputs.shape != values.shape:
            self._layers = _rooms(self.trained, values)
        if not _rescale(self.trained, self._layers):
            return self._each({name: self._natural(index) for index, name in enumerate(self.parameters)}, images)
        scores: Tensor = _Chain.apply(values, self._layers, *self.trained)  # type: ignore[no-untyped-call]
        return scores[..., : self._classes]

    def restore(self, index: int, network: nn.Module) -> None:
        """Write one network's values into a network of its own.

        Args:
            index: Along the leading axis.
            network: Of the same architecture; changed in place.
        """
        super().restore(index, network)
        with torch.no_grad():
            for layer, parameter in enumerate(network.parameters()):
                parameter.copy_(self._natural(layer)[index])

    def _natural(self, index: int) -> Tensor:
        """Parameters of a layer in the order that a network has."""
        parameter = self.trained[index]
        rows, columns = (halves(size).argsort() if moved else slice(None) for size, moved in self._moved(index))
        return parameter[:, rows][:, :, columns]

    def _moved(self, index: int) -> tuple[tuple[int, bool], tuple[int, bool]]:
        """Sizes of a layer's output and input, and whether they come out of, or go into, a MaxMin."""
        outputs, inputs = self.trained[index].shape[1:]
        return (outputs, index < len(self.parameters) - 1), (inputs, index > 0)


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
    """All layers, of all networks: what :func:`_rescale` has scaled is applied, and the gradients of both are taken."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, layers: list[Layer], *parameters: Tensor) -> Tensor:
        ctx.layers = layers
        ctx.save_for_backward(*parameters)
        for index, layer in enumerate(layers):
            layer.inputs = values
            torch.bmm(values, layer.weight.mT, out=layer.outputs)
            if index < len(layers) - 1:
                values = layer.sort()
        return layers[-1].outputs.clone()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        layers: list[Layer] = ctx.layers
        change = gradients[0]
        for index in reversed(range(len(layers))):
            layer = layers[index]
            torch.bmm(change.mT, layer.inputs, out=layer.gradient)
            if index > 0:
                before = layers[index - 1]
                change = before.unsort(torch.bmm(change, layer.weight, out=before.sorted))
            layer.descale(ctx.saved_tensors[index])
        return None, None, *(layer.gradient for layer in layers)


def _rooms(parameters: Sequence[Tensor], values: Tensor) -> list[Layer]:
    """Memory for all layers."""
    return [Layer.room_for(parameter, values.shape[1]) for parameter in parameters]


def _rescale(parameters: Sequence[Tensor], layers: Sequence[Layer]) -> bool:
    """Scale all parameters; False where sums are too large or small to be formed without dividing first."""
    with torch.no_grad():
        sums = [layer.sum_up(parameter) for parameter, layer in zip(parameters, layers, strict=True)]
        least, largest = torch.cat([each.flatten() for each in sums]).aminmax()
        if not (float(least) > 1 / LARGEST and float(largest) < LARGEST):  # nor nan
            return False
        for parameter, layer, each in zip(parameters, layers, sums, strict=True):
            layer.rescale(parameter, each)
        return True
