"""Dense AOL layers of all networks of a cohort, layer by layer, in torch's products.

Of a network of width 64 five products a layer remain; everything else is elementwise, in memory that is used again at
every step. What concerns the parameters alone is done for all layers of one shape at once: calls, not arithmetic, are
what a small cohort pays for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from analysis.models.rescaling import Rescaling


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


class Layerwise:
    """All layers, forward and backward.

    Args:
        parameters: Of each run of equal layers, ``(networks, layers, out, in)``; read anew at every step.
        batch: Images of each network.
        classes: Rows of the last layer that make scores.

    Example:
        >>> chain = Layerwise(parameters, batch=64, classes=10)
        >>> chain.forward(values).shape
        torch.Size([17, 64, 10])
    """

    def __init__(self, parameters: Sequence[Tensor], *, batch: int, classes: int) -> None:
        self.parameters = parameters
        self.rescalings = [Rescaling.room_for(parameter) for parameter in parameters]
        places = [
            place
            for rescaling, parameter in zip(self.rescalings, parameters, strict=True)
            for place in zip(
                rescaling.weight.view_as(parameter).unbind(1),
                rescaling.gradient.view_as(parameter).unbind(1),
                strict=True,
            )
        ]
        weight, gradient = places[-1]
        places[-1] = weight[:, :classes], gradient[:, :classes]
        self.layers = [Layer.room_for(*place, batch=batch) for place in places]

    def forward(self, values: Tensor) -> Tensor | None:
        """Map values ``(networks, batch, in)`` to scores ``(networks, batch, classes)``.

        Args:
            values: What the first layers are applied to.

        Returns:
            The scores; None where weights are too large or small for their sums to be formed without dividing first.
        """
        pairs = zip(self.rescalings, self.parameters, strict=True)
        if not all(rescaling.rescale(parameter.detach()) for rescaling, parameter in pairs):
            return None
        for layer in self.layers[:-1]:
            layer.inputs = values
            torch.bmm(values, layer.weight.mT, out=layer.outputs)
            values = layer.sort()
        self.layers[-1].inputs = values
        return torch.bmm(values, self.layers[-1].weight.mT)

    def backward(self, change: Tensor) -> list[Tensor]:
        """Find the gradients of the parameters.

        Args:
            change: Gradient of the scores of the last forward pass.

        Returns:
            One for each of the parameters, in memory that the next step overwrites.
        """
        last, layers = self.rescalings[-1].gradient.view_as(self.parameters[-1])[:, -1], self.layers
        last.zero_()  # rows that make no scores keep it
        for layer, before in zip(layers[:0:-1], layers[-2::-1], strict=True):
            torch.bmm(change.mT, layer.inputs, out=layer.gradient)
            change = before.unsort(torch.bmm(change, layer.weight, out=before.sorted))
        torch.bmm(change.mT, layers[0].inputs, out=layers[0].gradient)
        pairs = zip(self.rescalings, self.parameters, strict=True)
        return [rescaling.descale(parameter.detach()) for rescaling, parameter in pairs]
