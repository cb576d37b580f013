"""What can be typed: commands and their options. Imports nothing else, so that help is there at once."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analysis.trials import Components

DESCRIPTION = "Why is robust classification hard? Run studies, and draw their figures."
EXECUTORS = """\
executors: where trials are run
  serial                one after another, in this process
  processes[:WORKERS]   one worker per core, or per graphics card (the default)
  dask:ADDRESS          the workers of a Dask scheduler: dask:tcp://10.0.0.1:8786; needs pip install ".[dask]"
  slurm[:OPTIONS]       jobs of a Slurm cluster: slurm:partition=gpu,gpus=1,cpus=4,memory=16,time=60,jobs=100
                        (memory in GB and time in minutes for each job; jobs at once); needs pip install ".[slurm]"
  slurm-local[:OPTIONS] such jobs on this machine, to try

Whatever is finished is kept, also after Ctrl-C, a full disk or a crash: the same command goes on from there.
Workers of dask and slurm see the data under the same path: give --data-dir, or set ANALYSIS_DATA_DIR for them.
A group of trials that finds too little memory is halved; "status STUDY" tells what failed.
"""
FORMATS = ("csv", "json", "parquet")


def parser() -> argparse.ArgumentParser:
    """Make the parser of the command line.

    Returns:
        A parser whose result has the name of the command as ``command``.

    Example:
        >>> parser().parse_args(["run", "spectrum"]).command
        'run'
    """
    made = argparse.ArgumentParser(prog="python -m analysis", description=DESCRIPTION)
    commands = made.add_subparsers(required=True, metavar="COMMAND", dest="command")
    for name, explanation in (
        ("figures", "regenerate all figures: train digits, draw what is recorded of larger data sets"),
        ("run", "run the trials of one study"),
        ("draw", "draw one study from its records"),
    ):
        command = commands.add_parser(
            name,
            help=explanation,
            description=explanation,
            epilog=None if name == "draw" else EXECUTORS,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if name != "figures":
            command.add_argument("study", metavar="STUDY")
        _add_options(command)
    _add_bookkeeping(commands)
    data = commands.add_parser("data", help="download a known data set, unless it is there, and verify it")
    data.add_argument("name", metavar="NAME")
    data.add_argument("--data-dir", type=Path, help="where to; else ANALYSIS_DATA_DIR, then data/")
    claims = commands.add_parser("claims", help="judge every claim of the thesis from the records, and write the page")
    claims.add_argument("--out", type=Path, default=Path("docs/claims.md"), metavar="FILE", help="(%(default)s)")
    commands.add_parser("list", help="list studies, presets, data sets and executors")
    _add_trial_options(commands.add_parser("trial", help="run one trial and print its record as JSON"))
    return made


def _add_bookkeeping(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    status = commands.add_parser("status", help="how many trials of a study are done, missing and failed, and why")
    results = commands.add_parser(
        "results",
        help="one table of a study's trials",
        description="One row per trial that is recorded: its fields, what was measured, and where it comes from.",
    )
    for command in (status, results):
        command.add_argument("study", metavar="STUDY")
        _add_choice(command)
    results.add_argument("--radius", type=float, help="one more l2 radius of certified accuracy, pixels in [0, 1]")
    results.add_argument("--format", choices=FORMATS, default="csv", help="of the table (%(default)s)")
    results.add_argument("--out", type=Path, metavar="FILE", help="instead of the standard output")
    clean = commands.add_parser(
        "clean",
        help="list the records that no study asks for, and remove them if told to",
        description="List the records that no study of any preset asks for, failures and leftovers among them. They "
        "are removed with --yes, or after a yes in a terminal. Records of data of your own are kept unless --dataset "
        "names it.",
    )
    _add_choice(clean)
    clean.add_argument("--yes", action="store_true", help="remove them without asking")


def _add_options(command: argparse.ArgumentParser) -> None:
    _add_choice(command)
    add = command.add_argument
    add("--out", type=Path, default=Path("figures"), help="folder of the figures (%(default)s)")
    add("--executor", default="processes", help="serial, processes, dask, slurm or slurm-local (%(default)s)")
    add("--device", help="torch device; else cuda where there is one, then cpu")
    add("--radius", type=float, help="l2 radius to draw at, pixels in [0, 1]; training keeps the preset's")
    add("--fresh", action="store_true", help="run again what is recorded")


def _add_choice(command: argparse.ArgumentParser) -> None:
    """Which trials are meant."""
    add = command.add_argument
    add("--preset", help="digits, mnist or smoke: data set and scale; all but smoke for figures, digits otherwise")
    add("--dataset", metavar="NAME|PATH", help="your data in the preset's place")
    add("--data-dir", type=Path, help="folder of the data sets; else ANALYSIS_DATA_DIR, then data/")
    add("--seeds", type=int, help="number of seeds, instead of the preset's")


def _add_trial_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--data-dir", type=Path)
    command.add_argument("--device")
    texts = ("dataset", "model", "augmentation", "activation", "precision")
    numbers = ("learning_rate", "momentum", "offset", "temperature", "noise")
    wholes = ("size", "width", "depth", "steps", "visits", "batch_size", "validation", "draws", "subset_seed", "seed")
    kinds = dict.fromkeys(texts, str) | dict.fromkeys(numbers, float) | dict.fromkeys(wholes, int)
    for name, kind in kinds.items():
        flag = f"--{name.replace('_', '-')}"
        command.add_argument(flag, type=kind, required=name in texts[:2], default=argparse.SUPPRESS)
    command.add_argument(
        "--components", type=_components, default=argparse.SUPPRESS, metavar="BANDS", help="such as 0-16,200-"
    )


def _components(text: str) -> "Components":
    """Bands such as ``0-16,200-``."""
    bands = []
    for band in text.split(","):
        first, dash, last = band.strip().partition("-")
        if not dash or not first.isdigit() or (last and not last.isdigit()):
            raise argparse.ArgumentTypeError(f"{text!r} is not a list of bands such as 0-16,200-")
        bands.append((int(first), int(last) if last else None))
    return tuple(bands)
