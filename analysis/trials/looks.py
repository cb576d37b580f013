"""Looks into a network while it is trained: what its layers and its steepest slope are after some of the steps."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from analysis import lipschitz
from analysis.evaluation import layer_jacobians, slopes
from analysis.training import DivergedError

Pair = tuple[Tensor, Tensor]


class Looks:
    """Measures a network after some of its training's steps, without a trace on the training.

    Args:
        network: A 1-Lipschitz one.
        images: Floats, shape ``(n, c, h, w)``, as the network takes them, on its device.
        steps: After which to look.

    Example:
        >>> looks = Looks(network, images, [0, 10, 100])
        >>> train(network, looks.between(batches), ...)
        >>> looks.arrays()["slopes"]
    """

    def __init__(self, network: nn.Module, images: Tensor, steps: Collection[int]) -> None:
        self._network, self._images, self._steps = network, images, steps
        self._values: list[list[NDArray[np.float64]]] = []
        self._slopes: list[float] = []
        self._bounds: list[float] = []
        self._gram: NDArray[np.float32] | None = None

    def between(self, batches: Iterable[Pair]) -> Iterator[Pair]:
        """Pass batches on, and look at the network where the number of steps that have been taken is one of those.

        Args:
            batches: Those of the training, one a step.

        Yields:
            The same batches.

        Raises:
            DivergedError: If values of the network that is looked at are not finite.
        """
        taken = 0
        for batch in batches:
            self._look(taken)
            yield batch
            taken += 1
        self._look(taken)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What was found, one row a look.

        Returns:
            ``singular_values`` ``(looks, layers, values)`` of each layer's Jacobian at the first image, falling, nan
            beyond a layer's; ``bounds`` ``(looks,)`` proven of the network's Lipschitz constant; ``slopes``
            ``(looks,)``, the largest found of the network; ``gram`` ``(inputs, inputs)``, :math:`J^T J` of the layer
            in the middle at the last look.
        """
        most = max(len(values) for layers in self._values for values in layers)
        padded = [
            [np.pad(each, (0, most - len(each)), constant_values=np.nan) for each in layers] for layers in self._values
        ]
        found = {"singular_values": padded, "bounds": self._bounds, "slopes": self._slopes, "gram": self._gram}
        return {name: np.asarray(value) for name, value in found.items()}

    def _look(self, taken: int) -> None:
        network, image = self._network, self._images[0]
        if taken not in self._steps:
            return
        _refuse_infinite(network.parameters(), taken)
        jacobians = layer_jacobians(network, image)
        _refuse_infinite(jacobians, taken)
        self._values.append([torch.linalg.svdvals(jacobian).cpu().numpy() for jacobian in jacobians])
        shape = tuple(image.shape)
        self._bounds.append(lipschitz.lipschitz_bound(lipschitz.fold(network, shape).double(), shape))
        self._slopes.append(float(slopes(network, self._images).max()))
        middle = jacobians[len(jacobians) // 2]
        self._gram = (middle.mT @ middle).float().cpu().numpy()


def _refuse_infinite(tensors: Iterable[Tensor], taken: int) -> None:
    if not all(bool(tensor.isfinite().all()) for tensor in tensors):
        raise DivergedError(taken)
