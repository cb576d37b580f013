"""Steps are those of torch's SGD under its one-cycle schedule, to the bit, without what these load."""

import subprocess
import sys

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.optim import SGD
from torch.optim.lr_scheduler import OneCycleLR

from analysis.training import Descent

STEPS = 30


def made() -> tuple[nn.Module, nn.Parameter]:
    """A network, and a parameter that has a gradient in some steps only."""
    model = nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 3))
    generator = torch.Generator().manual_seed(0)
    for parameter in model.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator)
    return model, nn.Parameter(torch.ones(3))


@pytest.mark.parametrize("momentum", [0.9, 0.5])
def test_steps_are_torch_s(momentum: float) -> None:
    (ours, our_shift), (theirs, their_shift) = made(), made()
    optimizer = Descent([our_shift, *ours.parameters()], learning_rate=0.7, momentum=momentum, steps=STEPS)
    reference = SGD([their_shift, *theirs.parameters()], lr=0.7, momentum=momentum, nesterov=True)
    schedule = OneCycleLR(reference, 0.7, STEPS + 1, pct_start=0.3, cycle_momentum=False)
    generator = torch.Generator().manual_seed(1)
    for step in range(STEPS):
        x = torch.randn(8, 5, generator=generator)
        for model, shift in ((ours, our_shift), (theirs, their_shift)):
            model.zero_grad()
            shift.grad = None
            scores = model(x) + shift if step % 3 else model(x)
            F.cross_entropy(scores, torch.arange(8) % 3).backward()
        optimizer.step()
        reference.step()
        schedule.step()
        for found, expected in zip([our_shift, *ours.parameters()], [their_shift, *theirs.parameters()], strict=True):
            assert torch.equal(found, expected)
            assert found.isfinite().all()


def test_no_step_is_taken_past_the_end_of_the_schedule() -> None:
    optimizer = Descent([nn.Parameter(torch.zeros(2))], learning_rate=0.1, momentum=0.9, steps=1)
    optimizer.step()
    with pytest.raises(IndexError):
        optimizer.step()


@pytest.mark.slow
def test_training_does_not_load_torch_s_compiler() -> None:
    """Which would take longer than many a training."""
    code = (
        "import sys; from analysis.trials import Trial, run_trials; "
        "run_trials([Trial(dataset='digits', model='MLP', width=16, depth=2, steps=2)]); "
        "sys.exit('torch._dynamo' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
