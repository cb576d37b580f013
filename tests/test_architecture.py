"""The shape of the house: who may import whom, who may load torch, how long things may be, and nothing at import."""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1] / "analysis"
FILES = sorted(ROOT.rglob("*.py"))
every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())

MAY_IMPORT: dict[str, set[str]] = {
    "__init__": set(),
    "__main__": {"cli"},
    "cli": {
        "arguments",
        "claims",
        "cleaning",
        "commands",
        "gallery",
        "ledger",
        "own_data",
        "page",
        "studies",
        "trials",
        "datasets",
        "drawing",
        "runner",
    },
    "arguments": {"trials"},
    "commands": {"runner", "studies", "trials", "plots", "gallery", "ledger"},
    "drawing": {"commands", "gallery", "runner", "studies"},
    "own_data": {"datasets", "studies", "trials"},
    "cleaning": {"runner"},
    "ledger": {"runner"},
    "questions": {"plots", "scaling"},
    "gallery": {"plots", "runner", "studies"},
    "page": {"claims", "gallery", "plots", "published", "runner", "studies"},
    "claims": {"studies", "runner", "scaling", "theory", "published"},
    "studies": {"trials", "plots", "scaling", "theory", "published"},
    "trials": {
        "datasets",
        "subspaces",
        "models",
        "losses",
        "training",
        "evaluation",
        "lipschitz",
        "theory",
        "machine",
    },
    "estimators": {"datasets", "subspaces", "models", "losses", "training", "evaluation", "lipschitz"},
    "evaluation": {"lipschitz"},
    "models": {"datasets", "lipschitz", "machine"},  # the former writes files whole
    "machine": set(),
    "runner": {"machine"},
    "plots": set(),
    "scaling": set(),
    "theory": set(),
    "published": set(),
    "lipschitz": set(),
    "losses": set(),
    "training": set(),
    "datasets": {"machine"},
    "subspaces": set(),
}
NEVER_TORCH = {
    "__init__",
    "__main__",
    "arguments",
    "claims",
    "cleaning",
    "cli",
    "commands",
    "datasets",
    "drawing",
    "gallery",
    "ledger",
    "machine",
    "own_data",
    "page",
    "plots",
    "published",
    "questions",
    "runner",
    "scaling",
    "studies",
    "subspaces",
    "theory",
}
TORCH_FILES = {"datasets/batches.py", "datasets/cohort_batches.py"}  # of the parts above
TORCH_WHEN_ASKED_FILES = {"subspaces/device.py", "subspaces/int8.py"}  # inside functions only
NEVER_TORCH_AT_IMPORT = NEVER_TORCH | {"trials", "estimators"}
TRAINING_FILES = {
    f"trials/{name}.py"
    for name in ("checkpoint", "cohort", "fitting", "looks", "measure", "pacing", "setup", "stopwatch")
}
TORCH_AT_IMPORT_FILES = TORCH_FILES | TRAINING_FILES | {"estimators/network.py"}
LONGEST_FUNCTION, LONGEST_FILE = 40, 300


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def part(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").parts[0]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(nodes: Iterator[ast.AST]) -> Iterator[str]:
    """Dotted names of all that is imported; ``from a import b`` counts as ``a.b``, which b may be."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            yield from (f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names)


def outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    """What runs when the module is imported."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from outside_functions(child)


def loads_torch(names: Iterator[str]) -> bool:
    return any(name.split(".")[0] in {"torch", "torchvision"} for name in names)


def lines_of_code(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """From ``def`` to the last line, without the docstring."""
    first = node.body[0]
    documented = ast.get_docstring(node) is not None
    docstring = (first.end_lineno or 0) - first.lineno + 1 if documented else 0
    return (node.end_lineno or 0) - node.lineno + 1 - docstring


@every_file
def test_imports_point_one_way(path: Path) -> None:
    assert part(path) in MAY_IMPORT, f"{part(path)} is new: say in MAY_IMPORT what it may import"
    inside = [name.split(".") for name in imports(ast.walk(tree(path))) if name.split(".")[0] == "analysis"]
    assert {names[1] for names in inside if len(names) > 1} <= MAY_IMPORT[part(path)] | {part(path)}


def test_imports_are_absolute_and_not_hidden() -> None:
    for path in FILES:
        assert [name for name in imports(ast.walk(tree(path))) if name.startswith(".")] == [], path
        called = {ast.unparse(node.func) for node in ast.walk(tree(path)) if isinstance(node, ast.Call)}
        assert called.isdisjoint({"__import__", "import_module", "importlib.import_module"}), path


def test_the_table_has_no_cycle_and_nothing_forgotten() -> None:
    done: set[str] = set()
    while ready := {name for name, needs in MAY_IMPORT.items() if name not in done and needs <= done}:
        done |= ready
    assert done == set(MAY_IMPORT)


@every_file
def test_torch_stays_where_networks_are(path: Path) -> None:
    anywhere, at_import = ast.walk(tree(path)), outside_functions(tree(path))
    if part(path) in NEVER_TORCH and name_of(path) not in TORCH_FILES | TORCH_WHEN_ASKED_FILES:
        assert not loads_torch(imports(anywhere))
    if part(path) in NEVER_TORCH_AT_IMPORT and name_of(path) not in TORCH_AT_IMPORT_FILES:
        assert not loads_torch(imports(at_import))


def test_nobody_draws_through_pyplot() -> None:
    """Pyplot keeps figures alive and chooses a backend; figures here belong to whoever made them."""
    for path in FILES:
        assert [name for name in imports(ast.walk(tree(path))) if "pyplot" in name or "pylab" in name] == [], path


def test_functions_are_short() -> None:
    long = {
        f"{name_of(path)}: {node.name}": lines_of_code(node)
        for path in FILES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and lines_of_code(node) > LONGEST_FUNCTION
    }
    assert long == {}


def test_files_are_short() -> None:
    lines = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    assert {name: count for name, count in lines.items() if count >= LONGEST_FILE} == {}


def test_names_say_what_is_inside() -> None:
    empty = {"utils", "util", "helpers", "misc", "common"}
    assert [path for path in FILES if not empty.isdisjoint(path.relative_to(ROOT).with_suffix("").parts)] == []


def test_only_the_command_line_prints() -> None:
    for path in FILES:
        names = {node.id for node in ast.walk(tree(path)) if isinstance(node, ast.Name)}
        assert "print" not in names or name_of(path) == "cli.py", path


OBSERVE = """
import json, random, sys
import numpy, matplotlib
if {with_torch}:
    import torch
def state():
    before = [str(random.getstate()), str(numpy.random.get_state())]
    return before + ([torch.get_rng_state().tolist(), torch.initial_seed()] if {with_torch} else [])
def raw():  # reading the backend would choose one
    return dict(dict.items(matplotlib.rcParams))
before, settings = state(), raw()
import importlib
for name in {names!r}:
    importlib.import_module(name)
print(json.dumps({{
    "random state kept": state() == before,
    "settings kept": raw() == settings,
    "backend": matplotlib.get_backend(auto_select=False),
    "modules": sorted(sys.modules),
    "cuda": "torch" in sys.modules and torch.cuda.is_initialized(),
}}))
"""


def modules(*, torch: bool) -> list[str]:
    """Dotted names of all modules, or of those that may not load torch when they are imported."""
    chosen = [path for path in FILES if torch or part(path) in NEVER_TORCH_AT_IMPORT]
    kept = [path for path in chosen if torch or name_of(path) not in TORCH_AT_IMPORT_FILES]
    return [".".join(("analysis", *path.relative_to(ROOT).with_suffix("").parts)) for path in kept]


@pytest.fixture(scope="module", params=[False, True], ids=["without-torch", "everything"])
def observed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What is different after all modules were imported, in a new process and an empty folder."""
    folder = tmp_path_factory.mktemp("empty")
    code = OBSERVE.format(with_torch=request.param, names=modules(torch=request.param))
    environment = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    environment["ANALYSIS_CACHE_DIR"] = str(folder / "cache")
    output = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=folder,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, Any] = json.loads(output.stdout)
    found["files"] = [path.name for path in folder.rglob("*")]
    found["said"] = output.stderr
    found["torch asked for"] = request.param
    return found


def test_nothing_happens_at_import(observed: dict[str, Any]) -> None:
    assert observed["files"] == []
    assert observed["said"] == ""
    assert observed["random state kept"]
    assert not observed["cuda"]


def test_matplotlib_is_left_alone_at_import(observed: dict[str, Any]) -> None:
    assert observed["settings kept"]
    assert observed["backend"] is None
    assert "matplotlib.pyplot" not in observed["modules"]


def test_torch_is_loaded_only_by_what_trains(observed: dict[str, Any]) -> None:
    assert set(modules(torch=observed["torch asked for"])) <= set(observed["modules"])
    assert ("torch" in observed["modules"]) == observed["torch asked for"]
