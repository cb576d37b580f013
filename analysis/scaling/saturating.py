"""M4: a power law that saturates at chance where samples are few."""

import numpy as np

from analysis.scaling.law import Array, Bounds, Curve, Law
from analysis.scaling.power import EXPONENTS, FLOORS, STEEPEST

SHARPNESS = (0.1, 5.0)  # k
SHARPNESSES = (0.5, 1.0)  # to start from
PASSES = 60  # of Newton's method, which needs about 8
CLOSE = 1e-13  # relative step at which it ends


class SaturatingLaw(Law):
    r"""M4, :math:`\frac{e - c}{(e_0 - e)^k} = a\,n^{-b}`: a power law near its floor c, at most e0 for any n.

    Written as :math:`e = c + (e_0 - c)\,s` with :math:`s = \sigma(t)`, it is

    .. math:: \log s - k \log (1 - s) = v := \log a - b \log n + (k - 1) \log (e_0 - c),

    whose left side rises in t with slope :math:`1 - s + k s`, concave for k < 1 and convex for k > 1: Newton's method
    from the side where it cannot overshoot finds the one root. e0 is the error of guessing where that is known, and
    fitted otherwise. Coordinates are v at the reference size, b, c, k, and e0.
    The form is that of Alabdulmohsin, Neyshabur and Zhai 2022 (arXiv 2209.06640), solved anew.
    """

    name = "M4"

    def __init__(self, curve: Curve) -> None:
        super().__init__(curve)
        self._solved: tuple[Array, Array, Array] | None = None
        self.coordinates = ("a", "b", "c", "k") if curve.chance is not None else ("a", "b", "c", "k", "e0")

    def bounds(self) -> Bounds:
        """Exponent b in [0, 5], c from 0 to just below the largest error, k in [0.1, 5], e0 from there up to 1."""
        errors = self.curve.errors
        low, high = [-np.inf, 0.0, 0.0, SHARPNESS[0]], [np.inf, STEEPEST, 0.99 * float(errors.max()), SHARPNESS[1]]
        if self.curve.chance is None:
            low.append(float(errors.max()))
            high.append(1.0 + 1e-9)
        return Bounds(tuple(low), tuple(high))

    def starts(self) -> list[Array]:
        """For each exponent, floor and sharpness the scale that meets the error at the reference size."""
        errors, found = self.curve.errors, []
        top = self.curve.chance if self.curve.chance is not None else (1 + errors.max()) / 2
        rest = () if self.curve.chance is not None else (top,)
        for floor in (share * errors.min() for share in FLOORS):
            share = np.clip((np.exp(np.log(errors).mean()) - floor) / (top - floor), 0.01, 0.99)
            for sharpness in SHARPNESSES:
                scale = np.log(share) - sharpness * np.log1p(-share)
                found += [np.array([scale, exponent, floor, sharpness, *rest]) for exponent in EXPONENTS]
        return found

    def _parts(self, at: Array) -> tuple[Array, ...]:
        """Value v at the reference size, b, c, k, e0, each of shape ``(..., 1)``."""
        top = at[..., 4] if self.curve.chance is None else np.full_like(at[..., 0], self.curve.chance)
        return (*(at[..., index, None] for index in range(4)), top[..., None])

    def _logit(self, at: Array, sizes: Array) -> Array:
        """The root t; kept, since a regression asks for values and slopes at the same place in turn."""
        if self._solved is not None and self._solved[1] is sizes and np.array_equal(self._solved[0], at):
            return self._solved[2]
        scale, exponent, _, sharpness, _ = self._parts(at)
        root = _root(scale - exponent * np.log(sizes / self.curve.reference), sharpness)
        self._solved = at.copy(), sizes, root
        return root

    def value(self, at: Array, sizes: Array) -> Array:
        """Logarithm of the error."""
        _, _, floor, _, top = self._parts(at)
        with np.errstate(divide="ignore"):  # without a floor, errors far beyond the data may be below all numbers
            return np.log(floor + (top - floor) * _sigmoid(self._logit(at, sizes)))

    def slopes(self, at: Array, sizes: Array) -> Array:
        """By the implicit function theorem: dt/dv = 1 / (1 - s + k s), dt/dk = log(1 - s) / (1 - s + k s)."""
        _, _, floor, sharpness, top = self._parts(at)
        logit = self._logit(at, sizes)
        share = _sigmoid(logit)
        error = floor + (top - floor) * share
        by_value = (top - floor) * share * (1 - share) / (1 - share + sharpness * share) / error
        distance = np.log(sizes / self.curve.reference)
        columns = [by_value, -by_value * distance, (1 - share) / error, -by_value * np.logaddexp(0.0, logit)]
        if self.curve.chance is None:
            columns.append(share / error)
        return np.stack(columns, axis=-1)

    def sizes_at(self, at: Array, error: float) -> Array:
        """Inf at or below the floor, 0 at or above e0."""
        scale, exponent, floor, sharpness, top = (part[..., 0] for part in self._parts(at))
        share = np.clip((error - floor) / (top - floor), 0.0, 1.0)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            power = (scale - np.log(share) + sharpness * np.log1p(-share)) / exponent
            found = self.curve.reference * np.exp(power)
        found = np.where(share >= 1.0, 0.0, np.nan_to_num(found, nan=np.inf, posinf=np.inf))
        return np.where(share <= 0.0, np.inf, found)

    def parameters(self, at: Array) -> dict[str, Array]:
        """Named a, b, c, k and e0."""
        scale, exponent, floor, sharpness, top = (part[..., 0] for part in self._parts(at))
        moved = (sharpness - 1) * np.log(top - floor)
        a = np.exp(scale - moved + exponent * np.log(self.curve.reference))
        return {"a": a, "b": exponent, "c": floor, "k": sharpness, "e0": top}


def _sigmoid(logit: Array) -> Array:
    return np.exp(-np.logaddexp(0.0, -logit))


def _root(value: Array, sharpness: Array) -> Array:
    """The t with log s - k log(1 - s) = value, s = sigmoid(t)."""
    value, sharpness = np.broadcast_arrays(value, sharpness)
    # The left side lies between its two asymptotes, t and k t: one of these is a start beyond which steps shrink.
    logit = np.where(value < 0, value, value / sharpness)
    for _ in range(PASSES):
        share = _sigmoid(logit)
        left = -np.logaddexp(0.0, -logit) + sharpness * np.logaddexp(0.0, logit)
        step = (left - value) / (1 - share + sharpness * share)
        logit = logit - step
        if np.all(np.abs(step) <= CLOSE * (1 + np.abs(logit))):
            break
    return logit
