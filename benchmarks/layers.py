"""What every 1-Lipschitz layer costs, beside an ordinary one, its plain formula, the authors' code and named rivals.

Run:    python -m benchmarks.layers [--train] [--evaluate] [--rescaling] [--rivals] [--method NAME] [--threads 2]
        [--repeats 5] [--limit 60] [--device cpu]; all four sections if none is named
Small:  python -m benchmarks.layers --small
Cost:   on 2 cores 10 minutes for --train, 5 for the other sections together.

Times are the fastest of the repeats (fast calls up to ten times in each), in one process: an ordinary layer, ours and
its plain formula (:mod:`benchmarks.plain_layers`) take turns, so that a busy minute hits all of them. A training step
is forward, backward to parameters and images, and SGD with momentum; every layer has a bias, and weights are off the
start. Memory is what a step holds at the end of its forward pass
(:func:`analysis.evaluation.cost.memory_of_a_step`). ``--limit``: after so many seconds a layer takes no further turns.
With ``--device cuda`` training steps are timed in float32 and under autocast to bfloat16.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from getopt import getopt
from statistics import geometric_mean

import torch

from analysis.evaluation.cost import memory_of_a_step
from benchmarks.layer_evaluation import evaluations, report_evaluation, report_rescaling
from benchmarks.layer_sizes import AUTHORS, ORDINARY, OURS, SIZES, SMALL_SIZES, Size
from benchmarks.rival_layers import report_rivals
from benchmarks.stopwatch import Stopwatch, machine, training_step

SECTIONS = ["train", "evaluate", "rescaling", "rivals"]
FLAGS = [*SECTIONS, "small", "method=", "threads=", "repeats=", "limit=", "device="]


@dataclass(frozen=True)
class Cost:
    """Of one layer's training step.

    Args:
        seconds: Of the fastest step.
        relative: To the ordinary layer that took turns with it.
        memory: Megabytes held.
    """

    seconds: float
    relative: float
    memory: float


Costs = dict[str, dict[str, Cost]]  # by method, and by what took turns: ORDINARY, OURS, and names of plain formulas


def train(size: Size, method: str, watch: Stopwatch) -> dict[str, Cost]:
    """Cost of a training step of an ordinary layer, of ours and of the plain formulas, which take turns."""
    torch.manual_seed(0)
    layers = {ORDINARY: size.ordinary(), OURS: size.ours(method), **size.plain(method)}
    layers = {name: layer.to(watch.device) for name, layer in layers.items()}
    images = size.images().to(watch.device)
    memory = {name: memory_of_a_step(layer, images) for name, layer in layers.items()}
    seconds = watch.in_turn({name: training_step(layer, images, half=watch.half) for name, layer in layers.items()})
    return {name: Cost(seconds[name], seconds[name] / seconds[ORDINARY], memory[name] / 1e6) for name in layers}


def report_training(size: Size, costs: Costs) -> None:
    """Print one table: the methods at one size."""
    titles = "ms | x ordinary | authors' code | authors' / ours | plain | plain / ours | memory, MB | plain, MB"
    print(f"\n| {size.title} | {titles} |\n{'|---' * 9}|")
    ordinary = min((cost[ORDINARY] for cost in costs.values()), key=lambda cost: cost.seconds)
    print(f"| ordinary | {1e3 * ordinary.seconds:.2f} | 1.00 | | | | | {ordinary.memory:.3g} | |")
    for method, cost in costs.items():
        ours, authors = cost[OURS], AUTHORS.get(size, {}).get(method)
        published = f"{authors:g} | {authors / ours.relative:.2f}" if authors else " | "
        for name, plain in cost.items():
            if name not in {ORDINARY, OURS}:  # another variant of the plain formula has a line of its own
                first = f"{1e3 * ours.seconds:.2f} | {ours.relative:.2f} | {published}" if name == method else " | | | "
                gain = f"{plain.relative:.2f} | {plain.relative / ours.relative:.2f}"
                print(f"| {name} | {first} | {gain} | {ours.memory:.3g} | {plain.memory:.3g} |")


def against_authors(costs: dict[Size, Costs]) -> dict[tuple[str, Size], float]:
    """The authors' multiples over ours, by method and size."""
    return {
        (method, size): AUTHORS[size][method] / cost[OURS].relative
        for size, table in costs.items()
        for method, cost in table.items()
        if method in AUTHORS.get(size, {})
    }


def against_plain(costs: dict[Size, Costs]) -> dict[tuple[str, Size], float]:
    """The plain formula's time over ours, by its name and size."""
    return {
        (name, size): cost[name].relative / cost[OURS].relative
        for size, table in costs.items()
        for cost in table.values()
        for name in cost.keys() - {ORDINARY, OURS}
    }


def report_aims(costs: dict[Size, Costs]) -> None:
    """Print what is aimed at, and what came out."""
    print("\n| training steps | at least | here |\n|---|---|---|")
    authors = against_authors(costs)
    if authors:
        mean = geometric_mean(authors.values())
        print(f"| authors' / ours, geometric mean of {len(authors)} | 1.5 | {mean:.2f} |")
        _report_least("authors' / ours", f"{1 / 1.1:.2f}", authors)
        _report_least("authors' / ours", "4", {key: gain for key, gain in authors.items() if key[0] == "LOT"})
    _report_least("plain / ours", "1", against_plain(costs))


def _report_least(what: str, aim: str, gains: dict[tuple[str, Size], float]) -> None:
    if gains:
        (name, size), least = min(gains.items(), key=lambda item: item[1])
        print(f"| {what}, the least: {name}, {size.title} | {aim} | {least:.2f} |")


def _train_all(sizes: list[Size], chosen: Callable[[str], bool], watch: Stopwatch) -> None:
    if watch.half:
        print("\nUnder autocast to bfloat16:")
    costs: dict[Size, Costs] = {}
    for size in sizes:
        found = {method: train(size, method, watch) for method in filter(chosen, size.methods)}
        if found:
            costs[size] = found
            report_training(size, found)
            sys.stdout.flush()
    report_aims(costs)


def _watch(options: dict[str, str]) -> Stopwatch:
    small = "--small" in options
    return Stopwatch(
        repeats=int(options.get("--repeats", 1 if small else 5)),
        burst=0 if small else 0.2,
        limit=float(options.get("--limit", 60)),
        device=options.get("--device", "cpu"),
    )


def _choose(name: str | None) -> Callable[[str], bool]:
    known = {method for size in SIZES for method in size.methods}
    if name is not None and name not in known:
        raise SystemExit(f"unknown method {name!r}; known are {', '.join(sorted(known))}")
    return lambda method: name in {None, method}


def main(arguments: list[str]) -> None:
    """Run what was asked for, and print Markdown."""
    options = dict(getopt(arguments, "", FLAGS)[0])
    sections = [name for name in SECTIONS if f"--{name}" in options] or SECTIONS
    torch.set_num_threads(int(options.get("--threads", torch.get_num_threads())))
    watch, chosen = _watch(options), _choose(options.get("--method"))
    small = "--small" in options
    sizes = SMALL_SIZES if small else SIZES
    print(machine(watch.device))
    if "train" in sections:
        for half in (False, True) if watch.device.startswith("cuda") else (False,):
            _train_all(sizes, chosen, replace(watch, half=half))
    if "evaluate" in sections:
        report_evaluation(evaluations(sizes, chosen, watch))
    if "rescaling" in sections and chosen("AOL"):
        report_rescaling(*((6, 4) if small else (3072, 512)), watch)
    if "rivals" in sections:
        report_rivals(sizes, chosen, watch)


if __name__ == "__main__":
    main(sys.argv[1:])
