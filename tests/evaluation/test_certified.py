"""Certified radii are safe, and on a linear classifier they are tight."""

import math

import pytest
import torch
from torch import Tensor

from analysis.evaluation import certified_radii, margins

ROUNDING = 1e-9  # float64, relative to radii of order one


def linear_classifier(norm: float) -> Tensor:
    """Orthogonal rows: every difference of two scores has the Lipschitz constant sqrt 2 times the norm."""
    square = torch.randn(7, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return norm * torch.linalg.qr(square)[0][:4]


def inputs() -> Tensor:
    return torch.randn(50, 7, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


@pytest.mark.parametrize("norm", [0.3, 1.0, 5.0])
def test_just_inside_the_radius_the_prediction_stands_and_just_outside_it_falls(norm: float) -> None:
    weight, x = linear_classifier(norm), inputs()
    scores = x @ weight.T
    labels = scores.argmax(dim=1)
    radii = certified_radii(scores, labels, lipschitz=norm)
    rival = scores.scatter(1, labels[:, None], -math.inf).argmax(dim=1)
    worst = (weight[rival] - weight[labels]) / (math.sqrt(2) * norm)
    for factor, stands in ((1 - ROUNDING, True), (1 + ROUNDING, False)):
        moved = (x + factor * radii[:, None] * worst) @ weight.T
        assert ((moved.argmax(dim=1) == labels) == stands).all()


def test_no_step_of_that_length_changes_the_prediction() -> None:
    weight, x = linear_classifier(1.0), inputs()
    labels = (x @ weight.T).argmax(dim=1)
    radii = certified_radii(x @ weight.T, labels)
    steps = torch.randn(100, *x.shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    steps *= radii[:, None] * (1 - ROUNDING) / steps.norm(dim=2, keepdim=True)
    assert (((x + steps) @ weight.T).argmax(dim=2) == labels).all()


def test_a_margin_is_negative_exactly_where_the_prediction_is_wrong() -> None:
    scores = torch.randn(500, 4, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(500) % 4
    wrong = scores.argmax(dim=1) != labels
    assert torch.equal(margins(scores, labels) < 0, wrong)
    assert torch.equal(certified_radii(scores, labels) < 0, wrong)
    assert 0 < wrong.sum() < 500


def test_a_tie_certifies_nothing() -> None:
    """Radius 0: an example counts at radius r if its value is strictly greater."""
    scores = torch.tensor([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0]])
    assert certified_radii(scores, torch.tensor([0, 1])).tolist() == [0, 0]


def test_margins_are_those_of_the_definition() -> None:
    scores = torch.tensor([[3.0, 1.0, 2.5], [3.0, 1.0, 2.5], [-1.0, -2.0, -9.0]])
    assert margins(scores, torch.tensor([0, 2, 0])).tolist() == [0.5, -0.5, 1.0]
    assert scores.isfinite().all()


@pytest.mark.parametrize("lipschitz", [0.5, 1.0, 4.0])
def test_radii_are_margins_over_sqrt_2_times_the_constant(lipschitz: float) -> None:
    scores, labels = inputs(), torch.zeros(50, dtype=torch.int64)
    found = certified_radii(scores, labels, lipschitz)
    torch.testing.assert_close(found, margins(scores, labels) / (math.sqrt(2) * lipschitz))


@pytest.mark.parametrize("lipschitz", [0.0, -1.0, math.inf, math.nan])
def test_impossible_constants_are_refused(lipschitz: float) -> None:
    with pytest.raises(ValueError, match=f"positive and finite, got {lipschitz}"):
        certified_radii(torch.zeros(2, 3), torch.zeros(2, dtype=torch.int64), lipschitz)


@pytest.mark.parametrize(
    ("scores", "labels"), [((3,), (3,)), ((3, 1), (3,)), ((3, 4), (2,)), ((3, 4), (3, 1))], ids=str
)
def test_shapes_that_do_not_fit_are_refused(scores: tuple[int, ...], labels: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="do not fit together"):
        margins(torch.zeros(scores), torch.zeros(labels, dtype=torch.int64))
