"""The command line. Parses, and imports what it needs only then."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analysis.commands import Workshop
    from analysis.trials import Components

DESCRIPTION = "Why is robust classification hard? Run studies, and draw their figures."
RECORD_RADII = (36 / 255, 72 / 255, 108 / 255, 1.0)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: Without the program's name; those of the process if None.

    Returns:
        Exit status: 0, 1 if something failed or is incomplete, 2 for a wrong request, 130 for an interrupt.

    Example:
        >>> main(["draw", "spectrum", "--preset", "digits"])
    """
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options))
    except KeyboardInterrupt:
        print(
            "\ninterrupted: everything that was finished is kept; the same command goes on from there", file=sys.stderr
        )
        return 130
    except ExceptionGroup as group:
        for error in group.exceptions:
            print(f"failed: {error} {' '.join(getattr(error, '__notes__', []))}", file=sys.stderr)
        return 1
    except (ValueError, TypeError, LookupError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m analysis", description=DESCRIPTION)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, function, explanation in (
        ("figures", _figures, "regenerate all figures: train digits, draw what is recorded of larger data sets"),
        ("run", _run, "run the trials of one study"),
        ("draw", _draw, "draw one study from its records"),
    ):
        command = commands.add_parser(name, help=explanation, description=explanation)
        command.set_defaults(command=function)
        if name != "figures":
            command.add_argument("study", metavar="STUDY")
        _add_options(command)
    data = commands.add_parser("data", help="download a known data set, unless it is there, and verify it")
    data.set_defaults(command=_data)
    data.add_argument("name", metavar="NAME")
    data.add_argument("--data-dir", type=Path, help="where to; else ANALYSIS_DATA_DIR, then data/")
    listing = commands.add_parser("list", help="list studies, presets, data sets and executors")
    listing.set_defaults(command=_list)
    trial = commands.add_parser("trial", help="run one trial and print its record as JSON")
    trial.set_defaults(command=_trial)
    _add_trial_options(trial)
    return parser


