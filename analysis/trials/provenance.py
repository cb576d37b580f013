"""Where a record came from."""

import platform
import subprocess
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

LIBRARIES = ("numpy", "scipy", "torch")


@lru_cache(maxsize=1)
def software() -> dict[str, str | None]:
    """Versions of the package, of its commit and of the libraries that numbers depend on.

    Returns:
        Names to versions. ``commit`` ends in ``-dirty`` where the package's files differ from it, and is None outside
        a checkout.
    """
    libraries = {name: version(name) for name in LIBRARIES}
    package = version("robust-classification-analysis")
    return {"package": package, "commit": _commit(), "python": platform.python_version(), **libraries}


def processor() -> str:
    """Name of the processor, as the operating system tells it."""
    listing = Path("/proc/cpuinfo")
    lines = listing.read_text().splitlines() if listing.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def _commit() -> str | None:
    folder = Path(__file__).resolve().parents[1]
    commit = _git(folder, "rev-parse", "--short=12", "HEAD")
    if commit is None or _git(folder, "ls-files", "--error-unmatch", "__init__.py") is None:
        return None  # installed, perhaps inside somebody else's repository
    return f"{commit}-dirty" if _git(folder, "diff", "--quiet", "HEAD", "--", ".") is None else commit


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        return subprocess.run(  # noqa: S603 - fixed arguments
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - git from the user's path
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
