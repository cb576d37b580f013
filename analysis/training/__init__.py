"""Training: one loop, one optimiser, one schedule."""

from analysis.training.loop import DivergedError, train
from analysis.training.schedule import optimizer_and_schedule

__all__ = ["DivergedError", "optimizer_and_schedule", "train"]
