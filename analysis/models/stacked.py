"""Networks of one architecture as one network with a leading axis."""

import copy
from collections.abc import Mapping, Sequence
from functools import partial

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from analysis.lipschitz.power import Norm


class Stacked:
    """Networks of one architecture, in training mode, as one: parameters and buffers have a leading axis.

    The networks lend their values and are not changed until :meth:`restore`. Running statistics and vectors of power
    iterations are each network's own, as where it is trained alone: the former move in the forward pass, the latter in
    :meth:`follow`.

    Args:
        networks: At least one, of equal layers and shapes, on one device.

    Example:
        >>> Stacked([build("MLP", ...), build("MLP", ...)])(torch.rand(2, 64, 1, 8, 8)).shape
        torch.Size([2, 64, 10])
    """

    def __init__(self, networks: Sequence[nn.Module]) -> None:
        self._template = copy.deepcopy(networks[0]).train()
        parameters, buffers = stack_module_state(list(networks))
        self.parameters: dict[str, Tensor] = parameters
        self.buffers: dict[str, Tensor] = buffers
        self._vectors: dict[str, Tensor] = {}
        self._taken: dict[str, Tensor] = {}
        for name, module in self._template.named_modules():
            if isinstance(module, Norm):
                module.taker = partial(self._taken.__setitem__, f"{name}.vector")

    def __len__(self) -> int:
        return len(next(iter(self.parameters.values())))

    @property
    def trained(self) -> list[Tensor]:
        """What an optimiser moves: leaves whose first axis counts the networks."""
        return list(self.parameters.values())

    def __call__(self, images: Tensor) -> Tensor:
        """Map images ``(networks, n, c, h, w)``, each network's own, to scores ``(networks, n, classes)``."""
        return self._each(self.parameters, images)

    def _each(self, parameters: dict[str, Tensor], images: Tensor) -> Tensor:
        scores, self._vectors = vmap(self._one)(parameters, self.buffers, images)
        return scores

    def _one(
        self, parameters: dict[str, Tensor], buffers: dict[str, Tensor], images: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        scores = functional_call(self._template, (parameters, buffers), (images,))
        taken = dict(self._taken)
        self._taken.clear()
        return scores, taken

    def follow(self) -> None:
        """Keep what a backward pass lets a single network keep: the vectors of its power iterations."""
        for name, vector in self._vectors.items():
            self.buffers[name].copy_(vector.detach())
        self._vectors = {}

    def state(self) -> dict[str, Tensor]:
        """All values, by name."""
        return {**self.parameters, **self.buffers}

    @torch.no_grad()
    def load(self, state: Mapping[str, Tensor]) -> None:
        """Go on from :meth:`state`, also of fewer networks.

        Args:
            state: Its values.
        """
        for name in self.parameters:
            self.parameters[name] = state[name].detach().to(self.parameters[name].device).requires_grad_()
        for name in self.buffers:
            self.buffers[name] = state[name].to(self.buffers[name].device)

    def restore(self, index: int, network: nn.Module) -> None:
        """Write one network's values into a network of its own.

        Args:
            index: Along the leading axis.
            network: Of the same architecture; changed in place.
        """
        self._write(self.state(), index, network)

    @staticmethod
    @torch.no_grad()
    def _write(values: Mapping[str, Tensor], index: int, network: nn.Module) -> None:
        for name, tensor in [*network.named_parameters(), *network.named_buffers()]:
            tensor.copy_(values[name][index])

    @torch.no_grad()
    def keep(self, chosen: Tensor) -> None:
        """Go on with some of the networks.

        Args:
            chosen: Their indices along the leading axis, int64.
        """
        for name, parameter in self.parameters.items():
            self.parameters[name] = parameter[chosen].requires_grad_()
        for name, buffer in self.buffers.items():
            self.buffers[name] = buffer[chosen]
