"""The formulas of ``chain.c``, compiled for this machine where it has a compiler, and kept in the cache."""

import ctypes
import hashlib
import logging
import os
import shlex
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path

import torch

from analysis.datasets.places import whole_file
from analysis.machine import cache_dir

LOG = logging.getLogger(__name__)
SOURCE = Path(__file__).with_name("chain.c")
FLAGS = ("-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math", "-fPIC", "-shared")
REALS = {torch.float32: "float", torch.float64: "double"}


class LayerPlace(ctypes.Structure):
    """One layer of one network: ``Layer`` of ``chain.c``."""

    _fields_ = (
        ("outputs", ctypes.c_long),
        ("inputs", ctypes.c_long),
        *((name, ctypes.c_void_p) for name in ("parameter", "gradient", "signs", "scale", "values", "exchanged")),
    )


@lru_cache
def compiled(dtype: torch.dtype) -> ctypes.CDLL | None:
    """Load the formulas, once in a process; they are compiled once on a machine.

    The compiler is ``CC``, else ``cc``; an empty ``CC`` asks for none.

    Args:
        dtype: Of all values.

    Returns:
        A library with ``forward`` and ``backward``; None where there is no compiler, or none that works.
    """
    command = shlex.split(os.environ.get("CC", "cc"))
    if dtype not in REALS or not command:
        return None
    options = (*FLAGS, f"-DREAL={REALS[dtype]}")
    try:
        path = cache_dir() / "compiled" / f"{_key(command, options)}.so"
        if (kept := _recalled(path)) is not None:
            return kept
        _compile([*command, *options], path)
        return _loaded(path)
    except (OSError, subprocess.CalledProcessError) as error:
        LOG.info("small networks are trained by torch's products, as nothing can be compiled (%s)", error)
        return None


def _recalled(path: Path) -> ctypes.CDLL | None:
    if not path.is_file():
        return None
    try:
        return _loaded(path)
    except (OSError, AttributeError) as error:
        LOG.warning("cache %s is unreadable and made anew (%s)", path, error)
        return None


def _key(command: list[str], options: tuple[str, ...]) -> str:
    """Name what is compiled by its source, and by the compiler and the processor, which its macros tell."""
    macros = _answer([*command, *options, "-dM", "-E", "-x", "c", os.devnull])
    return hashlib.sha256(macros + SOURCE.read_bytes() + " ".join(options).encode()).hexdigest()[:32]


def _compile(command: list[str], path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder, whole_file(path) as file:
        made = Path(folder) / "made.so"
        _answer([*command, str(SOURCE), "-o", str(made), "-lm"])
        file.write(made.read_bytes())


def _answer(command: list[str]) -> bytes:
    return subprocess.run(command, capture_output=True, check=True).stdout  # noqa: S603 - the user's own compiler


def _loaded(path: Path) -> ctypes.CDLL:
    library = ctypes.CDLL(str(path.absolute()))
    place, count, number = ctypes.c_void_p, ctypes.c_long, ctypes.c_double
    library.forward.argtypes = [place, count, count, count, count, number, number, place]
    library.backward.argtypes = [place, count, count, count, count, place]
    return library
