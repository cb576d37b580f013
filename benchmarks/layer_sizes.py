"""Which layers are timed, at which sizes, and what the authors' code took there."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from analysis.lipschitz import CONVOLUTION, LINEAR
from benchmarks.plain_layers import PLAIN_CONVOLUTION, PLAIN_LINEAR
from benchmarks.stopwatch import perturb

ORDINARY, OURS = "ordinary", "ours"


@dataclass(frozen=True)
class Size:
    """Of a layer with equally many features or channels in and out.

    Args:
        features: Features, or channels.
        batch: Examples.
        side: Of the images; 0 for dense layers.
    """

    features: int
    batch: int
    side: int = 0

    @property
    def title(self) -> str:
        """What the tables call it."""
        if self.side:
            return f"convolution 3 x 3, {self.features} channels, {self.side} x {self.side}, batch {self.batch}"
        return f"dense {self.features:,}, batch {self.batch}"

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one input."""
        return (self.features, self.side, self.side) if self.side else (self.features,)

    @property
    def methods(self) -> dict[str, type[nn.Module]]:
        """Ours, by name."""
        return CONVOLUTION if self.side else LINEAR

    def ordinary(self) -> nn.Module:
        """Layer without bound."""
        if self.side:
            return nn.Conv2d(self.features, self.features, 3, padding="same")
        return nn.Linear(self.features, self.features)

    def ours(self, method: str) -> nn.Module:
        """Layer of a method, off its start."""
        kernel = (3,) if self.side else ()
        return perturb(self.methods[method](self.features, self.features, *kernel, bias=True))

    def plain(self, method: str) -> dict[str, nn.Module]:
        """The plain formulas of a method, by name, off their starts."""
        table = PLAIN_CONVOLUTION if self.side else PLAIN_LINEAR
        sizes = (self.features, self.side) if self.side else (self.features,)
        return {name: perturb(make(*sizes)) for name, make in table.items() if name.split()[0] == method}

    def images(self) -> Tensor:
        """A batch of inputs."""
        return torch.randn(self.batch, *self.shape)


SIZES = [Size(64, 64, 32), Size(256, 64, 8), Size(784, 256), Size(3072, 256)]
SMALL_SIZES = [Size(4, 2, 6), Size(6, 3)]
# Training steps over those of an ordinary 3 x 3 convolution, on 2 cores, the fastest of five each.
AUTHORS: dict[Size, dict[str, float]] = {
    Size(64, 64, 32): {
        "AOL": 1.0, "CPL": 1.6, "SLL": 1.7, "SOC": 3.8, "BCOP": 1.4, "Cayley": 3.1, "LOT": 57, "Sandwich": 7.1
    },
    Size(256, 64, 8): {
        "AOL": 2.2, "CPL": 2.1, "SLL": 2.9, "SOC": 5.6, "BCOP": 4.1, "Cayley": 6.5, "LOT": 241, "Sandwich": 21
    },
}  # fmt: skip
