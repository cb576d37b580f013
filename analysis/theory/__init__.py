"""Closed forms, and beside each the simulation that checks it."""

from analysis.theory.gaussian_mixture import GaussianMixture
from analysis.theory.hidden_bit import HiddenBit
from analysis.theory.hidden_bit_bounds import (
    linear_error_bound,
    nearest_error,
    robust_error_range,
    signed_error_bound,
)
from analysis.theory.hidden_label import HiddenLabel
from analysis.theory.n_function import NFunction
from analysis.theory.pixels import as_data_set, as_images
from analysis.theory.simulation import SimulatedErrors, World, simulate
from analysis.theory.spiked import SpikedLinear
from analysis.theory.two_points import TwoPoints

__all__ = [
    "GaussianMixture",
    "HiddenBit",
    "HiddenLabel",
    "NFunction",
    "SimulatedErrors",
    "SpikedLinear",
    "TwoPoints",
    "World",
    "as_data_set",
    "as_images",
    "linear_error_bound",
    "nearest_error",
    "robust_error_range",
    "signed_error_bound",
    "simulate",
]
