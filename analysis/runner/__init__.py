"""Run what is missing, on any executor, and keep what finished. Knows nothing of networks."""

from analysis.runner.executors import EXECUTORS, executor
from analysis.runner.run import run, singly
from analysis.runner.store import BrokenRecordError, StaleRecordError, Store, identity

__all__ = [
    "EXECUTORS",
    "BrokenRecordError",
    "StaleRecordError",
    "Store",
    "executor",
    "identity",
    "run",
    "singly",
]
