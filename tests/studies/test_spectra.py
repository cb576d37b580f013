"""Spectra side by side: the tables are the records', the figure is the tables', and the records are the known ones."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.runner import Store
from analysis.studies.preset import Preset
from analysis.studies.presets import MNIST, SMOKE
from analysis.studies.spectra import FEW, LINES, LOSSLESS, PLAIN, RADIUS, STUDY, WHOLE, Line
from analysis.studies.study import Drawing, Study

Invent = Callable[[Study, Preset], dict[Any, dict[str, Any]]]
Drawn = Callable[[Study, Preset], Drawing]
Records = dict[Any, dict[str, Any]]

STORE = Store(Path(__file__).resolve().parents[2] / "data" / "results", drawer=lambda spec: str(spec.dataset))
CIFAR = ("0-16", "512-end", "2048-end")
every_line = pytest.mark.parametrize("line", LINES, ids=lambda line: f"{line.spec.dataset}-{line.spec.size}")


@pytest.fixture(scope="module")
def kept() -> Records:
    """The records that are kept with the code."""
    missing = [line.spec for line in LINES if line.spec not in STORE]
    if missing:
        pytest.skip(f"{len(missing)} of {len(LINES)} records have not been made yet")
    return {line.spec: STORE[line.spec] for line in LINES}


@pytest.fixture(scope="module")
def drawing(kept: Records) -> Drawing:
    return STUDY.draw(MNIST, kept)


def of(rows: pd.DataFrame, line: Line, images: int) -> pd.DataFrame:
    return rows[(rows["dataset"] == line.spec.dataset) & (rows["images"] == images)].reset_index(drop=True)


def tail(drawing: Drawing, line: Line, images: int) -> pd.DataFrame:
    return of(drawing.tables["_tails"], line, images).set_index("directions")


def test_one_spectrum_is_the_control_of_another() -> None:
    """The codec is seen where nothing but the codec differs: number of images, bands."""
    assert LOSSLESS.spec.split == "all"
    assert FEW.spec.size == 4_000
    assert (FEW.spec.dataset, FEW.bands) == (WHOLE.spec.dataset, LOSSLESS.bands)


@every_line
def test_tables_hold_what_the_records_do(line: Line, invent: Invent, drawn: Drawn) -> None:
    record, tables = invent(STUDY, SMOKE)[line.spec], drawn(STUDY, SMOKE).tables
    variances, images = record["arrays"]["variances"], record["outcome"]["images"]
    spectrum = of(tables[""], line, images)
    np.testing.assert_array_equal(spectrum["variance"], variances)
    assert spectrum["share_from_here"][200] == pytest.approx(variances[200:].sum() / variances.sum(), rel=1e-12)
    for (first, last), row in zip(line.bands, of(tables["_tails"], line, images).itertuples(), strict=True):
        energy = np.sum(variances[first:last])
        assert row.share == pytest.approx(energy / variances.sum(), rel=1e-12)
        assert row.norm == pytest.approx(np.sqrt(energy), rel=1e-12)
        assert row.norm_in_radii == pytest.approx(row.norm / (36 / 255), rel=1e-12)


@every_line
def test_counts_are_of_directions_that_suffice_and_no_fewer(line: Line, invent: Invent, drawn: Drawn) -> None:
    record = invent(STUDY, SMOKE)[line.spec]
    variances = record["arrays"]["variances"]
    (row,) = of(drawn(STUDY, SMOKE).tables["_counts"], line, record["outcome"]["images"]).to_dict("records")
    assert {name: row[name] for name in record["outcome"]} == record["outcome"]
    for percent in (90, 95, 99, 99.9):
        count = row[f"for_{percent:g}_percent"]
        assert variances[:count].sum() >= percent / 100 * variances.sum() > variances[: count - 1].sum()
    first = row["below_radius_from"]
    assert np.sqrt(variances[first:].sum()) <= RADIUS
    assert first == 0 or np.sqrt(variances[first - 1 :].sum()) > RADIUS


def test_curves_and_dots_are_the_tables(drawn: Drawn) -> None:
    drawing = drawn(STUDY, SMOKE)
    small, large, norms = drawing.figure.axes
    curves = [line for axes in (small, large) for line in axes.lines if len(line.get_xdata()) > 2]
    spectra = [rows for _, rows in drawing.tables[""].groupby(["dataset", "images"], sort=False)]
    for curve, rows in zip(curves, spectra, strict=True):
        np.testing.assert_array_equal(curve.get_xydata(), rows[["component", "share_from_here"]])
    dots = [line for line in norms.lines if line.get_marker() == "o"]
    np.testing.assert_array_equal(np.concatenate([line.get_xdata() for line in dots]), drawing.tables["_tails"]["norm"])
    assert [place for line in dots for place in line.get_ydata()] == norms.get_yticks().tolist()
    assert [label.get_text() for label in norms.get_yticklabels()] == drawing.tables["_tails"]["directions"].tolist()
    shares = [float(text.get_text()[:-2]) for text in norms.texts if text.get_text().endswith("%")]
    np.testing.assert_allclose(shares, 100 * drawing.tables["_tails"]["share"], rtol=0.05)


def test_the_figure_is_the_same_for_every_preset(invent: Invent) -> None:
    records = invent(STUDY, SMOKE)
    one, other = (STUDY.draw(preset, records) for preset in (SMOKE, MNIST))
    assert one.caption == other.caption
    pd.testing.assert_frame_equal(one.tables["_tails"], other.tables["_tails"])


def test_no_tail_is_marked_where_all_are_longer_than_the_radius(invent: Invent) -> None:
    records = invent(STUDY, SMOKE)
    for record in records.values():
        record["arrays"] = record["arrays"] | {"variances": record["arrays"]["variances"] + RADIUS**2}
    figure = STUDY.draw(SMOKE, records).figure
    figure.draw_without_rendering()
    assert [len(line.get_xdata()) for line in figure.axes[0].lines if line.get_marker() == "o"] == [0]


@pytest.mark.parametrize(
    ("line", "images", "bands", "shares", "norms"),
    [
        (LOSSLESS, 4_000, CIFAR, (0.716, 0.0129, 4.1e-5), (11.69, 1.57, 0.088)),
        (WHOLE, 50_000, CIFAR, (0.720, 0.0111, 2.7e-5), (11.65, 1.45, 0.071)),
        (PLAIN, 60_000, ("0-16", "50-end", "200-end"), (0.594, 0.175, 0.034), (5.60, 3.04, 1.33)),
    ],
    ids=["lossless", "jpeg", "mnist"],
)
def test_tails_are_the_known_ones(
    drawing: Drawing, line: Line, images: int, bands: tuple[str, ...], shares: tuple[float, ...], norms: Any
) -> None:
    """Computed before this package was written, by other code; as many digits as were noted."""
    rows = tail(drawing, line, images)
    assert tuple(rows.index) == bands
    for row, share, norm in zip(rows.itertuples(), shares, norms, strict=True):
        assert row.share == pytest.approx(share, rel=0.02)
        assert row.norm == pytest.approx(norm, rel=0.01)


@pytest.mark.parametrize(
    ("line", "images", "counts"),
    [
        (LOSSLESS, 4_000, {"for_90_percent": 96, "for_95_percent": 202, "for_99_percent": 581, "null_dimension": 0}),
        (LOSSLESS, 4_000, {"for_99.9_percent": 1230, "features": 3072}),
        (PLAIN, 60_000, {"directions": 712, "null_dimension": 72, "features": 784}),
    ],
    ids=["lossless", "lossless-last", "mnist"],
)
def test_counts_are_the_known_ones(drawing: Drawing, line: Line, images: int, counts: dict[str, int]) -> None:
    (row,) = of(drawing.tables["_counts"], line, images).to_dict("records")
    assert {name: row[name] for name in counts} == counts


def test_the_last_directions_are_erased_by_the_radius_of_record_and_the_middle_ones_are_not(drawing: Drawing) -> None:
    for line, images in ((LOSSLESS, 4_000), (FEW, 4_000), (WHOLE, 50_000)):
        rows = tail(drawing, line, images)
        assert rows["norm_in_radii"]["2048-end"] < 1 < 9 < rows["norm_in_radii"]["512-end"]


def test_the_jpeg_tail_is_the_codec_s(kept: Records, drawing: Drawing) -> None:
    """With equally many images the heads agree and the tails do not; with more of them the tail grows."""
    lossless, few, whole = (kept[line.spec]["arrays"]["variances"] for line in (LOSSLESS, FEW, WHOLE))
    assert few[:256].sum() / lossless[:256].sum() == pytest.approx(1, abs=0.03)
    assert lossless[1536:].sum() / few[1536:].sum() > 10
    assert lossless[2048:].sum() / few[2048:].sum() > 4
    assert whole[2048:].sum() / few[2048:].sum() > 3
    for words in ("codec", "hold 12 times less variance", "on 5 times", "3.3 times less than 50,000", "67 pixels"):
        assert words in drawing.caption
    assert "all 4,000 images" in drawing.caption


def test_records_are_small_have_no_path_and_come_from_clean_commits(kept: Records) -> None:
    for spec, record in kept.items():
        header = json.dumps({name: value for name, value in record.items() if name != "arrays"})
        assert "/" not in header
        assert STORE.path(spec).stat().st_size < 100_000
        assert record["provenance"]["commit"]
        dirty = record["provenance"]["commit"].endswith("-dirty")
        assert not dirty, f"remove {STORE.path(spec)} and run its study again from a clean checkout"
