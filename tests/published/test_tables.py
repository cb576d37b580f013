"""Published tables are what their sources say: numbers spot-checked, every row with its source, all in the wheel."""

import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import pytest

from analysis import published

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "analysis" / "published"
GIVEN = ROOT.parent / "shared" / "published"
METHODS = {"AOL", "BCOP", "BnB", "Cayley", "CPL", "ECO", "LOT", "SLL", "SOC"}
ROWS = {
    "aol_cifar10": 16,
    "aol_cifar100": 3,
    "layers_compared_cifar10": 81,
    "layers_compared_cifar100": 81,
    "layers_compared_tiny_imagenet": 81,
    "layers_compared_cifar10_1x1": 90,
    "layers_compared_epochs_in_2h": 31,
    "layers_compared_cifar10_24h_runs": 26,
    "layers_compared_cifar10_24h_large_and_1x1": 37,
    "state_of_the_art_cifar10_l2": 7,
}
NUMBERS = [
    ("aol_cifar10", "model == 'AOL-Small' and 5 < offset < 6", "cra_1_percent", 30.8),
    ("aol_cifar10", "model == 'AOL-Small' and offset < 0.1", "accuracy_percent", 79.8),
    ("aol_cifar10", "model == 'AOL-DIL'", "cra_36_255_percent", 54.2),
    ("aol_cifar100", "model == 'AOL-Large'", "cra_108_255_percent", 20.7),
    ("layers_compared_cifar10", "layer == 'SOC' and size == 'M' and budget_hours == 24", "cra_36_255_percent", 66.3),
    ("layers_compared_cifar10", "layer == 'CPL' and size == 'XS' and budget_hours == 2", "accuracy_percent", 71.7),
    ("layers_compared_cifar10", "layer == 'AOL' and size == 'L' and budget_hours == 10", "lr", 0.02),
    ("layers_compared_cifar100", "layer == 'LOT' and size == 'S' and budget_hours == 10", "accuracy_percent", 45.2),
    ("layers_compared_cifar100", "layer == 'CPL' and size == 'S' and budget_hours == 24", "accuracy_percent", 1.0),
    (
        "layers_compared_tiny_imagenet",
        "layer == 'Cayley' and size == 'L' and budget_hours == 2",
        "cra_36_255_percent",
        0.9,
    ),
    ("layers_compared_cifar10_1x1", "layer == 'SOC' and size == 'L' and budget_hours == 10", "accuracy_percent", 69.2),
    ("layers_compared_cifar10_24h_runs", "layer == 'SOC' and size == 'M'", "train_cra_36_255_percent", 83.87),
    ("layers_compared_cifar10_24h_runs", "layer == 'CPL' and accuracy_percent < 11", "nan_epoch", 3294),
    ("layers_compared_cifar10_24h_large_and_1x1", "layer == 'BnB' and size == 'M_1x1'", "cra_72_255_percent", 41.51),
    ("layers_compared_epochs_in_2h", "layer == 'LOT' and size == 'M'", "epochs", 11),
    ("state_of_the_art_cifar10_l2", "method.str.startswith('AOL-MLP')", "cra_36_255_percent", 77.6),
]
every_table = pytest.mark.parametrize("name", published.TABLES)


@every_table
def test_every_table_loads_whole(name: str) -> None:
    rows = published.load(name)
    assert len(rows) == ROWS[name]
    assert rows["source"].str.len().min() > 5
    shares = rows.filter(like="percent")
    assert ((shares >= 0) & (shares <= 100) | shares.isna()).all(axis=None)
    assert "layer" not in rows or set(rows["layer"]) <= METHODS


@every_table
def test_accuracy_falls_with_the_radius(name: str) -> None:
    rows = published.load(name)
    order = ("accuracy", "cra_36_255", "cra_72_255", "cra_108_255", "cra_1")
    columns = [f"{column}_percent" for column in order if f"{column}_percent" in rows]
    values = rows[columns].dropna().to_numpy(dtype=float)
    assert (np.diff(values, axis=1) <= 0).all()


def test_the_files_are_the_tables() -> None:
    assert {path.stem for path in FOLDER.glob("*.csv")} == set(published.TABLES) == set(ROWS)


@every_table
def test_the_files_are_the_given_ones(name: str) -> None:
    given = GIVEN / f"{name}.csv"
    if not given.exists():
        pytest.skip("the tables that these were taken from are not beside the checkout")
    assert (FOLDER / given.name).read_text() == given.read_text()


@pytest.mark.parametrize(("name", "where", "column", "value"), NUMBERS, ids=str)
def test_numbers_are_the_published_ones(name: str, where: str, column: str, value: float) -> None:
    (found,) = published.load(name).query(where)[column]
    assert found == value


def test_offsets_are_numbers() -> None:
    ablation = published.load("aol_cifar10").query("source.str.endswith('Table 5')")
    np.testing.assert_allclose(ablation["offset"], 2**0.5 * 4.0 ** np.arange(-2, 3), rtol=1e-15)
    (standard,) = published.load("aol_cifar10").query("model == 'Standard CNN'")["offset"]
    assert np.isnan(standard)


@every_table
def test_every_table_says_where_it_comes_from(name: str) -> None:
    table = published.TABLES[name]
    assert table.name == name
    assert "arXiv" in table.source or table.paper == "several"
    assert set(published.load(name)["source"]) != {""}
    assert "CIFAR" in table.contents or "ImageNet" in table.contents


def test_unknown_names_list_the_known() -> None:
    with pytest.raises(ValueError, match="unknown table 'aol'; known are aol_cifar10, "):
        published.load("aol")


def test_the_wheel_holds_the_tables() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    held = [
        path.relative_to(ROOT / "analysis").as_posix() for path in FOLDER.iterdir() if path.suffix in {".csv", ".md"}
    ]
    assert len(held) == len(published.TABLES) + 1
    assert all(any(fnmatch(name, pattern) for pattern in settings["analysis"]) for name in held)


def test_pandas_is_loaded_by_reading_alone() -> None:
    code = "import sys; import analysis.published; sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
