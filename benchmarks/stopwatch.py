"""Times of things that do the same, taken in turn, and the machine that they were taken on."""

import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

MOST = 10  # calls in a row


@dataclass(frozen=True)
class Stopwatch:
    """How times are taken.

    Args:
        repeats: Rounds after the warm-up.
        burst: Seconds for which a call is repeated in a round, at most ten times: a fast one is measured warm.
        limit: Seconds after which a call takes no further part; it has run at least once.
        device: Where the calls run.
        half: Whether training steps run under autocast to bfloat16.
    """

    repeats: int = 5
    burst: float = 0.2
    limit: float = 60.0
    device: str = "cpu"
    half: bool = False

    def in_turn(self, calls: dict[str, Callable[[], object]]) -> dict[str, float]:
        """Seconds of the fastest run of each call; in every round all of them run, so that noise hits all alike."""
        fastest = {name: self._seconds(call) for name, call in calls.items()}  # which warms up
        spent = dict(fastest)
        for _ in range(self.repeats):
            for name, call in calls.items():
                if spent[name] + fastest[name] <= self.limit:
                    times = self._burst(call)
                    fastest[name] = min(fastest[name], *times)
                    spent[name] += sum(times)
        return fastest

    def _burst(self, call: Callable[[], object]) -> list[float]:
        times = [self._seconds(call)]
        while sum(times) < self.burst and len(times) < MOST:
            times.append(self._seconds(call))
        return times

    def _seconds(self, call: Callable[[], object]) -> float:
        self._wait()
        start = time.perf_counter()
        call()
        self._wait()
        return time.perf_counter() - start

    def _wait(self) -> None:
        if torch.device(self.device).type == "cuda":
            torch.cuda.synchronize(self.device)


def training_step(model: nn.Module, images: Tensor, *, half: bool = False) -> Callable[[], None]:
    """Make a call that runs forward, backward to parameters and images, and a step of SGD with momentum.

    Args:
        model: Map that keeps the shape.
        images: What it maps.
        half: Whether the forward pass runs under autocast to bfloat16.

    Returns:
        The call.
    """
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)
    direction = torch.randn_like(images) / images.numel()
    images = images.clone().requires_grad_()

    def step() -> None:
        optimizer.zero_grad()
        images.grad = None
        with torch.autocast(images.device.type, torch.bfloat16, enabled=half):
            y = model(images)
        y.backward(direction.to(y.dtype))
        optimizer.step()

    return step


@torch.no_grad()
def perturb(model: nn.Module) -> nn.Module:
    """Move weights off the start, whose zeros training leaves at once, by matrices of norm about 0.2; return it."""
    for parameter in model.parameters():
        terms = parameter[0].numel() if parameter.ndim > 1 else 100
        parameter.add_(torch.randn_like(parameter), alpha=0.1 / terms**0.5)
    return model


def machine(device: str) -> str:
    """One line that says what the numbers were measured on."""
    names = [line for line in _processor() if line.startswith("model name")]
    name = names[0].partition(":")[2].strip() if names else platform.processor() or platform.machine()
    graphics = f", {torch.cuda.get_device_name(device)}" if torch.device(device).type == "cuda" else ""
    threads = f"{torch.get_num_threads()} of {os.cpu_count()} threads"
    return f"Machine: {name}, {threads}{graphics}; Python {platform.python_version()}, torch {torch.__version__}."


def _processor() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []
