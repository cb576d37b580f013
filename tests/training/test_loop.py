"""The loop takes one step per batch, learns what can be learned, and says when it cannot go on."""

import math
from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from analysis.datasets.batches import batches
from analysis.training import Descent, DivergedError, train

Batch = tuple[Tensor, Tensor]


def fit(
    model: nn.Module,
    data: Iterator[Batch],
    steps: int,
    rate: float = 0.1,
    loss: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy,
) -> float:
    optimizer = Descent(model.parameters(), learning_rate=rate, momentum=0.9, steps=steps)
    return train(model, data, loss=loss, optimizer=optimizer)


def noise(steps: int, seen: list[int] | None = None) -> Iterator[Batch]:
    generator = torch.Generator().manual_seed(0)
    for step in range(steps):
        if seen is not None:
            seen.append(step)
        yield torch.randn(8, 5, generator=generator), torch.arange(8) % 3


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 5, 51, 100])
def test_as_many_steps_as_batches(steps: int) -> None:
    model, seen = nn.Linear(5, 3), []
    optimizer = Descent(model.parameters(), learning_rate=0.1, momentum=0.9, steps=steps)
    train(model, noise(steps, seen), loss=F.cross_entropy, optimizer=optimizer)
    assert optimizer.taken == len(seen) == steps


def test_a_step_is_one_of_gradient_descent() -> None:
    """Against the formula of plain SGD; gradients of earlier batches do not add up."""
    model = nn.Linear(2, 1, bias=False, dtype=torch.float64)
    expected = model.weight.detach().clone()
    data = [(torch.randn(4, 2, dtype=torch.float64), torch.randn(4, 1, dtype=torch.float64)) for _ in range(3)]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    last = train(model, data, loss=F.mse_loss, optimizer=optimizer)
    for x, y in data:
        residual = x @ expected.T - y
        value = float(residual.square().mean())
        expected -= 0.1 * residual.T @ x / 2
    torch.testing.assert_close(model.weight.detach(), expected)
    assert last == pytest.approx(value)


def test_separable_points_are_learned_without_error() -> None:
    torch.manual_seed(0)
    labels = torch.arange(60) % 2
    images = torch.where(labels[:, None, None, None] == 1, 200, 50) + torch.randint(-20, 21, (60, 1, 2, 2))
    images = images.to(torch.uint8)
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 2)).eval()
    data = batches(images, labels, batch_size=16, steps=300, generator=torch.Generator().manual_seed(0))
    loss = fit(model, data, 300)
    assert torch.equal(model(images / 255).argmax(dim=1), labels)
    assert loss < 0.3
    assert model.training


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("when", [0, 10, 60, 119])
def test_a_loss_that_is_not_finite_stops_within_50_steps(value: float, when: int) -> None:
    """The weights, once spoiled, never recover: a loss that is not finite stays so."""
    seen: list[int] = []

    def spoiled(scores: Tensor, labels: Tensor) -> Tensor:
        loss = F.cross_entropy(scores, labels)
        return loss + value if len(seen) > when else loss

    with pytest.raises(DivergedError, match="no longer finite at step"):
        fit(nn.Linear(5, 3), noise(120, seen), 120, loss=spoiled)
    assert when < len(seen) <= when + 51


def test_a_rate_that_is_too_high_is_reported() -> None:
    with pytest.raises(DivergedError):
        fit(nn.Linear(5, 1), noise(300), 300, rate=1e8, loss=lambda scores, labels: scores.square().mean())


def test_nothing_to_train_on_is_refused() -> None:
    with pytest.raises(ValueError, match="no batch to train on"):
        fit(nn.Linear(5, 3), noise(0), 5)
