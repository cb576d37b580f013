"""A record comes back as it went in, or not at all."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from numpy.typing import NDArray

from analysis.runner.record import HEADER, decode, decode_header, encode

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
    content = encode(header, {"values": values})
    assert decode_header(content) == header
    record = decode(content)
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
        for read in (decode, decode_header):
            with pytest.raises(ValueError, match="not a whole record"):
                read(WHOLE[:kept])


@pytest.mark.parametrize("flip", [0x01, 0x10, 0x80, 0xFF], ids=hex)
def test_a_flipped_byte_is_refused_unless_it_means_nothing(flip: int) -> None:
    """Some bytes of an archive hold dates and permissions: then the record is the same."""
    refused = 0
    for position in range(len(WHOLE)):
        damaged = bytearray(WHOLE)
        damaged[position] ^= flip
        try:
            assert decode_header(bytes(damaged)) == HEAD, f"byte {position}"
            assert is_same(decode(bytes(damaged))), f"byte {position}"
        except ValueError:
            with pytest.raises(ValueError, match="not a whole record"):
                decode_header(bytes(damaged))
            refused += 1
    assert refused > len(WHOLE) * 0.7


@pytest.mark.parametrize("content", [b"", b"PK", b"not a record", bytes(100)], ids=["empty", "PK", "text", "zeros"])
def test_other_files_are_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="not a whole record"):
        decode(content)


def test_an_archive_without_a_header_is_refused() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("radii.npy", WHOLE)
    for read in (decode, decode_header):
        with pytest.raises(ValueError, match=f"it has no {HEADER}"):
            read(stream.getvalue())


@pytest.mark.parametrize("text", ["[]", "null", "3", "{", ""], ids=repr)
def test_a_header_without_names_is_refused(text: str) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(HEADER, text)
    for read in (decode, decode_header):
        with pytest.raises(ValueError, match="not a whole record"):
            read(stream.getvalue())


def test_archives_of_other_kinds_are_refused(tmp_path: Path) -> None:
    """What zipfile reads besides: comments, other packing, members as they are written to a pipe."""
    kinds: list[Callable[[zipfile.ZipFile], None]] = [
        lambda archive: setattr(archive, "comment", b"words"),
        lambda archive: archive.writestr("more", b"x" * 99, zipfile.ZIP_LZMA),
        lambda archive: archive.open("more", "w", force_zip64=True).close(),
    ]
    for change in kinds:
        stream = io.BytesIO(WHOLE)
        with zipfile.ZipFile(stream, "a") as archive:
            change(archive)
        with pytest.raises(ValueError, match="not a whole record"):
            decode(stream.getvalue())


def test_a_doubled_member_is_refused() -> None:
    stream = io.BytesIO(WHOLE)
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(stream, "a") as archive:
        archive.writestr(HEADER, "{}")
    with pytest.raises(ValueError, match="directory is damaged"):
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


def archive_of(member: bytes) -> bytes:
    """A record whose array is given as it would lie in its file."""
    stream = io.BytesIO(encode({}, {}))
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("values.npy", member)
    return stream.getvalue()


def saved(values: NDArray[Any], *, allow_pickle: bool = False) -> bytes:
    stream = io.BytesIO()
    np.save(stream, values, allow_pickle=allow_pickle)
    return stream.getvalue()


def test_members_that_are_no_whole_array_are_refused() -> None:
    whole = saved(np.arange(4))
    pickled = saved(np.array([None] * 4), allow_pickle=True)
    for member in (b"", b"text", whole[:-1], whole + b"0", whole[:20], whole[:9], pickled, pickled[:128] + bytes(32)):
        with pytest.raises(ValueError, match="not a whole record"):
            decode(archive_of(member))


@pytest.mark.parametrize(
    "values",
    [
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.array(3.5),
        np.zeros(2, dtype=[("ä", "f4"), ("b", "i2")]),
    ],
    ids=["columns", "scalar", "names"],
)
@pytest.mark.filterwarnings("ignore:Stored array in format:UserWarning")
def test_arrays_are_what_numpy_loads(values: NDArray[Any]) -> None:
    found = decode(archive_of(saved(values)))["arrays"]["values"]
    assert (found.dtype, found.shape, found.flags.f_contiguous) == (
        values.dtype,
        values.shape,
        values.flags.f_contiguous,
    )
    assert np.array_equal(found, values)
    found[...] = values  # it can be written to
