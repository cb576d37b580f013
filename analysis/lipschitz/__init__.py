"""1-Lipschitz layers, and proofs that they are.

To add a method: one file, one line in the tables below; the tests walk them.
"""

from collections.abc import Callable
from functools import partial

from torch import nn

from analysis.lipschitz.activations import Abs, GroupSort, MaxMin
from analysis.lipschitz.aol import AOLConv2d, AOLLinear
from analysis.lipschitz.bcop import BCOPConv2d, BCOPLinear
from analysis.lipschitz.bjorck import BjorckConv2d, BjorckLinear
from analysis.lipschitz.cayley import CayleyConv2d, CayleyLinear
from analysis.lipschitz.channels import FirstChannels, SubtractMean, ZeroChannels, ZeroFrame
from analysis.lipschitz.cpl import CPLConv2d, CPLLinear
from analysis.lipschitz.fold import fold
from analysis.lipschitz.learned import Householder, N
from analysis.lipschitz.lot import LOTConv2d, LOTLinear
from analysis.lipschitz.norms import lipschitz_bound
from analysis.lipschitz.residual import Residual
from analysis.lipschitz.rounding import lipschitz_and_rounding, rounding_bound
from analysis.lipschitz.sandwich import SandwichConv2d, SandwichLinear
from analysis.lipschitz.sll import SLLConv2d, SLLLinear
from analysis.lipschitz.soc import SOCConv2d, SOCLinear
from analysis.lipschitz.verify import operator_norm

LINEAR: dict[str, type[nn.Module]] = {
    "AOL": AOLLinear,
    "BCOP": BCOPLinear,
    "Bjorck": BjorckLinear,
    "Cayley": CayleyLinear,
    "CPL": CPLLinear,
    "LOT": LOTLinear,
    "Sandwich": SandwichLinear,
    "SLL": SLLLinear,
    "SOC": SOCLinear,
}
CONVOLUTION: dict[str, type[nn.Module]] = {
    "AOL": AOLConv2d,
    "BCOP": BCOPConv2d,
    "Bjorck": BjorckConv2d,
    "Cayley": CayleyConv2d,
    "CPL": CPLConv2d,
    "LOT": LOTConv2d,
    "Sandwich": SandwichConv2d,
    "SLL": SLLConv2d,
    "SOC": SOCConv2d,
}
ACTIVATION: dict[str, Callable[[int], nn.Module]] = {  # from a number of channels
    "MaxMin": MaxMin,
    "Abs": Abs,
    "N": N,
    "N-near": partial(N, start="near", lr_factor=1.0),
    "N-zeros": partial(N, start="zeros"),
    "N-random": partial(N, start="random"),
    "GroupSort": GroupSort,
    "Householder": Householder,
}

__all__ = [
    "ACTIVATION",
    "CONVOLUTION",
    "LINEAR",
    "AOLConv2d",
    "AOLLinear",
    "Abs",
    "BCOPConv2d",
    "BCOPLinear",
    "BjorckConv2d",
    "BjorckLinear",
    "CPLConv2d",
    "CPLLinear",
    "CayleyConv2d",
    "CayleyLinear",
    "FirstChannels",
    "GroupSort",
    "Householder",
    "LOTConv2d",
    "LOTLinear",
    "MaxMin",
    "N",
    "Residual",
    "SLLConv2d",
    "SLLLinear",
    "SOCConv2d",
    "SOCLinear",
    "SandwichConv2d",
    "SandwichLinear",
    "SubtractMean",
    "ZeroChannels",
    "ZeroFrame",
    "fold",
    "lipschitz_and_rounding",
    "lipschitz_bound",
    "operator_norm",
    "rounding_bound",
]
