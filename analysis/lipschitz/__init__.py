"""1-Lipschitz layers, and proofs that they are.

To add a method: one file, one line in the tables below; the tests walk them.
"""

from torch import nn

from analysis.lipschitz.activations import MaxMin
from analysis.lipschitz.aol import AOLConv2d, AOLLinear
from analysis.lipschitz.channels import FirstChannels, SubtractMean, ZeroChannels, ZeroFrame
from analysis.lipschitz.fold import fold
from analysis.lipschitz.norms import lipschitz_bound
from analysis.lipschitz.rounding import rounding_bound
from analysis.lipschitz.verify import operator_norm

LINEAR: dict[str, type[nn.Module]] = {"AOL": AOLLinear}
CONVOLUTION: dict[str, type[nn.Module]] = {"AOL": AOLConv2d}
ACTIVATION: dict[str, type[nn.Module]] = {"MaxMin": MaxMin}

__all__ = [
    "ACTIVATION",
    "CONVOLUTION",
    "LINEAR",
    "AOLConv2d",
    "AOLLinear",
    "FirstChannels",
    "MaxMin",
    "SubtractMean",
    "ZeroChannels",
    "ZeroFrame",
    "fold",
    "lipschitz_bound",
    "operator_norm",
    "rounding_bound",
]
