"""Memory is counted from what a step keeps; time is that of evaluation."""

import pytest
import torch
from torch import nn

from analysis import models
from analysis.evaluation import inference_seconds, memory_of_a_step

FLOAT = 4


def test_a_linear_map_keeps_only_its_input_and_weights() -> None:
    assert memory_of_a_step(nn.Linear(3, 2, bias=False), torch.zeros(5, 3)) == 3 * 6 * FLOAT


@pytest.mark.parametrize("layers", [1, 2, 5])
def test_every_activation_that_is_kept_counts_once(layers: int) -> None:
    """A sigmoid keeps its output, which is the next one's input too."""
    model = nn.Sequential(*[nn.Sigmoid() for _ in range(layers)])
    x = torch.zeros(7, 3, requires_grad=True)
    assert memory_of_a_step(model, x) == layers * 21 * FLOAT


def test_memory_grows_with_the_batch_by_what_an_image_keeps() -> None:
    model = models.build("AOL-LCN", input_shape=(1, 8, 8), classes=10, width=16, depth=1)
    one, two, three = (memory_of_a_step(model, torch.rand(n, 1, 8, 8)) for n in (1, 2, 3))
    assert three - two == two - one > 8 * 8 * 16 * FLOAT
    assert one >= 3 * FLOAT * sum(parameter.numel() for parameter in model.parameters())


def test_measuring_leaves_the_network_as_it_was() -> None:
    model = models.build("MLP", input_shape=(1, 4, 4), classes=3, width=8).eval()
    x = torch.rand(6, 1, 4, 4)
    expected = model(x)
    memory_of_a_step(model, x)
    assert inference_seconds(model, x) > 0
    assert not model.training
    assert all(parameter.grad is None for parameter in model.parameters())
    assert torch.equal(model(x), expected)


def test_time_is_that_of_evaluation_without_gradients(monkeypatch: pytest.MonkeyPatch) -> None:
    model, seen = nn.Linear(3, 3), []
    monkeypatch.setattr(model, "forward", lambda x: seen.append((model.training, torch.is_grad_enabled())))
    inference_seconds(model, torch.zeros(2, 3))
    assert set(seen) == {(False, False)}
    assert model.training
