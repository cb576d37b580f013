"""The offset cross-entropy is its formula, and asks for a margin of the offset."""

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from analysis.losses import CohortCrossEntropy, OffsetCrossEntropy

LABELS = torch.tensor([0, 2, 3, 3, 1])


def scores() -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return 3 * torch.randn(5, 4, generator=generator, dtype=torch.float64)


def gradient_at(margin: float, loss: OffsetCrossEntropy) -> Tensor:
    """Gradient at one example of class 0 that beats the nine other classes by the margin."""
    given = torch.tensor([[margin] + [0.0] * 9], dtype=torch.float64, requires_grad=True)
    loss(given, torch.tensor([0])).backward()
    assert given.grad is not None
    return given.grad[0]


@pytest.mark.parametrize("offset", [0.0, 0.2, math.sqrt(2)])
@pytest.mark.parametrize("temperature", [0.1, 0.25, 1.0, 8.0])
def test_the_loss_is_its_formula(offset: float, temperature: float) -> None:
    values = []
    for row, label in zip(scores().tolist(), LABELS.tolist(), strict=True):
        shifted = [(s - offset * (j == label)) / temperature for j, s in enumerate(row)]
        values.append(temperature * (math.log(sum(map(math.exp, shifted))) - shifted[label]))
    expected = sum(values) / len(values)
    assert float(OffsetCrossEntropy(offset, temperature)(scores(), LABELS)) == pytest.approx(expected, rel=1e-12)


def test_without_offset_at_temperature_1_it_is_the_cross_entropy() -> None:
    assert torch.equal(OffsetCrossEntropy(0, 1)(scores(), LABELS), F.cross_entropy(scores(), LABELS))


@pytest.mark.parametrize("temperature", [0.05, 0.25])
def test_the_true_score_is_pulled_at_full_strength_until_the_margin_nears_the_offset(temperature: float) -> None:
    """The pull is 1 - p; k temperatures below the offset p < exp(-k), and k above it 1 - p < 9 exp(-k)."""
    loss = OffsetCrossEntropy(1.0, temperature)
    assert -1 <= gradient_at(1 - 5 * temperature, loss)[0] <= -(1 - math.exp(-5))
    assert -9 * math.exp(-8) <= gradient_at(1 + 8 * temperature, loss)[0] < 0


def test_gradients_of_all_scores_cancel() -> None:
    """A constant added to all scores changes nothing."""
    gradient = gradient_at(0.7, OffsetCrossEntropy(1.0, 0.25))
    assert float(gradient.sum()) == pytest.approx(0, abs=1e-15)
    assert (gradient[1:] > 0).all()


def test_scores_are_not_changed_and_keep_their_dtype() -> None:
    given = scores().float()
    before = given.clone()
    assert OffsetCrossEntropy(0.5, 0.25)(given, LABELS).dtype == torch.float32
    assert torch.equal(given, before)


@pytest.mark.parametrize(
    ("offset", "temperature", "message"),
    [
        (-0.1, 1.0, "offset must not be negative, got -0.1"),
        (math.nan, 1.0, "got nan"),
        (0.0, 0.0, "temperature must be positive, got 0.0"),
        (0.0, -1.0, "got -1.0"),
        (0.0, math.nan, "got nan"),
    ],
)
def test_other_offsets_and_temperatures_are_refused(offset: float, temperature: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        OffsetCrossEntropy(offset, temperature)


def test_a_loss_shows_its_numbers() -> None:
    assert repr(OffsetCrossEntropy(0.5, 0.25)) == "OffsetCrossEntropy(offset=0.5, temperature=0.25)"


def test_the_loss_of_a_cohort_is_the_loss_of_each_network() -> None:
    losses = [OffsetCrossEntropy(0.0, 1.0), OffsetCrossEntropy(0.5, 0.25), OffsetCrossEntropy(0.1, 2.0)]
    scores = torch.randn(3, 6, 4, dtype=torch.float64, requires_grad=True)
    labels = torch.arange(18).view(3, 6) % 4
    together = CohortCrossEntropy(losses)
    expected = torch.stack([loss(*each) for loss, *each in zip(losses, scores, labels, strict=True)])
    torch.testing.assert_close(together(scores, labels), expected)
    (gradient,), (reference,) = (
        torch.autograd.grad(value.sum(), scores) for value in (together(scores, labels), expected)
    )
    torch.testing.assert_close(gradient, reference)
    together.keep(torch.tensor([2, 0]))
    torch.testing.assert_close(together(scores[[2, 0]], labels[[2, 0]]), expected[[2, 0]])
