"""Image data sets as Hugging Face stores them: parquet files with encoded images and labels."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from analysis.datasets.cache import cached, content_key
from analysis.datasets.checksums import MEND
from analysis.datasets.dataset import Dataset, numbered_classes
from analysis.datasets.decode import EncodedDataset, decode

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

LABEL_COLUMNS = ("label", "labels", "fine_label")  # the usual names, for where there are several columns
ROWS_AT_A_TIME = 4096


def read_parquet(path: Path) -> Dataset:
    """Read a data set from parquet files, through the cache of decoded images.

    Files called ``train-*`` and ``test-*`` are those splits; without ``test-*``, ``validation-*`` is the
    test set, and without either a sixth is held out. Where no name speaks of a split, all is training.

    Use: ``read_parquet(data_dir / "cifar10-jpeg")``.

    Args:
        path: One file, a folder of them, or a folder whose only subfolder with such files is meant.

    Returns:
        The data set; classes are called as the schema's metadata says, else "0", "1" and so on.
    """
    training, test = _by_split(files_in(path))
    names = {f"{role} {file.name}": file for role, files in (("train", training), ("test", test)) for file in files}
    key = content_key("parquet", names)
    return cached(key, lambda: _encoded(training, test).decoded(path.stem))


def row_groups(path: Path) -> list[Callable[[], NDArray[np.uint8]]]:
    """Cut the training images into the row groups of their files, for a set that is too large to be held decoded.

    Use: ``subspaces.moments_of(row_groups(path), executor=pool)``: workers call what they get.

    Args:
        path: As for ``read_parquet``.

    Returns:
        Functions without arguments. Each decodes the images of one row group, ``(n, height, width, channels)``, with
        one channel if all of that group are grey.
    """
    training, _ = _by_split(files_in(path))
    counts = [(file, _row_counts(file)) for file in training]
    return [partial(_row_group, file, group, rows) for file, each in counts for group, rows in enumerate(each) if rows]


def _row_counts(path: Path) -> list[int]:
    with _opened(path) as file:
        return [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]


def _row_group(path: Path, group: int, rows: int) -> NDArray[np.uint8]:
    return decode(_images(path, [group]), rows)


def files_in(path: Path) -> list[Path]:
    """List the parquet files that a path stands for.

    Args:
        path: A file or folder.

    Returns:
        The file itself, or those in the folder, or those in its subfolder; sorted, perhaps none.

    Raises:
        ValueError: If several subfolders have such files.
    """
    if path.suffix == ".parquet" and path.is_file():
        return [path]
    here = sorted(path.glob("*.parquet"))
    below = sorted(path.glob("*/*.parquet"))
    folders = sorted({file.parent.name for file in below})
    if not here and len(folders) > 1:
        raise ValueError(f"{path} has parquet files in {', '.join(folders)}: give the path to one of these")
    return here or below


def _by_split(files: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    named: dict[str, list[Path]] = {}
    for file in files:
        found = re.match(r"(train|test|val)(id|idation)?([-._]|$)", file.stem)
        named.setdefault(found[1] if found else "", []).append(file)
    test = named.get("test") or named.get("val") or []
    training = named.get("train") or ([] if test else named.get("", []))
    if not training:
        raise ValueError(f"{files[0].parent} has no train-*.parquet, only {', '.join(f.name for f in files)}")
    return training, test


def _encoded(training: Sequence[Path], test: Sequence[Path]) -> EncodedDataset:
    files = [*training, *test]
    labels = [_labels(file) for file in files]
    images = (image for file in files for image in _images(file))
    classes = _class_names(files[0]) or numbered_classes(*labels)
    count = sum(map(len, labels[: len(training)]))
    return EncodedDataset(images, np.concatenate(labels), count, classes)


def _labels(path: Path) -> NDArray[np.int64]:
    with _opened(path) as file:
        column = file.read([_label_column(file.schema_arrow)])[0]
        if column.null_count:
            raise ValueError(f"{path}: {column.null_count} of {len(column)} labels are missing")
        labels: NDArray[np.int64] = column.to_numpy().astype(np.int64)
        return labels


def _images(path: Path, groups: list[int] | None = None) -> Iterator[tuple[str, bytes]]:
    """Content of the images, each with its place; of some row groups, its place among them."""
    place = path if groups is None else f"{path}, row group {', '.join(map(str, groups))}"
    with _opened(path) as file:
        name, row = _image_column(file.schema_arrow), 0
        for batch in file.iter_batches(ROWS_AT_A_TIME, row_groups=groups, columns=[name]):
            for content in batch.column(0).field("bytes"):
                yield f"{place}, row {row}", content.as_py() or b""
                row += 1


def _class_names(path: Path) -> tuple[str, ...] | None:
    with _opened(path) as file:
        schema = file.schema_arrow
        description = json.loads((schema.metadata or {}).get(b"huggingface", "{}"))
        feature = description.get("info", {}).get("features", {}).get(_label_column(schema), {})
        return tuple(feature["names"]) if "names" in feature else None


def _image_column(schema: "pa.Schema") -> str:
    import pyarrow as pa

    found = [f.name for f in schema if pa.types.is_struct(f.type) and f.type.get_field_index("bytes") >= 0]
    if len(found) != 1:
        raise ValueError(f"expected one column of images (a struct with bytes), found {found} in {schema.names}")
    return str(found[0])


def _label_column(schema: "pa.Schema") -> str:
    import pyarrow as pa

    integers = [field.name for field in schema if pa.types.is_integer(field.type)]
    usual = [name for name in LABEL_COLUMNS if name in integers]
    if not usual and len(integers) != 1:
        raise ValueError(f"expected a column of integer labels, {LABEL_COLUMNS}, found {integers} in {schema.names}")
    return str((usual or integers)[0])


@contextmanager
def _opened(path: Path) -> Iterator["ParquetFile"]:
    """Open a file; what is wrong in it is a ValueError that names it."""
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

    try:
        with ParquetFile(path) as file:
            yield file
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"{path} is not a readable parquet file ({error}): {MEND}") from error
    except ValueError as error:
        raise error if str(path) in str(error) else ValueError(f"{path}: {error}") from error
