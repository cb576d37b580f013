"""The command line. Parses, and imports what it needs only then."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.arguments import parser

if TYPE_CHECKING:
    from analysis.commands import Workshop

SETTINGS = ("executor", "device", "radius", "fresh")  # of a workshop, where the command has them
RECORDED = ("mnist", "cifar10-jpeg")  # their figures are only drawn: the trials take hours, and are recorded
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
    options = parser().parse_args(arguments)
    try:
        return COMMANDS[options.command](options)
    except KeyboardInterrupt:
        print(
            "\ninterrupted: everything that was finished is kept; the same command goes on from there", file=sys.stderr
        )
        return 130
    except ExceptionGroup as group:
        for error in group.exceptions:
            print(f"failed: {error} {' '.join(getattr(error, '__notes__', []))}", file=sys.stderr)
        print(f"{group.message}; the others are kept, and the same command tries again", file=sys.stderr)
        return 1
    except (ValueError, TypeError, LookupError, OSError, ImportError) as error:
        from analysis.runner import FullDiskError

        print(f"error: {error}", file=sys.stderr)
        return 1 if isinstance(error, FullDiskError) else 2


def _figures(options: argparse.Namespace) -> int:
    from analysis.claims import claims
    from analysis.drawing import UNRECORDED, draw_all
    from analysis.page import write_page
    from analysis.studies import STUDIES

    chosen = _workshop(options, options.preset or "digits")
    print(chosen.about, end="")
    own = [study for study in STUDIES.values() if study.shelf is None]
    print(f"{chosen.figures}: ran {chosen.run([*filter(chosen.has, own)])} trials, the others were recorded")
    everything = options.preset is None and options.dataset is None
    wanted = [(chosen, study) for study in STUDIES.values() if everything or not chosen.keeps(study)]
    for workshop in [_workshop(options, name) for name in RECORDED] if everything else ():
        wanted += [(workshop, study) for study in own]
    undrawn = draw_all(wanted, print, chosen.executor)
    # What other data sets have no records of is named, and no fault of this command.
    complete = all(workshop is not chosen and isinstance(error, UNRECORDED) for workshop, error in undrawn)
    print(f"figures are in {options.out}/, and all of them on one page: {write_page(options.out, claims())}")
    return 0 if complete else 1


def _run(options: argparse.Namespace) -> int:
    from analysis.studies import find

    study = find(options.study)
    workshop = _workshop(options, options.preset or "digits")
    print(workshop.about, end="")
    place = study.shelf or workshop.preset.dataset
    print(f"{place}: ran {workshop.run([study])} trials of {study.name}, the others were recorded")
    return 0


def _draw(options: argparse.Namespace) -> int:
    from analysis.drawing import draw
    from analysis.studies import find

    study = find(options.study)
    drawn = draw(_workshop(options, options.preset or "digits"), study)
    print(f"{study.name} {'drawn' if drawn else 'is up to date'} in {options.out}/")
    return 0


def _status(options: argparse.Namespace) -> int:
    from analysis.commands import MissingRecordsError
    from analysis.runner import BrokenRecordError, StaleRecordError
    from analysis.studies import STUDIES, find

    study = find(options.study)
    workshop = _workshop(options, options.preset or "digits")
    try:
        lines = workshop.status(study).lines()
    except (MissingRecordsError, StaleRecordError, BrokenRecordError) as error:
        print(f"{study.name} follows the learning rates, which are not complete: {error}")
        study = STUDIES["learning_rate"]
        lines = workshop.status(study).lines()
    print(f"{study.name} on {study.shelf or workshop.preset.dataset}: {lines[0]}", *lines[1:], sep="\n")
    return 0


def _results(options: argparse.Namespace) -> int:
    from analysis.ledger import encoded
    from analysis.runner.files import write_whole
    from analysis.studies import find

    if options.format == "parquet" and options.out is None:
        raise ValueError("a table in the format parquet needs a file: --out FILE")
    study = find(options.study)
    rows, count = _workshop(options, options.preset or "digits").table(study)
    content = encoded(rows, options.format)
    if options.out is None:
        print(content.decode(), end="")
    else:
        write_whole(options.out, content)
    place = "" if options.out is None else f", in {options.out}"
    print(f"{study.name}: {len(rows)} of {count} trials are recorded{place}", file=sys.stderr)
    return 0


def _clean(options: argparse.Namespace) -> int:
    from analysis.cleaning import unasked
    from analysis.commands import RESULTS

    asked: dict[str, set[str]] = {}
    unknown: set[str] = set()
    for workshop in _workshops(options):
        names = workshop.asked_for()
        if names is None:
            unknown.add(workshop.preset.dataset)
        for dataset, records in (names or {}).items():
            asked.setdefault(dataset, set()).update(records)
    found = unasked(RESULTS, {dataset: names for dataset, names in asked.items() if dataset not in unknown})
    print("\n".join([*found.lines(), f"{len(found.records)} records, {len(found.leftovers)} leftovers"]))
    if not found.records and not found.leftovers:
        return 0
    if options.yes or (sys.stdin.isatty() and input("remove them? [y/N] ").strip().lower() in ("y", "yes")):
        print(f"removed {found.remove()} files")
    else:
        print("nothing is removed without --yes")
    return 0


def _claims(options: argparse.Namespace) -> int:
    from analysis.claims import claims, page
    from analysis.runner.files import write_whole

    judged = claims()
    write_whole(options.out, page(judged).encode())
    print(f"{len(judged)} claims are judged in {options.out}")
    return 0


def _list(options: argparse.Namespace) -> int:
    from analysis.datasets import FORM, KNOWN
    from analysis.runner import EXECUTORS
    from analysis.studies import STUDIES
    from analysis.studies.presets import PRESETS

    for study in STUDIES.values():
        print(f"{study.name:20}{study.question}")
    print(f"\npresets: {', '.join(PRESETS)}\ndata sets: {', '.join(KNOWN)}, or a file or folder of images; {FORM}")
    print("executors:", *(f"  {kind.usage}: {kind.meaning}" for kind in EXECUTORS.values()), sep="\n")
    return 0


def _data(options: argparse.Namespace) -> int:
    from analysis.datasets import FORM, KNOWN, load, recipe_of

    recipe = recipe_of(options.name)
    if (recipe.source if recipe else options.name) not in KNOWN:
        raise ValueError(f"unknown data set {options.name!r}; known are {', '.join(KNOWN)}; {FORM}")
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
    """With a gallery where the command draws."""
    from dataclasses import replace

    from analysis.commands import PRESETS, Workshop
    from analysis.datasets import load
    from analysis.gallery import Gallery
    from analysis.own_data import described, own_preset
    from analysis.runner import refuse_unknown

    if name not in PRESETS:
        raise ValueError(f"unknown preset {name!r}; known are {', '.join(PRESETS)}")
    settings = {key: value for key, value in vars(options).items() if key in SETTINGS}
    refuse_unknown(settings.get("executor", "serial"))
    preset, data_dir = PRESETS[name], options.data_dir
    if options.dataset is not None:
        dataset, data_dir = _located(options.dataset, data_dir)
        data = load(dataset, data_dir)
        preset = own_preset(preset, data, data_dir)
        settings["about"] = described(data)
    if options.seeds is not None:
        preset = replace(preset, seeds=tuple(range(options.seeds)))
    if settings.get("radius") is not None:
        replace(preset, radius=options.radius)  # refuses an impossible one
    figures = name if options.dataset is None else preset.dataset
    gallery = Gallery(options.out) if "executor" in settings else None
    return Workshop(preset, figures, gallery, data_dir, **settings)


def _workshops(options: argparse.Namespace) -> "Iterator[Workshop]":
    """Everything that can be asked for: all presets, with their own seeds and those given, and data of the user's."""
    from analysis.commands import PRESETS

    for seeds in {None, options.seeds}:
        declared = vars(options) | {"dataset": None, "seeds": seeds}
        yield from (_workshop(argparse.Namespace(**declared), name) for name in PRESETS)
        if options.dataset is not None:
            yield _workshop(argparse.Namespace(**vars(options) | {"seeds": seeds}), options.preset or "digits")


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


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "figures": _figures,
    "run": _run,
    "draw": _draw,
    "status": _status,
    "results": _results,
    "clean": _clean,
    "claims": _claims,
    "data": _data,
    "list": _list,
    "trial": _trial,
}
