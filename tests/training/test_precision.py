"""Products in bfloat16, on the processor as on a graphics card: parameters, derived weights and losses keep theirs."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from analysis import models
from analysis.lipschitz import AOLLinear
from analysis.training import casting, scores_in
from analysis.trials import Trial, run_trials
from analysis.trials.company import company

CPU = torch.device("cpu")
TRIAL = Trial(dataset="digits", model="AOL-MLP", width=32, depth=2, batch_size=32, steps=120, size=600)
ROBUST = replace(TRIAL, offset=0.35, temperature=0.125, learning_rate=1.0)


def test_products_are_rounded_and_weights_are_derived_before() -> None:
    network = models.build("AOL-MLP", input_shape=(1, 8, 8), classes=4, width=64, depth=2)
    layer = next(each for each in network if isinstance(each, AOLLinear))
    seen: list[Tensor] = []
    layer.register_forward_hook(lambda module, inputs, output: seen.append(output))
    images = torch.rand(5, 1, 8, 8)
    scores = scores_in("bfloat16", network, images)
    assert [output.dtype for output in seen] == [torch.bfloat16]
    assert scores.dtype == torch.float32
    with casting("bfloat16", CPU):
        assert layer.weight.dtype == torch.float32
    exact = network(images)
    assert not torch.equal(scores, exact)
    torch.testing.assert_close(scores, exact, rtol=0, atol=4 * 2.0**-8)  # two layers, of norm 1, on values below 1


def test_float32_is_left_alone() -> None:
    network = nn.Linear(3, 2).double()
    assert scores_in("float32", network, torch.rand(4, 3, dtype=torch.float64)).dtype == torch.float64


def test_unknown_precisions_are_refused() -> None:
    with pytest.raises(ValueError, match=r"unknown precision 'float16'; known are float32, bfloat16"):
        casting("float16", CPU)
    with pytest.raises(ValueError, match=r"unknown precision 'float16'; known are float32, bfloat16"):
        replace(TRIAL, precision="float16")


def test_trials_in_bfloat16_are_trained_alone() -> None:
    """In company they would agree with themselves to 3 digits at best."""
    first, second = (replace(TRIAL, precision="bfloat16", seed=seed) for seed in range(2))
    assert company(first) != company(second)


@pytest.mark.parametrize("trial", [replace(TRIAL, model="MLP"), ROBUST], ids=["standard", "robust"])
def test_a_trial_in_bfloat16_learns_and_is_measured_as_ever(trial: Trial) -> None:
    """Scores agree with those of float32 training to a few points of 500 test images."""
    rounded, exact = run_trials([replace(trial, precision="bfloat16"), trial])
    assert rounded["outcome"]["loss"] != exact["outcome"]["loss"]
    assert rounded["outcome"]["accuracy"] == pytest.approx(exact["outcome"]["accuracy"], abs=0.05)
    assert rounded["provenance"]["memory"] != exact["provenance"]["memory"]
    if trial is ROBUST:
        assert rounded["outcome"]["lipschitz"] <= 1 + 1e-6
        assert rounded["arrays"]["radii"].dtype == exact["arrays"]["radii"].dtype
