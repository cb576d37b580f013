"""Networks by name: standard ones, and 1-Lipschitz ones from the layers of ``analysis.lipschitz``."""

from analysis.models.architecture import Architecture
from analysis.models.build import ARCHITECTURES, build, find
from analysis.models.stacked import Stacked
from analysis.models.stacks import stack

__all__ = ["ARCHITECTURES", "Architecture", "Stacked", "build", "find", "stack"]
