"""The command line with trials that only take time; run as a program, by ``test_cli.py``."""

import signal
import sys
import time
from collections.abc import Sequence
from typing import Any

from analysis import trials
from analysis.cli import main


def idle(specs: Sequence[Any], **options: object) -> list[dict[str, Any]]:
    time.sleep(0.3)
    return [{"outcome": {}} for _ in specs]


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background inherits that it is ignored
    trials.run_trials = idle
    sys.exit(main(sys.argv[1:]))
