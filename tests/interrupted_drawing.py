"""Two figures of which one waits for ever, or dies; run as a program, by ``test_drawing.py``."""

import os
import signal
import sys
import time
from pathlib import Path

from analysis import drawing
from analysis.commands import Workshop
from analysis.gallery import Gallery, Printed
from analysis.studies import STUDIES
from analysis.studies.presets import SMOKE

KIND, FOLDER = sys.argv[1], Path(sys.argv[2])


def printed(workshop: Workshop, name: str) -> Printed:
    (FOLDER / f"begun-{name}").touch()
    if KIND == "waits":
        time.sleep(600)
    if name == "theory_curves":
        os._exit(1)
    return Printed({".csv": b"number\n"}, {"caption": "", "height": 1.0})


def main() -> int:
    workshop = Workshop(SMOKE, "smoke", Gallery(FOLDER / "figures"))
    wanted = [(workshop, STUDIES[name]) for name in ("theory_curves", "hidden_bit")]
    try:
        return 1 if drawing.draw_all(wanted, lambda line: None, "processes:2") else 0
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background inherits that it is ignored
    drawing._printed = printed  # sent by name: each worker takes this program for its main module
    sys.exit(main())
