"""Power laws: M1, M2 with a floor, M3 with a floor and a head start."""

import numpy as np

from analysis.scaling.law import Array, Bounds, Curve, Law

STEEPEST = 5.0  # exponent; learning curves of classifiers have been measured between 0.05 and 2
HEAD_START = 100.0  # of the smallest size: a larger one cannot be told from a straight line
EXPONENTS = (0.1, 0.3, 0.8)  # to start from
FLOORS = (0.0, 0.5, 0.9)  # of the least error, to start from
SHIFTS = (0.1, 3.0)  # of the smallest size, to start from


class PowerLaw(Law):
    r"""M3, :math:`e(n) = c + a (n + m)^{-b}`, or what is left of it without m (M2), and without c (M1).

    Its coordinates are :math:`\log (a\, n_0^{-b})` at the reference size :math:`n_0`, b, c, and m divided by the
    smallest size. The forms are those of Alabdulmohsin, Neyshabur and Zhai 2022 (arXiv 2209.06640), written anew.
    """

    def __init__(self, curve: Curve, *, floor: bool, shift: bool) -> None:
        super().__init__(curve)
        self.floor, self.shift = floor, shift
        self.name = "M3" if shift else "M2" if floor else "M1"
        self.coordinates = ("a", "b", *("c",) * floor, *("m",) * shift)

    def bounds(self) -> Bounds:
        """Exponent b in [0, 5], c from 0 up to the largest error, m up to 100 times the smallest size."""
        # Not up to the least error: on a noisy plateau the floor lies above it.
        highest = (float(self.curve.errors.max()),) * self.floor + (HEAD_START,) * self.shift
        return Bounds((-np.inf, 0.0) + (0.0,) * (self.floor + self.shift), (np.inf, STEEPEST, *highest))

    def starts(self) -> list[Array]:
        """For each exponent, floor and head start the scale that meets the error at the reference size."""
        errors = self.curve.errors
        middle = float(np.exp(np.log(errors).mean()))
        found = []
        for floor in FLOORS if self.floor else (0.0,):
            for shift in SHIFTS if self.shift else (0.0,):
                for exponent in EXPONENTS:
                    scale = np.log(max(middle - floor * errors.min(), middle / 10))
                    rest = (floor * errors.min(),) * self.floor + (shift,) * self.shift
                    found.append(np.array([scale, exponent, *rest]))
        return found

    def _parts(self, at: Array) -> tuple[Array, Array, Array, Array]:
        """Scale, exponent, floor and head start in samples, each of shape ``(..., 1)``."""
        none = np.zeros_like(at[..., 0])
        floor = at[..., 2] if self.floor else none
        shift = at[..., -1] * self.curve.sizes[0] if self.shift else none
        return at[..., 0, None], at[..., 1, None], floor[..., None], shift[..., None]

    def value(self, at: Array, sizes: Array) -> Array:
        """Logarithm of the error."""
        scale, exponent, floor, shift = self._parts(at)
        decay = scale - exponent * np.log((sizes + shift) / self.curve.reference)
        if not self.floor:
            return decay
        with np.errstate(divide="ignore"):
            return np.logaddexp(np.log(floor), decay)

    def slopes(self, at: Array, sizes: Array) -> Array:
        """Of log e by log a, b, c and m: with :math:`p = e - c`, p/e, -(p/e) log, 1/e and -(p/e) b/(n + m)."""
        scale, exponent, floor, shift = self._parts(at)
        distance = np.log((sizes + shift) / self.curve.reference)
        decay = np.exp(scale - exponent * distance)
        share = decay / (floor + decay)
        columns = [share, -share * distance]
        if self.floor:
            columns.append(1 / (floor + decay))
        if self.shift:
            columns.append(-share * exponent / (sizes + shift) * self.curve.sizes[0])
        return np.stack(columns, axis=-1)

    def sizes_at(self, at: Array, error: float) -> Array:
        """((e - c) / a)^(-1/b) - m; inf at or below the floor, and 0 where it is below."""
        scale, exponent, floor, shift = (part[..., 0] for part in self._parts(at))
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            power = (scale - np.log(error - floor)) / exponent
            found = self.curve.reference * np.exp(power) - shift
        return np.where(floor < error, np.maximum(np.nan_to_num(found, nan=np.inf, posinf=np.inf), 0.0), np.inf)

    def parameters(self, at: Array) -> dict[str, Array]:
        """Scale a, exponent b, and c and m where the law has them."""
        scale, exponent, floor, shift = (part[..., 0] for part in self._parts(at))
        found = {"a": np.exp(scale + exponent * np.log(self.curve.reference)), "b": exponent}
        return found | ({"c": floor} if self.floor else {}) | ({"m": shift} if self.shift else {})
