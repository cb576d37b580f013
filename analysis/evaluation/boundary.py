"""Walks to the nearest decision boundary."""

import math

import torch
from torch import Tensor

from analysis.evaluation.victims import Victims, directions, lengths, scaled, towards

OVERSHOOT = 1.05  # of a step on to the linearised boundary
BIAS = 0.1  # largest pull towards the image
RETREAT = 0.9  # what remains of a perturbation that has crossed the boundary
HALVINGS = 30


def walk(victims: Victims, classes: Tensor, start: Tensor, *, steps: int) -> Tensor:
    r"""Look for the point nearest to each image where a given class overtakes the true one.

    The difference of scores :math:`f = s_t - s_y` is replaced by its linear part at the present point. A step is a
    mixture of the projections of that point and of the image on the plane :math:`f = 0`, each overshot by a twentieth;
    the image's share is that of its nearness, at most a tenth. A point across the boundary is drawn back by a tenth
    (FAB: Croce and Hein, ICML 2020, arXiv 1907.02044; the first step from the image is DeepFool's, Moosavi-Dezfooli,
    Fawzi and Frossard, CVPR 2016).

    Args:
        victims: Images.
        classes: Targets, shape ``(n,)``.
        start: First perturbations, shape ``(n, pixels)``.
        steps: Gradient steps.

    Returns:
        The shortest perturbations met that change the prediction, shape ``(n, pixels)``, ``inf`` where there is none.
    """
    here = victims.admissible(start)
    shortest = torch.full_like(here, math.inf)
    for _ in range(steps):
        ascent = victims.ascent(here, towards(classes))
        better = ascent.changed & (lengths(here) < lengths(shortest))
        shortest = torch.where(better[:, None], here, shortest)
        retreated = torch.where(ascent.changed[:, None], RETREAT * here, here)
        here = victims.admissible(_step(retreated, here, ascent.values, ascent.gradients))
    arrived = victims.changed(here) & (lengths(here) < lengths(shortest))
    return torch.where(arrived[:, None], here, shortest)


def _step(here: Tensor, measured: Tensor, values: Tensor, gradients: Tensor) -> Tensor:
    """Step from a point by the linear part at the point where it was measured; no step where that is flat."""
    normals, slopes = directions(gradients), lengths(gradients)
    plane = (normals.double() * measured).sum(dim=1) - values / slopes.clamp_min(1e-300)  # its distance from the image
    ahead = plane - (normals.double() * here).sum(dim=1)
    share = (ahead.abs() / (ahead.abs() + plane.abs()).clamp_min(1e-300)).clamp_max(BIAS)
    mixed = scaled(here, 1 - share) + scaled(normals, OVERSHOOT * ((1 - share) * ahead + share * plane))
    usable = (slopes > 0) & mixed.isfinite().all(dim=1)
    return torch.where(usable[:, None], mixed, here)


def to_boundary(victims: Victims, perturbations: Tensor) -> Tensor:
    """Shorten perturbations to where the prediction changes, by bisection between image and perturbed image.

    Args:
        victims: Images.
        perturbations: Shape ``(n, pixels)``, each of which changes the prediction.

    Returns:
        Perturbations of the same directions that change it, at most 1e-9 too long, relatively.
    """
    low = torch.zeros(len(victims), dtype=torch.float64, device=perturbations.device)
    high = torch.ones_like(low)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        changed = victims.changed(scaled(perturbations, middle))
        low, high = torch.where(changed, low, middle), torch.where(changed, middle, high)
    return scaled(perturbations, high)
