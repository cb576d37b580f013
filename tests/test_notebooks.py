"""Notebooks run from the first cell to the last: all of them in seconds on a small scale, each in minutes on its own.

A notebook that trains has a cell with the tag ``parameters`` and, in it, ``live = "digits"``: the preset of what it
trains, which the quick test replaces.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
LONGEST = 120  # seconds, on two idle cores
LARGE = {"activations", "layers", "sample_complexity", "subspaces"}  # draw from hundreds of records, 10 seconds each
every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
every_notebook_in_turn = pytest.mark.parametrize(
    "path",
    [pytest.param(path, marks=pytest.mark.slow if path.stem in LARGE else (), id=path.stem) for path in NOTEBOOKS],
)
jupyter_warns = pytest.mark.filterwarnings("default")


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder ``notebooks`` beside the committed records and figures, where nothing reaches the checkout."""
    folder = tmp_path_factory.mktemp("project")
    for path in (*(ROOT / "data" / "results").iterdir(), ROOT / "figures"):
        link = folder / path.relative_to(ROOT)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(path)
    (folder / "notebooks").mkdir()
    return folder / "notebooks"


@pytest.fixture(scope="module")
def kernel(elsewhere: Path) -> Iterator[KernelManager]:
    """One for all notebooks, so that torch is loaded once."""
    manager = KernelManager()
    manager.start_kernel(cwd=str(elsewhere), env=os.environ | {"ANALYSIS_CACHE_DIR": str(elsewhere / "cache")})
    yield manager
    manager.shutdown_kernel(now=True)
    manager.context.destroy()


@jupyter_warns
@every_notebook_in_turn
def test_a_notebook_runs_on_the_smoke_preset(path: Path, kernel: KernelManager, elsewhere: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    tagged = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", ())]
    for cell in tagged:
        assert 'live = "digits"' in cell.source
        cell.source = cell.source.replace('"digits"', '"smoke"')
    anew = f"%reset -f\nimport os\nos.chdir({str(elsewhere)!r})"
    notebook.cells.insert(0, nbformat.v4.new_code_cell(anew))
    client = NotebookClient(notebook, km=kernel, timeout=600)
    try:
        client.execute()
    finally:
        client.kc.stop_channels()


@pytest.mark.slow
@jupyter_warns
@every_notebook
def test_a_notebook_runs_as_it_is_within_two_minutes(path: Path, elsewhere: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    start = time.monotonic()
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(elsewhere)}}).execute()
    assert time.monotonic() - start < LONGEST


@every_notebook
def test_a_notebook_is_committed_with_its_figures(path: Path) -> None:
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    outputs = [output for cell in cells for output in cell.outputs]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert not any(output.output_type == "error" for output in outputs)


@every_notebook
def test_a_notebook_defines_nothing_that_belongs_in_the_package(path: Path) -> None:
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    lines = [line for cell in cells for line in cell.source.splitlines()]
    assert [line for line in lines if line.startswith(("def ", "class "))] == []


@every_notebook
def test_links_of_a_notebook_lead_somewhere(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    targets = [part.split(")")[0].split("#")[0] for part in prose.split("](")[1:]]
    assert [each for each in targets if "://" not in each and not (path.parent / each).exists()] == []
