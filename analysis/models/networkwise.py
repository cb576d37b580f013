"""Dense AOL layers of all networks of a cohort, network by network, in compiled formulas.

All that a network of width 64 needs for a step fits into the second-level cache of a core. Taken layer by layer, as
torch's products want it, the values of a cohort come from farther away at every pass; taken network by network, they
do not, and nothing is paid for calls.
"""

import ctypes
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import torch
from torch import Tensor

from analysis.models.compiler import LayerPlace
from analysis.models.rescaling import LARGEST

WIDEST = 256  # beyond it a matrix does not fit into the cache: torch's products are faster


@dataclass(frozen=True)
class Layer:
    """One layer of all networks.

    Attributes:
        parameter: Shape ``(networks, out, in)``.
        gradient: Of the parameter, same shape.
        signs: Of the Gram matrix of the columns, int8, shape ``(networks, in, in)``.
        scale: What the columns are multiplied by, shape ``(networks, in)``.
        values: What the layer is applied to, shape ``(networks, batch, in)``.
        exchanged: Which pairs of outputs were out of order, uint8, shape ``(networks, batch, out / 2)``.
    """

    parameter: Tensor
    gradient: Tensor
    signs: Tensor
    scale: Tensor
    values: Tensor
    exchanged: Tensor

    @classmethod
    def room_for(cls, parameter: Tensor, gradient: Tensor, batch: int) -> "Layer":
        """Memory for a layer of parameters ``(networks, out, in)`` and batches of a size."""
        networks, outputs, inputs = parameter.shape
        return cls(
            parameter=parameter,
            gradient=gradient,
            signs=torch.empty(networks, inputs, inputs, dtype=torch.int8),
            scale=parameter.new_empty(networks, inputs),
            values=parameter.new_empty(networks, batch, inputs),
            exchanged=torch.empty(networks, batch, outputs // 2, dtype=torch.uint8),
        )

    def place(self, network: int) -> LayerPlace:
        """Where the values of a network lie."""
        tensors = (self.parameter, self.gradient, self.signs, self.scale, self.values, self.exchanged)
        return LayerPlace(*self.parameter.shape[1:], *(tensor[network].data_ptr() for tensor in tensors))


class Networkwise:
    """All layers, forward and backward, as of :class:`analysis.models.layerwise.Layerwise`.

    Args:
        library: As from :func:`analysis.models.compiler.compiled`, for the type of the parameters.
        parameters: Of each run of equal layers, ``(networks, layers, out, in)``, contiguous; read anew at every step.
        batch: Images of each network.
        classes: Rows of the last layer that make scores.

    Example:
        >>> chain = Networkwise(compiled(torch.float32), parameters, batch=64, classes=10)
        >>> chain.forward(values).shape
        torch.Size([17, 64, 10])
    """

    def __init__(self, library: ctypes.CDLL, parameters: Sequence[Tensor], *, batch: int, classes: int) -> None:
        self.library = library
        self.parameters = [parameter.detach() for parameter in parameters]
        self.gradients = [torch.empty_like(parameter) for parameter in self.parameters]
        weights = [weight for parameter in self.parameters for weight in parameter.unbind(1)]
        slopes = [slope for gradient in self.gradients for slope in gradient.unbind(1)]
        self.size = (len(weights[0]), len(weights), batch, classes)
        self.layers = [Layer.room_for(weight, slope, batch) for weight, slope in zip(weights, slopes, strict=True)]
        places = [layer.place(network) for network in range(len(weights[0])) for layer in self.layers]
        self.places = (LayerPlace * len(places))(*places)

    def forward(self, values: Tensor) -> Tensor | None:
        """Map values ``(networks, batch, in)`` to scores ``(networks, batch, classes)``.

        Args:
            values: What the first layers are applied to.

        Returns:
            The scores; None where weights are too large or small for their sums to be formed without dividing first.
        """
        networks, _, batch, classes = self.size
        self.layers[0].values.copy_(values)
        scores = values.new_empty(networks, batch, classes)
        noise = 8 * torch.finfo(values.dtype).eps
        return scores if self._called(self.library.forward, (LARGEST, noise), scores) else None

    def backward(self, change: Tensor) -> list[Tensor]:
        """Find the gradients of the parameters.

        Args:
            change: Gradient of the scores of the last forward pass.

        Returns:
            One for each of the parameters, in memory that the next step overwrites.
        """
        self._called(self.library.backward, (), change.contiguous())
        return self.gradients

    def _called(self, function: Callable[..., int], bounds: tuple[float, ...], scores: Tensor) -> bool:
        """Call a function for all networks, on as many threads as torch has."""
        networks, layers, batch, classes = self.size

        def call(first: int, last: int) -> int:
            start = ctypes.addressof(self.places) + first * layers * ctypes.sizeof(LayerPlace)
            there = scores.data_ptr() + first * batch * classes * scores.element_size()
            return function(start, last - first, layers, batch, classes, *bounds, there)

        threads = min(torch.get_num_threads(), networks)
        if threads == 1:
            answers = [call(0, networks)]
        else:
            ends = [networks * part // threads for part in range(threads + 1)]
            with ThreadPoolExecutor(threads) as pool:  # a call lets others run
                answers = list(pool.map(call, ends[:-1], ends[1:]))
        if min(answers) < 0:
            raise MemoryError("no room for the layers of one network")
        return min(answers) > 0
