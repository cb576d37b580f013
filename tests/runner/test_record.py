"""A record comes back as it went in, or not at all."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from numpy.typing import NDArray

from analysis.runner.record import HEADER, decode, encode

HEAD = {"outcome": {"accuracy": 0.5, "diverged": None}, "name": "ü", "list": [1, "two"]}
ARRAYS = {"radii": np.linspace(-1, 1, 7, dtype=np.float32), "empty": np.zeros((0, 3)), "few": np.arange(4)}
WHOLE = encode(HEAD, ARRAYS)
DTYPES = ("bool", "uint8", "int64", "float16", "float32", "float64", ">f4", "U3")

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
some_arrays = arrays_of.arrays(st.sampled_from(DTYPES).map(np.dtype), arrays_of.array_shapes(min_dims=0, min_side=0))


def is_same(record: dict[str, Any]) -> bool:
    arrays = record["arrays"]
    headers = {key: value for key, value in record.items() if key != "arrays"}
    return (
        headers == HEAD
        and arrays.keys() == ARRAYS.keys()
        and all(map(np.array_equal, sorted_(arrays), sorted_(ARRAYS)))
    )


def sorted_(arrays: dict[str, NDArray[Any]]) -> list[NDArray[Any]]:
    return [arrays[name] for name in sorted(arrays)]


@given(st.dictionaries(st.sampled_from(["outcome", "data", "ä"]), json_values), some_arrays)
def test_what_is_decoded_is_what_was_encoded(header: dict[str, Any], values: NDArray[Any]) -> None:
    record = decode(encode(header, {"values": values}))
    decoded = record.pop("arrays")["values"]
    assert record == header
    assert (decoded.dtype, decoded.shape) == (values.dtype, values.shape)
    assert decoded.tobytes() == values.tobytes()


def test_a_record_without_arrays_is_a_record() -> None:
    assert decode(encode(HEAD, {})) == HEAD | {"arrays": {}}


def test_equal_records_are_equal_bytes() -> None:
    turned = dict(reversed(HEAD.items())), dict(reversed(ARRAYS.items()))
    assert encode(*turned) == WHOLE
    assert encode(HEAD | {"name": "u"}, ARRAYS) != WHOLE


def test_numpy_reads_the_arrays_and_any_unzip_the_header(tmp_path: Path) -> None:
    path = tmp_path / "record.npz"
    path.write_bytes(WHOLE)
    with np.load(path, allow_pickle=False) as archive:
        for name, values in ARRAYS.items():
            assert np.array_equal(archive[name], values)
    assert json.loads(zipfile.ZipFile(path).read(HEADER)) == HEAD


def test_a_record_cut_at_any_byte_is_refused() -> None:
    for kept in range(len(WHOLE)):
        with pytest.raises(ValueError, match="not a whole record"):
            decode(WHOLE[:kept])


@pytest.mark.parametrize("flip", [0x01, 0x10, 0x80, 0xFF], ids=hex)
def test_a_flipped_byte_is_refused_unless_it_means_nothing(flip: int) -> None:
    """Some bytes of an archive hold dates and permissions: then the record is the same."""
    refused = 0
    for position in range(len(WHOLE)):
        damaged = bytearray(WHOLE)
        damaged[position] ^= flip
        try:
            assert is_same(decode(bytes(damaged))), f"byte {position}"
        except ValueError:
            refused += 1
    assert refused > len(WHOLE) * 0.7


@pytest.mark.parametrize("content", [b"", b"PK", b"not a record", bytes(100)], ids=["empty", "PK", "text", "zeros"])
def test_other_files_are_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="not a whole record"):
        decode(content)


def test_an_archive_without_a_header_is_refused() -> None:
    stream = io.BytesIO()
    np.savez(stream, radii=np.zeros(3))
    with pytest.raises(ValueError, match=HEADER):
        decode(stream.getvalue())


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_json_has_no_word_for_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        encode({"outcome": {"accuracy": value}}, {})


@pytest.mark.parametrize("value", [{1}, Path(), np.float32(0.5), np.zeros(2)], ids=lambda value: type(value).__name__)
def test_headers_hold_nothing_but_json(value: object) -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        encode({"outcome": value}, {})


def test_arrays_of_objects_are_refused() -> None:
    with pytest.raises(ValueError, match="Object arrays"):
        encode({}, {"values": np.array([None, {}])})
