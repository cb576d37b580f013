"""Executors by name. Anything with the ``concurrent.futures`` interface can be passed to ``run`` directly."""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any

from analysis.runner.dask_workers import DaskExecutor
from analysis.runner.graphics import graphics_cards
from analysis.runner.processes import processes
from analysis.runner.slurm import SlurmExecutor, slurm_request

Maker = Callable[[], Executor]


class SerialExecutor(Executor):
    """Runs each call at once in the calling thread, so that an interrupt reaches it."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Call ``fn`` and return its finished future.

        Args:
            fn: What to call.
            *args: Its arguments.
            **kwargs: Its keyword arguments.

        Returns:
            A future that already holds the result or the exception.
        """
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


@dataclass(frozen=True)
class Kind:
    """A kind of executor.

    Attributes:
        usage: How its name is written.
        meaning: Where the work is done, a few words.
        maker: From what follows the colon, and the torch device that the calls use or None, to what makes it; refuses
            what cannot be read, and starts nothing.
    """

    usage: str
    meaning: str
    maker: Callable[[str, str | None], Maker]


def executor(name: str, device: str | None = None) -> Executor:
    """Make an executor by name.

    Args:
        name: One of ``EXECUTORS``, with its options behind a colon: ``serial``, ``processes:4``,
            ``dask:tcp://10.0.0.1:8786``, ``slurm:partition=gpu,gpus=1,time=60``.
        device: Torch device that the calls will use: workers are spread over graphics cards unless it is another.

    Returns:
        A new executor.

    Raises:
        ValueError: If the name is unknown or its options cannot be read; the message lists what is known.
        ModuleNotFoundError: If a library is missing that an extra installs; the message says which.
        ConnectionError: If no scheduler answers.

    Example:
        >>> with executor("processes") as pool:
        ...     run(function, specs, store, pool)
    """
    return _maker(name, device)()


def refuse_unknown(name: str) -> None:
    """Refuse what :func:`executor` would refuse, without starting or reaching anything.

    Args:
        name: Of an executor, with its options.

    Raises:
        ValueError: If the name is unknown or its options cannot be read; the message lists what is known.
        ModuleNotFoundError: If a library is missing that an extra installs; the message says which.
    """
    _maker(name, None)


def _maker(name: str, device: str | None) -> Maker:
    kind, _, options = name.partition(":")
    if kind not in EXECUTORS:
        raise ValueError(f"unknown executor {name!r}; known are {', '.join(each.usage for each in EXECUTORS.values())}")
    return EXECUTORS[kind].maker(options, device)


def _serial(options: str, device: str | None) -> Maker:
    if options:
        raise ValueError(f"serial has no options, got {options!r}")
    return SerialExecutor


def _processes(options: str, device: str | None) -> Maker:
    if options and not options.isdecimal():
        raise ValueError(f"processes is followed by the number of workers, as in processes:4, got {options!r}")
    workers = int(options) if options else None
    if workers is not None and workers < 1:
        raise ValueError(f"workers must be at least 1, got {workers}")
    if device in (None, "cuda"):
        return lambda: processes(workers, cards=graphics_cards())
    one_card = device is not None and device.startswith("cuda")
    return partial(processes, 1 if one_card and workers is None else workers)


def _dask(options: str, device: str | None) -> Maker:
    _refuse_absent("dask", "distributed")
    if not options:
        raise ValueError("dask is followed by the address of the scheduler, as in dask:tcp://10.0.0.1:8786")
    return partial(DaskExecutor, options)


def _slurm(options: str, device: str | None, *, cluster: str) -> Maker:
    _refuse_absent("slurm", "submitit")
    return partial(SlurmExecutor, slurm_request(options), cluster=cluster)


def _refuse_absent(extra: str, library: str) -> None:
    if find_spec(library) is None:
        raise ModuleNotFoundError(f'this executor needs {library}: pip install ".[{extra}]"', name=library)


EXECUTORS: Mapping[str, Kind] = {
    "serial": Kind("serial", "one after another, in this process", _serial),
    "processes": Kind("processes[:WORKERS]", "one worker per core, or per graphics card", _processes),
    "dask": Kind("dask:ADDRESS", "the workers of a Dask scheduler", _dask),
    "slurm": Kind(
        "slurm[:partition=NAME,gpus=1,cpus=4,memory=16,time=60,jobs=100]",
        "jobs of a Slurm cluster; memory in GB, time in minutes, jobs at once",
        partial(_slurm, cluster="slurm"),
    ),
    "slurm-local": Kind(
        "slurm-local[:OPTIONS]", "the same jobs on this machine, to try", partial(_slurm, cluster="local")
    ),
}
