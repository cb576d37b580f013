"""The log-linear law as one among the laws: the same number of points with every doubling."""

import numpy as np

from analysis.scaling.law import Array, Bounds, Law


class StraightLaw(Law):
    r"""Accuracy :math:`1 - e = p + q \log_2 n`: q is gained with every doubling of the data.

    The statement of Prach and Lampert 2024 (arXiv 2412.04245). It has no floor and no chance, and must leave [0, 1]
    in the end: errors are cut to it. Coordinates are the accuracy at the reference size, and q.
    """

    name = "log-linear"
    coordinates = ("p", "q")

    def bounds(self) -> Bounds:
        """None but that accuracy does not fall."""
        return Bounds((-np.inf, 0.0), (np.inf, np.inf))

    def starts(self) -> list[Array]:
        """One: the problem is convex."""
        return [np.array([1 - float(self.curve.errors.mean()), 0.02])]

    def value(self, at: Array, sizes: Array) -> Array:
        """Accuracy, not cut."""
        return at[..., 0, None] + at[..., 1, None] * np.log2(sizes / self.curve.reference)

    def slopes(self, at: Array, sizes: Array) -> Array:
        """1 and the number of doublings from the reference size."""
        slopes = np.stack([np.ones_like(sizes), np.log2(sizes / self.curve.reference)], axis=-1)
        return np.broadcast_to(slopes, (*at.shape[:-1], *slopes.shape))

    def sizes_at(self, at: Array, error: float) -> Array:
        """2^((accuracy - p) / q)."""
        with np.errstate(divide="ignore", over="ignore"):
            return self.curve.reference * np.exp2((1 - error - at[..., 0]) / at[..., 1])

    def parameters(self, at: Array) -> dict[str, Array]:
        """Accuracy p at one sample, and q."""
        return {"p": at[..., 0] - at[..., 1] * np.log2(self.curve.reference), "q": at[..., 1]}

    def observed(self, errors: Array) -> Array:
        """Accuracies."""
        return 1 - errors

    def error(self, value: Array) -> Array:
        """Errors, within [0, 1]."""
        return np.clip(1 - value, 0.0, 1.0)
