"""Robust least squares for many curves at once: the refits of a bootstrap, which start where the estimate is."""

from dataclasses import dataclass

import numpy as np

from analysis.scaling.law import Array, Law

Indices = np.ndarray[tuple[int], np.dtype[np.intp]]

PASSES = 300
CLOSE = 1e-8  # relative change of the cost that counts as none
ENOUGH = 3  # steps without a change, at dampings 16 times apart, end a regression
FIRST, LESS, MORE = 0.01, 0.2, 4.0  # damping, and what a step that succeeds or fails makes of it
FLAT = 1e-12  # curvature that stands for none


@dataclass(frozen=True, eq=False)
class _Problems:
    """Regressions of one law.

    Attributes:
        law: Whose coordinates are sought.
        sizes: Shape ``(sizes,)``.
        observed: On the law's own scale, shape ``(problems, sizes)``; nan where nothing was measured.
        squares: Square of the deviation from which on a point counts less, shape ``(problems, 1)``.
    """

    law: Law
    sizes: Array
    observed: Array
    squares: Array

    def residuals(self, at: Array, which: Indices) -> Array:
        """Deviations, 0 where nothing was measured, shape ``(which, sizes)``."""
        observed = self.observed[which]
        return np.where(np.isnan(observed), 0.0, self.law.value(at, self.sizes) - observed)

    def costs(self, at: Array, which: Indices) -> Array:
        """As in ``regress``, divided by 2, shape ``(which,)``."""
        shares = self.residuals(at, which) ** 2 / self.squares[which]
        costs: Array = (self.squares[which] * (np.sqrt(1 + shares) - 1)).sum(axis=-1)
        return costs

    def steps(self, at: Array, which: Indices, damping: Array) -> Array:
        """Where the next steps lead, before they are cut to the bounds, shape ``(which, coordinates)``."""
        bounds = self.law.bounds()
        residuals, slopes = self.residuals(at, which), self.law.slopes(at, self.sizes)
        weights = ~np.isnan(self.observed[which]) / np.sqrt(1 + residuals**2 / self.squares[which])
        gradient = np.einsum("ns,nsp->np", weights * residuals, slopes)
        weighted = weights[..., None] * slopes
        curvature = np.swapaxes(weighted, 1, 2) @ slopes
        # A coordinate at a bound moves if the cost falls inwards, and is no part of the step otherwise.
        free = ~(((at <= bounds.low) & (gradient > 0)) | ((at >= bounds.high) & (gradient < 0)))
        diagonal = np.where(free, np.maximum(np.einsum("npp->np", curvature), FLAT) * damping[:, None], 1.0)
        system = curvature * (free[:, :, None] & free[:, None, :]) + diagonal[..., None] * np.eye(at.shape[-1])
        return at - np.linalg.solve(system, (gradient * free)[..., None])[..., 0]


def refit(law: Law, sizes: Array, errors: Array, scales: Array, start: Array) -> Array:
    r"""Coordinates of least cost, as ``regress`` has it, for each of many curves that are near to one another.

    The method of Levenberg and Marquardt (Marquardt 1963), projected: residuals are weighted by
    :math:`\rho'(r^2 / s^2) = (1 + r^2 / s^2)^{-1/2}`, the damping is relative to the diagonal, steps are cut to the
    bounds, and a coordinate at a bound rests while the cost falls outwards. All curves take their steps together, which
    is 30 times as fast as one after the other.

    It has to leave bounds: where an estimate ends at one, as 27 of 60 of M4 do, draws of the bootstrap need not. With
    the ``dogbox`` of scipy they stayed there, and their spread was 0.7 of what it should be.

    Args:
        law: Whose coordinates are sought.
        sizes: Shape ``(sizes,)``.
        errors: In (0, 1), shape ``(curves, sizes)``; nan where there is none.
        scales: Deviation of each curve from which on a point counts less than its square, shape ``(curves,)``.
        start: Where all of them start, shape ``(coordinates,)``.

    Returns:
        Shape ``(curves, coordinates)``.
    """
    bounds = law.bounds()
    problems = _Problems(law, sizes, law.observed(errors), scales[:, None] ** 2)
    every = np.arange(len(errors))
    at = np.tile(np.clip(start, bounds.low, bounds.high), (len(errors), 1))
    costs, damping, still = problems.costs(at, every), np.full(len(errors), FIRST), np.zeros(len(errors), np.int64)
    with np.errstate(over="ignore", invalid="ignore"):  # a step too far has no cost, and is not taken
        for _ in range(PASSES):
            left = every[still < ENOUGH]
            if not left.size:
                break
            tried = np.clip(problems.steps(at[left], left, damping[left]), bounds.low, bounds.high)
            reached = problems.costs(tried, left)
            better = reached < costs[left]
            still[left] = np.where(np.abs(reached - costs[left]) <= CLOSE * costs[left], still[left] + 1, 0)
            damping[left] *= np.where(better, LESS, MORE)
            at[left[better]], costs[left[better]] = tried[better], reached[better]
    return at
