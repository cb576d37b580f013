"""Compiled formulas are those of torch's products, are compiled once, and are never required."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

from analysis.models import compiler
from analysis.models.compiler import compiled
from analysis.models.layerwise import Layerwise
from analysis.models.networkwise import Networkwise

TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-13}
SIZES = {"a vector and more": (40, 24, 9), "few images": (24, 32, 3), "small": (6, 4, 5)}  # width, pixels, batch


@pytest.fixture
def forgotten() -> Iterator[None]:
    """What is loaded is kept for a process; here a test starts as a process does."""
    compiled.cache_clear()
    yield
    compiled.cache_clear()


def chained(width: int, pixels: int, dtype: torch.dtype) -> list[Tensor]:
    """Three networks of one layer into the width and three within it."""
    generator = torch.Generator().manual_seed(0)
    shapes = [(3, 1, width, pixels), (3, 3, width, width)]
    return [torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype) for shape in shapes]


def made(parameters: list[Tensor], *, batch: int, classes: int) -> Networkwise:
    library = compiled(parameters[0].dtype)
    if library is None:
        pytest.skip("nothing can be compiled here")
    return Networkwise(library, parameters, batch=batch, classes=classes)


def seen(parameters: list[Tensor], batch: int) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(3, batch, parameters[0].shape[3], generator=generator, dtype=torch.float64).to(parameters[0])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("classes", [1, 3, 6])
@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
def test_they_are_the_formulas_of_torch_s_products(size: str, classes: int, dtype: torch.dtype) -> None:
    width, pixels, batch = SIZES[size]
    parameters = chained(width, pixels, dtype)
    ours = made(parameters, batch=batch, classes=classes)
    reference = Layerwise(parameters, batch=batch, classes=classes)
    for _ in range(2):  # memory is used again
        scores, expected = ours.forward(seen(parameters, batch)), reference.forward(seen(parameters, batch))
        assert scores is not None
        torch.testing.assert_close(scores, expected, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])
        change = torch.linspace(-1, 1, scores.numel(), dtype=dtype).view_as(scores)
        for found, wanted in zip(ours.backward(change), reference.backward(change), strict=True):
            torch.testing.assert_close(found, wanted, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


def test_threads_change_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    parameters = chained(40, 24, torch.float32)
    chain = made(parameters, batch=9, classes=3)
    alone = chain.forward(seen(parameters, 9))
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    together = chain.forward(seen(parameters, 9))
    assert alone is not None
    assert together is not None
    assert torch.equal(alone, together)


@pytest.mark.usefixtures("forgotten")
def test_what_is_compiled_is_kept_and_made_anew_where_it_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    if compiled(torch.float32) is None:
        pytest.skip("nothing can be compiled here")
    (path,) = (cache_dir / "compiled").iterdir()
    assert path.suffix == ".so"
    compiled.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(compiler, "_compile", None)
        assert compiled(torch.float32) is not None
    monkeypatch.setenv("ANALYSIS_CACHE_DIR", str(tmp_path))
    (tmp_path / "compiled").mkdir()
    (tmp_path / "compiled" / path.name).write_bytes(b"no library")
    compiled.cache_clear()
    assert compiled(torch.float32) is not None
    (record,) = caplog.records
    assert "unreadable" in record.message


@pytest.mark.usefixtures("forgotten")
@pytest.mark.parametrize("command", ["", "no-such-compiler", "false", "true"])
def test_without_a_compiler_there_is_none(
    command: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, cache_dir: Path
) -> None:
    """None asked for, none there, one that fails, and one that writes nothing."""
    monkeypatch.setenv("CC", command)
    with caplog.at_level(logging.INFO):
        assert compiled(torch.float32) is None
    assert len(caplog.records) == bool(command)
    assert not list(cache_dir.rglob("*.so"))
    assert not list(cache_dir.rglob("*.partial"))


def test_other_types_are_left_to_torch() -> None:
    assert compiled(torch.bfloat16) is None
