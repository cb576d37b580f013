"""What this process may use of the machine, and where: every part may ask."""

import os
from pathlib import Path


def cores() -> int:
    """Count the processor cores that this process may use.

    Returns:
        Their number, at least 1; that of the whole machine where the system does not tell.

    Example:
        >>> cores() >= 1
        True
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def cache_dir() -> Path:
    """Say where caches lie: what can be computed again.

    Returns:
        ``ANALYSIS_CACHE_DIR``, or ``data/cache`` in the working folder.

    Example:
        >>> (cache_dir() / "costs.json").is_file()
        False
    """
    return Path(os.environ.get("ANALYSIS_CACHE_DIR") or "data/cache")
