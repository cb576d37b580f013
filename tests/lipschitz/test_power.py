"""Norms that are divided by: estimated from below in training, proven from above in evaluation mode."""

import copy
import math
from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

from analysis.lipschitz.power import Norm, adjoint, proven_norm

FrequencyNorm = Callable[[Tensor, tuple[int, int]], float]

SHAPES = [(6, 6), (4, 7), (4, 4, 3, 3), (3, 5, 3, 3), (2, 2, 5, 5), (3, 3, 1, 1)]
EVERY_SHAPE = pytest.mark.parametrize("shape", SHAPES, ids=str)
SIDES = (5, 4)


def image_shape(weight: Tensor) -> tuple[int, ...]:
    return weight.shape[1:2] if weight.ndim == 2 else (weight.shape[1], *SIDES)


@EVERY_SHAPE
def test_in_evaluation_mode_it_is_the_proven_bound(shape: tuple[int, ...]) -> None:
    """Whatever the vector is."""
    weight = torch.randn(shape, dtype=torch.float64)
    norm = Norm(weight).eval()
    nn.init.normal_(norm.vector)
    found = norm(weight, image_shape(weight))
    assert float(found) == pytest.approx(proven_norm(weight, image_shape(weight)), rel=1e-15)


@EVERY_SHAPE
def test_in_training_it_comes_from_below_and_gets_there(
    shape: tuple[int, ...], norm_over_frequencies: FrequencyNorm
) -> None:
    """Within 2 % of the norm on the infinite plane, after 200 backward passes: the rest lies between frequencies."""
    weight = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    kernel = weight.detach().reshape(*shape[:2], *(shape[2:] or (1, 1)))
    exact = norm_over_frequencies(kernel, (60, 60) if shape[2:] != () else (1, 1))
    norm = Norm(weight.detach())
    estimates = []
    for _ in range(200):
        estimate = norm(weight, image_shape(weight), keep=True)
        estimate.backward()
        estimates.append(float(estimate.detach()))
    assert max(estimates) <= exact * (1 + 1e-12)
    assert all(later >= earlier - 1e-12 for earlier, later in pairwise(estimates))
    assert estimates[-1] >= 0.98 * exact


@EVERY_SHAPE
def test_its_gradient_is_that_of_the_largest_singular_value(shape: tuple[int, ...]) -> None:
    """In both modes, once the vector has converged; of a convolution up to its scale and that of its own grid."""
    weight = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    norm = Norm(weight.detach())
    for _ in range(3_000):
        norm(weight, image_shape(weight), keep=True).backward()
    for mode in (True, False):
        value = norm.train(mode)(weight, image_shape(weight))
        (found,) = torch.autograd.grad(value, weight)
        assert float((found * weight).sum().detach()) == pytest.approx(float(value.detach()), rel=1e-9)
        if weight.ndim == 2:
            (expected,) = torch.autograd.grad(torch.linalg.matrix_norm(weight, ord=2), weight)
            torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-6)


def test_a_pass_without_a_backward_pass_has_no_side_effect() -> None:
    weight = torch.randn(4, 4, 3, 3, requires_grad=True)
    norm = Norm(weight.detach())
    before = norm.vector.clone()
    estimate = norm(weight, (4, 5, 5), keep=True)
    with torch.no_grad():
        norm(weight, (4, 5, 5), keep=True)
    norm(weight, (4, 5, 5)).backward()
    assert torch.equal(norm.vector, before)
    assert torch.equal(norm(weight, (4, 5, 5), keep=True), estimate)
    estimate.backward()
    assert not torch.equal(norm.vector, before)


@EVERY_SHAPE
def test_the_norm_of_zeros_is_zero(shape: tuple[int, ...]) -> None:
    weight = torch.zeros(shape, requires_grad=True)
    norm = Norm(torch.randn(shape))
    for mode in (True, False):
        value = norm.train(mode)(weight, image_shape(weight), keep=True)
        value.backward()
        assert value == 0
        assert weight.grad is not None
        assert weight.grad.isfinite().all()
        assert norm.vector.isfinite().all()


@pytest.mark.parametrize("shape", [(3, 4), (3, 4, 3, 3), (2, 3, 5, 5)], ids=str)
def test_the_adjoint_is_the_transpose(shape: tuple[int, ...]) -> None:
    weight = torch.randn(shape, dtype=torch.float64)
    sides = SIDES if len(shape) == 4 else ()
    x, y = (torch.randn(1, size, *sides, dtype=torch.float64) for size in (shape[1], shape[0]))
    product = nn.functional.linear if len(shape) == 2 else nn.functional.conv2d
    options = {} if len(shape) == 2 else {"padding": "same"}
    left = (product(x, weight, **options) * y).sum()
    right = (x * product(y, adjoint(weight), **options)).sum()
    torch.testing.assert_close(left, right)


def test_the_buffer_is_there_from_the_start_and_travels() -> None:
    norm = Norm(torch.randn(2, 5, 3, 3))
    assert norm.vector.shape == (1, 5, 12, 12)
    assert set(norm.state_dict()) == {"vector"}
    twin = Norm(torch.randn(2, 5, 3, 3))
    twin.load_state_dict(norm.state_dict())
    assert torch.equal(twin.vector, norm.vector)
    assert torch.equal(copy.deepcopy(norm).vector, norm.vector)
    assert math.isclose(float(norm.vector.norm()), 1, rel_tol=1e-5)
