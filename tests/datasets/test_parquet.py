"""Hugging Face's parquet files round trip, in the variations that exist; broken ones are named."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis import datasets
from analysis.datasets.parquet import read_parquet

NAMES = ["cat", "dog"]


@pytest.fixture
def table(encode):
    """From a split to a table in Hugging Face's layout."""

    def make(split, label="label", names=NAMES, **more):
        images = [{"bytes": encode(image), "path": None} for image in split.images]
        kind = pa.struct({"bytes": pa.binary(), "path": pa.string()})
        columns = {"img": pa.array(images, kind), label: pa.array(split.labels)} | more
        features = {label: {"names": names, "_type": "ClassLabel"}} if names else {}
        metadata = {"huggingface": json.dumps({"info": {"features": features}})}
        return pa.table(columns).replace_schema_metadata(metadata)

    return make


@pytest.fixture
def folder(tmp_path, table, make_split):
    pq.write_table(table(make_split(7)), tmp_path / "train-00000-of-00002.parquet")
    pq.write_table(table(make_split(5, seed=1)), tmp_path / "train-00001-of-00002.parquet")
    pq.write_table(table(make_split(4, seed=2)), tmp_path / "test-00000-of-00001.parquet")
    return tmp_path


def test_a_folder_round_trips(folder, make_split):
    dataset = read_parquet(folder)
    shards = make_split(7), make_split(5, seed=1)
    assert np.array_equal(dataset.train.images, np.concatenate([shard.images for shard in shards]))
    assert np.array_equal(dataset.train.labels, np.concatenate([shard.labels for shard in shards]))
    assert np.array_equal(dataset.test.images, make_split(4, seed=2).images)
    assert dataset.classes == ("cat", "dog")


def test_files_may_lie_in_a_subfolder(folder):
    (folder / "data").mkdir()
    for path in folder.glob("*.parquet"):
        path.rename(folder / "data" / path.name)
    assert len(read_parquet(folder).train) == 12


def test_two_subfolders_are_a_question_for_the_user(tmp_path, table, make_split):
    for name in ("cifar", "mnist"):
        (tmp_path / name).mkdir()
        pq.write_table(table(make_split(4)), tmp_path / name / "train.parquet")
    with pytest.raises(ValueError, match="cifar, mnist: give the path to one"):
        datasets.load(tmp_path)


def test_validation_is_not_read_beside_a_test(folder, table, make_split):
    pq.write_table(table(make_split(9)), folder / "validation-00000-of-00001.parquet")
    assert len(read_parquet(folder).test) == 4


def test_validation_is_the_test_where_there_is_no_other(folder):
    (folder / "test-00000-of-00001.parquet").rename(folder / "validation-00000-of-00001.parquet")
    assert len(read_parquet(folder).test) == 4


@pytest.mark.parametrize("name", ["train-0.parquet", "train.parquet", "trainset.parquet", "0000.parquet"])
def test_without_a_test_a_sixth_is_held_out(tmp_path, table, make_split, name):
    pq.write_table(table(make_split(12)), tmp_path / name)
    assert len(read_parquet(tmp_path).test) == 2
    assert len(datasets.load(tmp_path / name).test) == 2


def test_a_test_alone_is_refused(tmp_path, table, make_split):
    pq.write_table(table(make_split(4)), tmp_path / "test-0.parquet")
    with pytest.raises(ValueError, match=r"has no train-\*\.parquet, only test-0\.parquet"):
        read_parquet(tmp_path)


@pytest.mark.parametrize("label", ["label", "labels", "fine_label", "species"])
def test_the_label_column_is_found(tmp_path, table, make_split, label):
    more = {} if label == "species" else {"index": pa.array(range(100, 112))}
    pq.write_table(table(make_split(12), label, **more), tmp_path / "train.parquet")
    assert read_parquet(tmp_path).classes == ("cat", "dog")


def test_classes_without_names_are_numbered(tmp_path, table, make_split):
    pq.write_table(table(make_split(12), names=None), tmp_path / "train.parquet")
    assert read_parquet(tmp_path).classes == ("0", "1")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"label": [0, 1]}, r"train\.parquet: expected one column of images .* found \[\]"),
        ({"img": [{"bytes": b""}] * 2, "a": [0, 1], "b": [0, 1]}, r"train\.parquet: expected a column of integer"),
        ({"img": [{"bytes": b""}] * 2, "label": [0, None]}, r"train\.parquet: 1 of 2 labels are missing"),
        ({"img": [{"bytes": b"?"}] * 2, "label": [0, 1]}, r"train\.parquet, row 0 cannot be decoded"),
        ({"img": [{"bytes": b"?"}] * 2, "label": [0.5, 1]}, r"train\.parquet: expected a column of integer"),
    ],
)
def test_other_tables_are_refused(tmp_path, columns, message):
    pq.write_table(pa.table(columns), tmp_path / "train.parquet")
    with pytest.raises(ValueError, match=message):
        read_parquet(tmp_path)


def test_a_broken_image_is_named_by_its_row(tmp_path, make_split, encode):
    images = [{"bytes": encode(image)} for image in make_split(3).images[:2]] + [{"bytes": b"?"}]
    pq.write_table(pa.table({"img": images, "label": [0, 1, 0]}), tmp_path / "train.parquet")
    with pytest.raises(ValueError, match=r"train\.parquet, row 2 cannot be decoded"):
        read_parquet(tmp_path)


@pytest.mark.parametrize("kept", [0, 50, -50])
def test_a_truncated_file_is_refused_by_name(folder, kept):
    path = folder / "train-00001-of-00002.parquet"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(ValueError, match=r"train-00001-of-00002\.parquet is not a readable .*: delete it"):
        read_parquet(folder)


def test_a_second_load_does_not_decode(folder, monkeypatch):
    first = datasets.load(folder)
    monkeypatch.setattr("analysis.datasets.decode.decode", lambda *_: pytest.fail("decoded again"))
    again = datasets.load(folder)
    assert again.content_hash == first.content_hash
    assert again.name == first.name == folder.name


@pytest.mark.slow
def test_cifar10_jpeg(shared_data):
    dataset = datasets.load("cifar10-jpeg", shared_data)
    assert (len(dataset.train), len(dataset.test)) == (50_000, 10_000)
    assert dataset.train.images.shape[1:] == (32, 32, 3)
    assert dataset.classes[:3] == ("airplane", "automobile", "bird")
    assert np.bincount(dataset.train.labels).tolist() == [5_000] * 10
