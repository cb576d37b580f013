"""Published tables: where each comes from, and how it is read."""

from dataclasses import dataclass
from importlib.resources import files
from math import sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

AOL = "Prach and Lampert 2022, Almost-Orthogonal Layers (arXiv 2208.03160)"
LAYERS = "Prach, Brau, Buttazzo and Lampert 2024, 1-Lipschitz Layers Compared (arXiv 2311.16833)"


@dataclass(frozen=True)
class Table:
    """A published table.

    Attributes:
        name: Of the file, without its ending.
        paper: Authors, year, title and number; ``several`` where each row names its own.
        place: Where in it.
        contents: What a row is, and what it was measured on.

    Example:
        >>> TABLES["aol_cifar100"].place
        'Table 4'
    """

    name: str
    paper: str
    place: str
    contents: str

    @property
    def source(self) -> str:
        """Paper and place, for a caption."""
        return f"{self.paper}, {self.place}"


def _budgets(name: str, place: str, images: str) -> Table:
    return Table(name, LAYERS, place, f"one layer, size and budget of 2, 10 or 24 hours on an A100; {images}")


_TABLES = (
    Table("aol_cifar10", AOL, "Tables 3, 5 and 6, and README of its code", "one network and offset; CIFAR-10"),
    Table("aol_cifar100", AOL, "Table 4", "one network, offset sqrt2; CIFAR-100"),
    _budgets("layers_compared_cifar10", "Table 9", "CIFAR-10"),
    _budgets("layers_compared_cifar100", "Table 10", "CIFAR-100"),
    _budgets("layers_compared_tiny_imagenet", "Table 11", "Tiny ImageNet"),
    _budgets("layers_compared_cifar10_1x1", "Table 12", "1 x 1 kernels; CIFAR-10"),
    Table("layers_compared_epochs_in_2h", LAYERS, "Table 8", "epochs of one layer and size in 2 hours; CIFAR-10"),
    Table(
        "layers_compared_cifar10_24h_runs",
        LAYERS,
        "logs of its code",
        "one run of 24 hours, diverged ones too; CIFAR-10",
    ),
    Table(
        "layers_compared_cifar10_24h_large_and_1x1",
        LAYERS,
        "statistics.csv of its code",
        "the largest networks and those of 1 x 1 kernels, 24 hours; CIFAR-10",
    ),
    Table("state_of_the_art_cifar10_l2", "several", "as each row says", "one network, some second-hand; CIFAR-10"),
)
TABLES: dict[str, Table] = {table.name: table for table in _TABLES}


def load(name: str) -> "pd.DataFrame":
    """Read a published table.

    Accuracies and certified robust accuracies (CRA) are in per cent, in columns that end in ``_percent``; radii are l2,
    pixels in [0, 1]. Offsets are numbers, in units of the scores. Cells that the source leaves empty are nan. A
    training that diverged has the accuracy of a guess and nothing certified, as it was published.

    Args:
        name: One of ``TABLES``.

    Returns:
        One row per row of the source; the column ``source`` says where it stands.

    Raises:
        ValueError: If the name is unknown; the message lists the known ones.

    Example:
        >>> load("layers_compared_cifar10").groupby("layer")["cra_36_255_percent"].max()
    """
    import pandas as pd

    if name not in TABLES:
        raise ValueError(f"unknown table {name!r}; known are {', '.join(TABLES)}")
    with (files("analysis.published") / f"{name}.csv").open(encoding="utf-8") as file:
        rows = pd.read_csv(file)
    rows = rows.rename(columns={column: f"{column}_percent" for column in rows if _is_bare_share(str(column))})
    if "offset" in rows:
        rows["offset"] = [_number(text) for text in rows["offset"]]
    return rows if "source" in rows else rows.assign(source=TABLES[name].source)


def _is_bare_share(column: str) -> bool:
    return column.endswith("accuracy") or ("cra_" in column and not column.endswith("_percent"))


def _number(text: object) -> float:
    r"""The number in words such as ``sqrt2/16`` and ``4 sqrt2``; nan where there is none."""
    if not isinstance(text, str):
        return float("nan")
    before, _, after = text.partition("sqrt2")
    return float(before or 1) * sqrt(2) / float(after.removeprefix("/") or 1)
