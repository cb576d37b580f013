"""Layers whose weights are functions of their parameters: derived while they train, derived once where they do not."""

import weakref
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from analysis.lipschitz.bounded import Shape

SAMPLE = 4_096  # entries of each tensor that are compared beside its version


class Derived(nn.Module, ABC):
    r"""A layer that computes, at each training step, the weights that it applies from its parameters.

    A method says three things: how weights follow from parameters (:meth:`derive`), what the layer does with them
    (:meth:`transform`), and which ordinary module does the same (:meth:`freeze`). In training mode, and wherever
    gradients of parameters are asked for, the forward pass derives and transforms. Otherwise it runs the frozen
    module, which is kept until a parameter or buffer changes: is replaced, moved, loaded, stepped or edited in place.
    Edits that torch does not count (through ``.data``) are seen in a sample of 4,096 entries of each tensor.

    Nothing of the frozen module enters ``state_dict``, a copy or a pickle.
    """

    def __init__(self) -> None:
        super().__init__()
        self._kept: _Kept | None = None

    @abstractmethod
    def derive(self, shape: Shape) -> tuple[Tensor, ...]:
        """Compute the weights from the parameters, with gradients.

        Args:
            shape: Of one input, without the batch axis.

        Returns:
            What :meth:`transform` takes.
        """

    @abstractmethod
    def transform(self, x: Tensor, *derived: Tensor) -> Tensor:
        """Apply the layer with given weights.

        Args:
            x: Shape ``(n, *shape)``.
            *derived: From :meth:`derive`.

        Returns:
            The output.
        """

    @abstractmethod
    def freeze(self, *derived: Tensor) -> nn.Module:
        """Make the ordinary module that applies given weights.

        Args:
            *derived: From :meth:`derive`, without gradients.

        Returns:
            The module, which computes the same numbers as :meth:`transform`.
        """

    def frozen(self, shape: Shape) -> nn.Module:
        """Return the module that the layer amounts to for inputs of a shape, in evaluation mode.

        Args:
            shape: Of one input, without the batch axis.

        Returns:
            A module without trainable parameters. It is kept by the layer: copy it before changing it.
        """
        sources = self._sources()
        if self._kept is None or not self._kept.is_of(sources):
            self._kept = _Kept(sources)
        if shape not in self._kept.modules:
            self._kept.modules[shape] = self._frozen_now(shape)
        return self._kept.modules[shape]

    def forward(self, x: Tensor) -> Tensor:
        """Map shape ``(n, *shape)`` as the layer's description says."""
        shape = tuple(x.shape[1:])
        if self._is_at_rest():
            output: Tensor = self.frozen(shape)(x)
            return output
        return self.transform(x, *self._derive_exactly(shape))

    def train(self, mode: bool = True) -> "Derived":
        """Set the mode; the frozen module is dropped in training mode."""
        if mode:
            self._kept = None
        return super().train(mode)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_kept": None}

    def _frozen_now(self, shape: Shape) -> nn.Module:
        training = self.training
        super().train(mode=False)
        try:
            with torch.no_grad():
                derived = [tensor.clone() for tensor in self._derive_exactly(shape)]
                return self.freeze(*derived).requires_grad_(requires_grad=False).eval()
        finally:
            super().train(training)

    def _derive_exactly(self, shape: Shape) -> tuple[Tensor, ...]:
        """Derive in the parameters' own precision: under autocast a proof in bfloat16 would be none."""
        device = next(self.parameters()).device.type
        if not torch.amp.is_autocast_available(device):
            return self.derive(shape)
        with torch.autocast(device, enabled=False):
            return self.derive(shape)

    def _is_at_rest(self) -> bool:
        """Whether weights may be taken from the last time: not where torch.func puts other tensors in their place."""
        if self.training:
            return False
        parameters = list(self.parameters())
        if any(type(parameter) is not nn.Parameter for parameter in parameters):
            return False
        return not (torch.is_grad_enabled() and any(parameter.requires_grad for parameter in parameters))

    def _sources(self) -> list[Tensor]:
        return [*self.parameters(), *self.buffers()]


@dataclass
class _Source:
    """A tensor as it was: which one, its place, torch's count of its changes, and some of its entries."""

    tensor: "weakref.ref[Tensor]"
    address: int
    version: int
    sample: Tensor

    @classmethod
    def of(cls, tensor: Tensor) -> "_Source":
        return cls(weakref.ref(tensor), tensor.data_ptr(), _version(tensor), _sample(tensor).clone())

    def is_still(self, tensor: Tensor) -> bool:
        return (
            self.tensor() is tensor
            and self.address == tensor.data_ptr()
            and self.version == _version(tensor)
            and (self.sample.dtype, self.sample.device) == (tensor.dtype, tensor.device)
            and torch.equal(self.sample, _sample(tensor))
        )


class _Kept:
    """Frozen modules, one per input shape, and the tensors that they were derived from."""

    def __init__(self, sources: list[Tensor]) -> None:
        self.sources = [_Source.of(tensor) for tensor in sources]
        self.modules: dict[Shape, nn.Module] = {}

    def is_of(self, sources: list[Tensor]) -> bool:
        return len(sources) == len(self.sources) and all(
            known.is_still(tensor) for known, tensor in zip(self.sources, sources, strict=True)
        )


def _sample(tensor: Tensor) -> Tensor:
    entries = tensor.detach().flatten()
    return entries[:: -(-entries.numel() // SAMPLE)] if entries.numel() else entries


def _version(tensor: Tensor) -> int:
    return 0 if tensor.is_inference() else tensor._version
