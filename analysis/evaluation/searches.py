"""Searches for perturbations of images that are classified correctly: the strongest within radii, the smallest."""

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from analysis.evaluation.apgd import apgd
from analysis.evaluation.boundary import to_boundary, walk
from analysis.evaluation.victims import Victims, cross_entropy, directions, lengths, nearest_classes, scaled, towards

TARGETS = 9  # classes whose boundaries are looked at, those of the highest scores
FIRST_CUT = 0.1  # by which the smallest norm is undercut; halved where that fails


@dataclass(frozen=True)
class Effort:
    """How much is tried.

    Attributes:
        steps: Gradient steps of each run.
        restarts: Runs of each kind.
        generator: Of the random starts, on the CPU.
    """

    steps: int
    restarts: int
    generator: Generator

    def anywhere(self, victims: Victims, radii: Tensor) -> Tensor:
        """Random points on spheres, shape ``(n, pixels)``."""
        pixels = victims.images
        noise = torch.randn(pixels.shape, generator=self.generator, dtype=pixels.dtype).to(pixels.device)
        return scaled(directions(noise), radii)


def strongest(victims: Victims, radii: Tensor, effort: Effort) -> Tensor:
    """Auto-PGD within radii, on both losses in turn, for examples that still stand.

    Args:
        victims: Images that are classified correctly.
        radii: Shape ``(n,)``, float64.
        effort: How much is tried.

    Returns:
        The perturbations with the largest gap between another class and the true one, shape ``(n, pixels)``.
    """
    best = torch.zeros_like(victims.images)
    gaps = clean = victims.gaps(best)
    classes = nearest_classes(victims, TARGETS)
    for restart in range(effort.restarts):
        start = effort.anywhere(victims, radii) if restart else torch.zeros_like(best)
        for targeted in (True, False):
            standing = ~victims.changed(best)
            if not standing.any():
                return best
            targets = classes[standing, restart % classes.shape[1]]
            loss = towards(targets) if targeted else cross_entropy(clean[standing])
            found, height = apgd(victims[standing], loss, radii[standing], start[standing], steps=effort.steps)
            higher = height > gaps[standing]
            best = best.index_put((standing,), torch.where(higher[:, None], found, best[standing]))
            gaps = gaps.index_put((standing,), torch.where(higher, height, gaps[standing]))
    return best


def smallest(victims: Victims, effort: Effort) -> Tensor:
    """Walks to the boundaries of the nearest classes, then Auto-PGD within balls that undercut what is found.

    Args:
        victims: Images that are classified correctly.
        effort: How much is tried.

    Returns:
        The shortest perturbations that change the prediction, shape ``(n, pixels)``; zero where there is none.
    """
    best = torch.full_like(victims.images, math.inf)
    classes = nearest_classes(victims, TARGETS)
    for restart in range(effort.restarts):
        start = effort.anywhere(victims, _reach(best)) if restart else torch.zeros_like(best)
        found = walk(victims, classes[:, restart % classes.shape[1]], start, steps=effort.steps)
        best = _shorter(victims, best, found)
    return _undercut(victims, best, effort).nan_to_num(posinf=0)


def _undercut(victims: Victims, best: Tensor, effort: Effort) -> Tensor:
    clean = victims.gaps(torch.zeros_like(best))
    cuts = torch.full_like(clean, FIRST_CUT, dtype=torch.float64)
    for restart in range(effort.restarts):
        for targeted in (True, False):
            known = lengths(best).isfinite()
            radii = _reach(best) * torch.where(known, 1 - cuts, 1)
            start = effort.anywhere(victims, radii) if restart else torch.where(known[:, None], best, 0)
            loss = towards(_rivals(victims, best)) if targeted else cross_entropy(clean)
            found, gaps = apgd(victims, loss, radii, start, steps=effort.steps)
            best = _shorter(victims, best, torch.where((gaps > 0)[:, None], found, math.inf))
            cuts = torch.where(gaps > 0, cuts, cuts / 2)
    return best


def _shorter(victims: Victims, best: Tensor, found: Tensor) -> Tensor:
    """Shorten what was found, where anything was, and keep the shorter of both."""
    usable = found.isfinite().all(dim=1)
    shortened = to_boundary(victims, found.where(usable[:, None], 0))
    better = usable & (lengths(shortened) < lengths(best))
    return torch.where(better[:, None], shortened, best)


def _reach(best: Tensor) -> Tensor:
    """Smallest norm found, or else the diameter of the cube of all images."""
    norms = lengths(best)
    return torch.where(norms.isfinite(), norms, math.sqrt(best.shape[1]))


def _rivals(victims: Victims, best: Tensor) -> Tensor:
    """The class other than the true one with the highest score, at the perturbed image."""
    scores = victims.scores(best.nan_to_num(posinf=0))
    return scores.scatter(1, victims.labels[:, None], -math.inf).argmax(dim=1)
