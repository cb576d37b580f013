"""Cayley layers: the transform is orthogonal at every size, by blocks or not, and its gradient is right."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from analysis.lipschitz import CayleyConv2d, CayleyLinear
from analysis.lipschitz import cayley as module
from analysis.lipschitz.cayley import cayley

SEED = st.integers(0, 2**32 - 1)


def draw(seed: int, *shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


@given(SEED, st.integers(1, 9), st.integers(1, 9), st.sampled_from([torch.float64, torch.complex128]))
def test_the_shorter_side_is_orthonormal(seed: int, rows: int, columns: int, dtype: torch.dtype) -> None:
    found = cayley(5 * draw(seed, 2, rows, columns, dtype=dtype))
    short = found if rows <= columns else found.mH
    identity = torch.eye(min(rows, columns), dtype=dtype).expand_as(short @ short.mH)
    torch.testing.assert_close(short @ short.mH, identity, rtol=0, atol=1e-12)


@pytest.mark.parametrize("largest", [1, 2, 5])
@pytest.mark.parametrize("shape", [(11, 11), (11, 3), (13, 12)], ids=str)
def test_blocks_of_any_size_give_the_same_matrix(
    monkeypatch: pytest.MonkeyPatch, largest: int, shape: tuple[int, int]
) -> None:
    """Scaled by 100: the inverse by blocks takes no pivots, and needs none."""
    matrix = 100 * draw(0, 3, *shape, dtype=torch.complex128)
    expected = cayley(matrix)
    monkeypatch.setattr(module, "LARGEST", largest)
    torch.testing.assert_close(cayley(matrix), expected, rtol=0, atol=1e-11)


@pytest.mark.parametrize("shape", [(5, 5), (5, 3), (3, 5)], ids=str)
@pytest.mark.parametrize("largest", [2, 128])
def test_the_gradient_is_right(monkeypatch: pytest.MonkeyPatch, shape: tuple[int, int], largest: int) -> None:
    monkeypatch.setattr(module, "LARGEST", largest)
    for dtype in (torch.float64, torch.complex128):
        assert torch.autograd.gradcheck(cayley, (draw(1, *shape, dtype=dtype).requires_grad_(),))


def test_several_threads_may_be_asked_for() -> None:
    """LAPACK's batched LU fails for more than about 150 channels once they were."""
    threads = torch.get_num_threads()
    layer, x = CayleyConv2d(256, 256), draw(2, 1, 256, 4, 4, dtype=torch.float32)
    torch.set_num_threads(2)
    try:
        y = layer(x)
        y.square().sum().backward()
    finally:
        torch.set_num_threads(threads)
    assert float(y.detach().norm()) == pytest.approx(float(x.norm()), rel=1e-5)
    assert layer.parameter.grad is not None
    assert layer.parameter.grad.isfinite().all()


def test_the_scale_is_learned_from_the_first_step() -> None:
    """It exists from construction on: an optimiser made before the first pass holds it."""
    for layer, x in ((CayleyLinear(4, 4), draw(3, 5, 4)), (CayleyConv2d(4, 4), draw(3, 5, 4, 3, 3))):
        start = layer.scale.item()
        optimizer = torch.optim.SGD(layer.parameters(), lr=0.5)
        (layer(x.float()) * draw(4, *x.shape).float()).sum().backward()
        optimizer.step()
        assert layer.scale.item() != start
