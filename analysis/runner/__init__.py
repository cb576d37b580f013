"""Run what is missing, on any executor, and keep what finished. Knows nothing of networks."""

from analysis.runner.executors import EXECUTORS, executor, refuse_unknown
from analysis.runner.failures import FullDiskError
from analysis.runner.headers import Summary
from analysis.runner.plans import KeptPlan
from analysis.runner.processes import WorkerDiedError
from analysis.runner.run import run, singly
from analysis.runner.store import BrokenRecordError, StaleRecordError, Store, identity

__all__ = [
    "EXECUTORS",
    "BrokenRecordError",
    "FullDiskError",
    "KeptPlan",
    "StaleRecordError",
    "Store",
    "Summary",
    "WorkerDiedError",
    "executor",
    "identity",
    "refuse_unknown",
    "run",
    "singly",
]
