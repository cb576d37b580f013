"""The norm of the Jacobian, where it is known."""

import pytest
import torch
from torch import nn

from analysis.lipschitz import operator_norm


def test_the_norm_of_a_matrix_is_its_largest_singular_value() -> None:
    layer = nn.Linear(3, 4, dtype=torch.float64)
    expected = float(torch.linalg.svdvals(layer.weight.detach())[0])
    assert operator_norm(layer, torch.randn(3, dtype=torch.float64)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("x", "expected"), [([0.0, 1.0], 2.0), ([3.0, -1.0], 6.0)])
def test_the_norm_is_taken_at_the_input(x: list[float], expected: float) -> None:
    """Squares have the derivative 2 x, coordinate by coordinate."""

    class Square(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.square()

    assert operator_norm(Square(), torch.tensor(x)) == pytest.approx(expected)


def test_the_one_bad_direction_of_many_is_found() -> None:
    """To a hundred random pairs a map of norm 3 along one of 200 directions looks like one of norm 1.5."""
    layer = nn.Linear(200, 200, bias=False)
    layer.weight.data = torch.eye(200)
    layer.weight.data[77, 77] = 3
    pairs = torch.randn(100, 200)
    assert (layer(pairs).norm(dim=1) < 1.5 * pairs.norm(dim=1)).all()
    assert operator_norm(layer, torch.zeros(200)) == pytest.approx(3)
