"""Fits the function N: many networks at once, each measured against it on the whole interval."""

import math
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from analysis.lipschitz import lipschitz_and_rounding
from analysis.models.replicas import Replicas, refuse_unknown
from analysis.theory import NFunction
from analysis.training import DivergedError, find_device
from analysis.trials.fit import Fit, function_hash
from analysis.trials.measure import provenance

TARGET = NFunction()
EVEN = 97  # points of the fits in the maximum norm, with the kinks among them
FIRST_NORM, LAST_NORM, REACHED = 2.0, 256.0, 0.8  # p of the norm at the first step and from this share of them on
INPUTS, BATCH, MOMENTUM = 1_000, 100, 0.9  # of the toy experiment
MEASURED, SHOWN = 24_001, 601  # points: every 2.5e-4, and every 0.01

Step = Callable[[int], Tensor]  # from the number of a step to the loss of each network


def check_fit(fit: Fit) -> None:
    """Refuse unknown names, and widths that do not fit the activation.

    Args:
        fit: What is about to be run.

    Raises:
        ValueError: If a name is unknown, or the width does not fit.
    """
    refuse_unknown(fit.layer, fit.activation, fit.width)


def run_fit(fit: Fit, device: str | None = None) -> dict[str, Any]:
    r"""Train all restarts of a fit together, and measure each.

    The distance :math:`\max_{|x| \le 3} |f(x) - N(x)|` is enclosed: from below by the largest error at 24,001 points,
    from above by what the proven Lipschitz bounds of f and N allow between them, 2.5e-4 more. Networks are measured in
    float64.

    Args:
        fit: What to run.
        device: Torch device, or None for the best there is.

    Returns:
        A record. Its arrays: ``low`` and ``high``, the bounds of each restart's distance, and ``mse``, its mean squared
        error over the interval, shape ``(restarts,)``; ``curve``, the values of the nearest at 601 even points.
        Its outcome: ``distance`` and ``certified``, both bounds of the nearest, ``lipschitz``, the largest proven bound
        of all, and ``loss``, the last of the nearest.

    Raises:
        DivergedError: If a network's values are not finite.
    """
    start = time.perf_counter()
    target = find_device(device)
    replicas = Replicas(
        fit.restarts,
        width=fit.width,
        depth=fit.depth,
        layer=fit.layer,
        activation=fit.activation,
        spread=fit.spread,
        seed=fit.seed,
    ).to(target)
    losses = train_replicas(replicas, fit, target)
    training = time.perf_counter() - start
    arrays, bound = _measure(replicas)
    nearest = int(arrays["low"].argmin())
    outcome = {
        "distance": float(arrays["low"][nearest]),
        "certified": float(arrays["high"][nearest]),
        "lipschitz": bound,
        "loss": float(losses[nearest]),
        "diverged": None,
    }
    return {
        "specification": asdict(fit),
        "outcome": outcome,
        "arrays": {name: array for name, array in arrays.items() if name != "curves"}
        | {"curve": arrays["curves"][nearest]},
        "data": function_hash(),
        "provenance": provenance(target) | {"training": training, "evaluation": time.perf_counter() - start - training},
    }


def train_replicas(replicas: Replicas, fit: Fit, device: torch.device) -> Tensor:
    """Take all steps of a fit.

    Args:
        replicas: Its networks, changed in place.
        fit: Says how.
        device: Where they lie.

    Returns:
        The last loss of each, shape ``(restarts,)``.

    Raises:
        DivergedError: If one of them is not finite.
    """
    maximum = fit.aim == "maximum"
    step = _towards_maximum(replicas, fit.steps, device) if maximum else _towards_squares(replicas, fit.seed, device)
    optimizer: torch.optim.Optimizer = (
        torch.optim.Adam(replicas.parameters(), lr=fit.learning_rate)
        if maximum
        else torch.optim.SGD(replicas.parameters(), lr=fit.learning_rate, momentum=MOMENTUM)
    )
    losses = torch.empty(0)
    for taken in range(fit.steps):
        share = (1 + math.cos(math.pi * taken / fit.steps)) / 2 if maximum else 1.0
        optimizer.param_groups[0]["lr"] = fit.learning_rate * share
        losses = step(taken)
        optimizer.zero_grad()
        losses.sum().backward()  # each loss depends on its own network alone
        optimizer.step()
    if not losses.isfinite().all():
        raise DivergedError(fit.steps - 1)
    return losses.detach()


def _towards_maximum(replicas: Replicas, steps: int, device: torch.device) -> Step:
    r"""The p-norm :math:`(\operatorname{mean} |f - N|^p)^{1/p}` at even points, p growing by a constant factor."""
    points = np.linspace(-TARGET.reach, TARGET.reach, EVEN)
    x, y = (torch.from_numpy(each).float().to(device).expand(replicas.count, -1) for each in (points, TARGET(points)))

    def losses(taken: int) -> Tensor:
        power = FIRST_NORM * (LAST_NORM / FIRST_NORM) ** min(1.0, taken / (REACHED * steps))
        errors = (replicas(x) - y).abs()
        largest = errors.detach().amax(dim=1, keepdim=True).clamp_min(torch.finfo(errors.dtype).tiny)
        norms: Tensor = largest[:, 0] * ((errors / largest) ** power).mean(dim=1) ** (1 / power)
        return norms

    return losses


def _towards_squares(replicas: Replicas, seed: int, device: torch.device) -> Step:
    """Mean squared errors on a batch of each network's own inputs, all of them once in an epoch."""
    generator = torch.Generator().manual_seed(seed)
    drawn = TARGET.reach * (2 * torch.rand(replicas.count, INPUTS, dtype=torch.float64, generator=generator) - 1)
    x, y = (each.float().to(device) for each in (drawn, torch.from_numpy(TARGET(drawn.numpy()))))
    orders: list[Tensor] = []

    def losses(taken: int) -> Tensor:
        if not orders:
            order = torch.rand(replicas.count, INPUTS, generator=generator).argsort(dim=1)
            orders.extend(order.to(device).split(BATCH, dim=1))
        chosen = orders.pop()
        errors: Tensor = replicas(x.gather(1, chosen)) - y.gather(1, chosen)
        return errors.square().mean(dim=1)

    return losses


@torch.no_grad()
def _measure(replicas: Replicas) -> tuple[dict[str, NDArray[Any]], float]:
    """Bounds, mean squared error and curve of each network; and the largest Lipschitz bound."""
    points = np.linspace(-TARGET.reach, TARGET.reach, MEASURED)
    found: dict[str, list[Any]] = {"low": [], "high": [], "mse": [], "curves": []}
    bounds = []
    for index in range(replicas.count):
        network = replicas.network(index)
        values = network(torch.from_numpy(points)[:, None])[:, 0].numpy()
        lipschitz, rounding = lipschitz_and_rounding(network, (1,), TARGET.reach)
        low, high = TARGET.enclose(values, lipschitz=lipschitz, rounding=rounding)
        bounds.append(lipschitz)
        mse = float(np.square(values - TARGET(points)).mean())
        curve = values[:: (MEASURED - 1) // (SHOWN - 1)].astype(np.float32)
        for name, value in zip(found, (low, high, mse, curve), strict=True):
            found[name].append(value)
    return {name: np.array(values) for name, values in found.items()}, max(bounds)
