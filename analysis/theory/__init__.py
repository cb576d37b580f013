"""Closed forms, and beside each the simulation that checks it."""

from analysis.theory.hidden_bit import HiddenBit
from analysis.theory.simulation import SimulatedErrors, simulate

__all__ = ["HiddenBit", "SimulatedErrors", "simulate"]
