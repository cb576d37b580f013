"""Networks by name: standard ones, and 1-Lipschitz ones from the layers of ``analysis.lipschitz``."""

from analysis.models.architecture import Architecture
from analysis.models.build import ARCHITECTURES, build, find

__all__ = ["ARCHITECTURES", "Architecture", "build", "find"]
