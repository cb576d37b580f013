"""Row groups are decoded one at a time, by whoever calls for them."""

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from analysis.datasets.parquet import read_parquet, row_groups
from analysis.runner.executors import SerialExecutor
from analysis.subspaces import Moments, moments_of

LEVELS = np.random.default_rng(0).integers(256, size=(23, 4, 5, 3), dtype=np.uint8)


@pytest.fixture
def folder(tmp_path: Path, encode: Callable[..., bytes]) -> Path:
    def write(name: str, images: NDArray, size: int) -> None:
        rows = [{"bytes": encode(image), "path": None} for image in images]
        column = pa.array(rows, pa.struct({"bytes": pa.binary(), "path": pa.string()}))
        pq.write_table(pa.table({"img": column, "label": np.arange(len(images)) % 2}), tmp_path / name, size)

    write("train-0.parquet", LEVELS[:10], 4)
    write("train-1.parquet", LEVELS[10:20], 10)
    write("test-0.parquet", LEVELS[20:], 2)
    return tmp_path


def test_row_groups_are_the_training_images(folder: Path) -> None:
    loaders = row_groups(folder)
    parts = [pickle.loads(pickle.dumps(load))() for load in loaders]
    assert [len(part) for part in parts] == [4, 4, 2, 10]
    assert np.array_equal(np.concatenate(parts), read_parquet(folder).train.images)


@pytest.mark.parametrize("pool", [None, SerialExecutor()], ids=["here", "apart"])
def test_their_moments_are_those_of_the_decoded_set(folder: Path, pool: SerialExecutor | None) -> None:
    expected = Moments(60)
    expected.update(LEVELS[:20])
    found = moments_of(row_groups(folder), executor=pool, workers=2)
    assert found.count == 20
    assert np.array_equal(found.covariance, expected.covariance)


def test_what_cannot_be_decoded_names_its_row_group(folder: Path) -> None:
    rows = [{"bytes": content, "path": None} for content in (b"no", b"image")]
    column = pa.array(rows, pa.struct({"bytes": pa.binary(), "path": pa.string()}))
    pq.write_table(pa.table({"img": column, "label": [0, 1]}), folder / "train-1.parquet", 1)
    with pytest.raises(ValueError, match=r"train-1\.parquet, row group 1, row 0 cannot be decoded"):
        row_groups(folder)[-1]()
