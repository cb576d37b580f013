"""The textbook formula of every method, in ordinary torch operations under autograd: the rivals "plain formula".

Formulas and numbers of iterations are the published ones for training: Björck 3 steps, BCOP 20, LOT 10 on all complex
frequencies, SOC 5 terms, CPL one step of power iteration. Of equal sizes in and out, with biases, 3 x 3 kernels.

A key is a method, or a method and what is different: "Bjorck 15" takes the iterations of the published evaluation
(and of ours), "Bjorck" those of its training.
"""

from collections.abc import Callable
from functools import partial

from torch import nn

from benchmarks.plain_fourier import (
    PlainCayleyConv2d,
    PlainCayleyLinear,
    PlainLOTConv2d,
    PlainLOTLinear,
    PlainSandwichConv2d,
    PlainSandwichLinear,
)
from benchmarks.plain_products import (
    PlainAOLConv2d,
    PlainAOLLinear,
    PlainBCOPConv2d,
    PlainBjorckConv2d,
    PlainBjorckLinear,
)
from benchmarks.plain_residual import (
    PlainCPLConv2d,
    PlainCPLLinear,
    PlainSLLConv2d,
    PlainSLLLinear,
    PlainSOCConv2d,
    PlainSOCLinear,
)

PLAIN_LINEAR: dict[str, Callable[[int], nn.Module]] = {
    "AOL": PlainAOLLinear,
    "BCOP": partial(PlainBjorckLinear, iterations=20),
    "Bjorck": PlainBjorckLinear,
    "Bjorck 15": partial(PlainBjorckLinear, iterations=15),
    "CPL": PlainCPLLinear,
    "Cayley": PlainCayleyLinear,
    "LOT": PlainLOTLinear,
    "SLL": PlainSLLLinear,
    "SOC": PlainSOCLinear,
    "Sandwich": PlainSandwichLinear,
}
PLAIN_CONVOLUTION: dict[str, Callable[[int, int], nn.Module]] = {
    "AOL": PlainAOLConv2d,
    "BCOP": PlainBCOPConv2d,
    "Bjorck": PlainBjorckConv2d,
    "Bjorck 15": partial(PlainBjorckConv2d, iterations=15),
    "CPL": PlainCPLConv2d,
    "Cayley": PlainCayleyConv2d,
    "LOT": PlainLOTConv2d,
    "SLL": PlainSLLConv2d,
    "SOC": PlainSOCConv2d,
    "Sandwich": PlainSandwichConv2d,
}
