"""Auto-PGD: Croce and Hein, ICML 2020, arXiv 2003.01690, algorithm 1, for l2 balls."""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from analysis.evaluation.victims import Ascent, Loss, Victims, directions, scaled

MOMENTUM = 0.75  # alpha of the paper: the share of the new step
ENOUGH = 0.75  # rho of the paper: the share of steps that must raise the loss


@dataclass
class _Points:
    """Perturbations, their losses and gradients."""

    perturbations: Tensor
    values: Tensor
    gradients: Tensor

    @classmethod
    def of(cls, perturbations: Tensor, ascent: Ascent) -> "_Points":
        return cls(perturbations, ascent.values, ascent.gradients)

    def where(self, chosen: Tensor, others: "_Points") -> "_Points":
        """These where chosen, else the others."""
        return _Points(
            torch.where(chosen[:, None], self.perturbations, others.perturbations),
            torch.where(chosen, self.values, others.values),
            torch.where(chosen[:, None], self.gradients, others.gradients),
        )


def apgd(victims: Victims, loss: Loss, radii: Tensor, start: Tensor, *, steps: int) -> tuple[Tensor, Tensor]:
    r"""Raise the loss of each image within its ball.

    Each step of length :math:`\eta` follows the normalised gradient g, with momentum, projected on the ball:

    .. math:: z = P(x_k + \eta\, g), \qquad x_{k+1} = P\big(x_k + \tfrac34 (z - x_k) + \tfrac14 (x_k - x_{k-1})\big).

    The length starts at twice the radius. At checkpoints it is halved, and the search returns to its best point, where
    fewer than three quarters of the steps raised the loss, or where neither length nor best loss has changed.

    Args:
        victims: Images.
        loss: What to raise.
        radii: Shape ``(n,)``, float64.
        start: First perturbations, shape ``(n, pixels)``.
        steps: Gradient steps.

    Returns:
        The perturbations met with the largest gap between another class and the true one, and these gaps.
    """
    start = victims.within(start, radii)
    first = victims.ascent(start, loss)
    here = peak = _Points.of(start, first)
    strongest, gaps = start, first.gaps
    last, rises = start, torch.zeros_like(radii)
    pace = _Pace(2 * radii, peak.values)
    ends = checkpoints(steps)
    for step in range(1, steps + 1):
        ahead = _next(victims, radii, here, last, pace.lengths)
        ascent = victims.ascent(ahead, loss)
        stronger = ascent.gaps > gaps
        strongest = torch.where(stronger[:, None], ahead, strongest)
        gaps = torch.where(stronger, ascent.gaps, gaps)
        rises += ascent.values > here.values
        last, here = here.perturbations, _Points.of(ahead, ascent)
        peak = here.where(here.values > peak.values, peak)
        if step in ends:
            stuck = pace.slow_down(rises < ENOUGH * ends[step], peak.values)
            here = peak.where(stuck, here)
            last = torch.where(stuck[:, None], here.perturbations, last)
            rises = torch.zeros_like(rises)
    return strongest, gaps


def checkpoints(steps: int) -> dict[int, int]:
    r"""Steps after which the step length is looked at.

    At the shares :math:`p_0 = 0,\; p_1 = 0.22,\; p_{j+1} = p_j + \max(p_j - p_{j-1} - 0.03,\, 0.06)` of all steps.

    Args:
        steps: Gradient steps.

    Returns:
        From each checkpoint to the number of steps since the one before.

    Example:
        >>> checkpoints(100)[41]
        19
    """
    shares, interval = [0.0], 0.22
    while shares[-1] + interval < 1:
        shares.append(shares[-1] + interval)
        interval = max(interval - 0.03, 0.06)
    ends = sorted({-int(-share * steps // 1) for share in shares})
    return {end: end - before for before, end in pairwise(ends)}


@dataclass
class _Pace:
    """Step lengths, and what they and the best losses were at the last checkpoint."""

    lengths: Tensor
    best: Tensor
    kept: Tensor | None = None  # whether the length survived the last checkpoint

    def slow_down(self, failing: Tensor, best: Tensor) -> Tensor:
        """Halve lengths where steps fail or nothing has changed, and return where."""
        kept = torch.ones_like(failing) if self.kept is None else self.kept
        stuck = failing | (kept & (best <= self.best))
        self.lengths = torch.where(stuck, self.lengths / 2, self.lengths)
        self.best, self.kept = best, ~stuck
        return stuck


def _next(victims: Victims, radii: Tensor, here: _Points, last: Tensor, lengths: Tensor) -> Tensor:
    origin = here.perturbations
    ahead = victims.within(origin + scaled(directions(here.gradients), lengths), radii)
    return victims.within(origin + MOMENTUM * (ahead - origin) + (1 - MOMENTUM) * (origin - last), radii)