def _add_options(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--preset", help="digits, mnist or smoke: data set and scale; all but smoke for figures, digits otherwise")
    add("--dataset", metavar="NAME|PATH", help="your data in the preset's place")
    add("--data-dir", type=Path, help="folder of the data sets; else ANALYSIS_DATA_DIR, then data/")
    add("--out", type=Path, default=Path("figures"), help="folder of the figures (%(default)s)")
    add("--executor", default="processes", help="serial or processes (%(default)s)")
    add("--device", help="torch device; else cuda where there is one, then cpu")
    add("--seeds", type=int, help="number of seeds, instead of the preset's")
    add("--radius", type=float, help="l2 radius to draw at, pixels in [0, 1]; training keeps the preset's")
    add("--fresh", action="store_true", help="run again what is recorded")


def _add_trial_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--data-dir", type=Path)
    command.add_argument("--device")
    texts = ("dataset", "model", "augmentation", "activation")
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


def _figures(options: argparse.Namespace) -> int:
    from analysis.commands import draw_all
    from analysis.studies import STUDIES

    chosen = _workshop(options, options.preset or "digits")
    own = [study for study in STUDIES.values() if study.shelf is None]
    print(f"{chosen.figures}: ran {chosen.run(own)} trials, the others were recorded")
    everything = options.preset is None and options.dataset is None
    wanted = [study for study in STUDIES.values() if everything or study.shelf != "data"]
    complete = draw_all(chosen, wanted, print)
    if everything:  # of other data sets only drawn: their trials take an hour, and are recorded
        complete = draw_all(_workshop(options, "mnist"), own, print) and complete
    print(f"figures are in {options.out}/")
    return 0 if complete else 1


def _run(options: argparse.Namespace) -> int:
    from analysis.studies import find

    study = find(options.study)
    workshop = _workshop(options, options.preset or "digits")
    place = study.shelf or workshop.preset.dataset
    print(f"{place}: ran {workshop.run([study])} trials of {study.name}, the others were recorded")
    return 0


def _draw(options: argparse.Namespace) -> int:
    from analysis.studies import find

    study = find(options.study)
    drawn = _workshop(options, options.preset or "digits").draw(study)
    print(f"{study.name} {'drawn' if drawn else 'is up to date'} in {options.out}/")
    return 0


def _list(options: argparse.Namespace) -> int:
    from analysis.datasets import KNOWN
    from analysis.runner import EXECUTORS
    from analysis.studies import STUDIES
    from analysis.studies.preset import PRESETS

    for study in STUDIES.values():
        print(f"{study.name:20}{study.question}")
    print(f"\npresets: {', '.join(PRESETS)}\ndata sets: {', '.join(KNOWN)}, or a file or folder of images")
    print(f"executors: {', '.join(EXECUTORS)}")
    return 0


def _data(options: argparse.Namespace) -> int:
    from analysis.datasets import KNOWN, load

    if options.name not in KNOWN:
        raise ValueError(f"unknown data set {options.name!r}; known are {', '.join(KNOWN)}")
    found = load(options.name, options.data_dir, download=True)
    shape = " x ".join(map(str, found.train.images.shape[1:]))
    counts = f"{len(found.train)} training and {len(found.test)} test images of {shape}"
    print(f"{options.name} is complete: {counts}, {len(found.classes)} classes, content {found.content_hash}")
    return 0


def _trial(options: argparse.Namespace) -> int:
    from analysis.trials import Trial, run_trials

    names = {field.name for field in fields(Trial)}
    chosen = {name: value for name, value in vars(options).items() if name in names}
    chosen["dataset"], data_dir = _located(chosen["dataset"], options.data_dir)
    (record,) = run_trials([Trial(**chosen)], data_dir, options.device)
    radii = record.pop("arrays").get("radii")
    if radii is not None:
        record["certified"] = {f"{radius:.4f}": float((radii > radius).mean()) for radius in RECORD_RADII}
    print(json.dumps(record, indent=1))
    return 0


def _workshop(options: argparse.Namespace, name: str) -> "Workshop":
    from dataclasses import replace

    from analysis.commands import PRESETS, Workshop, own_preset
    from analysis.gallery import Gallery
    from analysis.runner import EXECUTORS

    for kind, wanted, known in (("preset", name, PRESETS), ("executor", options.executor, EXECUTORS)):
        if wanted not in known:
            raise ValueError(f"unknown {kind} {wanted!r}; known are {', '.join(known)}")
    preset, data_dir = PRESETS[name], options.data_dir
    if options.dataset is not None:
        dataset, data_dir = _located(options.dataset, data_dir)
        preset = own_preset(preset, dataset, data_dir)
    if options.seeds is not None:
        preset = replace(preset, seeds=tuple(range(options.seeds)))
    if options.radius is not None:
        replace(preset, radius=options.radius)  # refuses an impossible one
    settings: dict[str, Any] = {key: getattr(options, key) for key in ("executor", "device", "radius", "fresh")}
    figures = name if options.dataset is None else preset.dataset
    return Workshop(preset, figures, Gallery(options.out), data_dir, **settings)


def _located(dataset: str, data_dir: Path | None) -> tuple[str, Path | None]:
    """Split a path into a name and the folder it lies in: no path enters a record."""
    from analysis.datasets import KNOWN

    path = Path(dataset) if Path(dataset).name not in ("", "..") else Path(dataset).resolve()
    if dataset not in KNOWN and path.stem in KNOWN:
        raise ValueError(f"{dataset} would be taken for the known data set {path.stem}: give it another name")
    if path != Path(dataset):
        return path.name, path.parent
    inside = data_dir is not None and (data_dir / dataset).exists()
    if inside or "/" not in dataset:
        return dataset, data_dir
    return path.name, path.parent
