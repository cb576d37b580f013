"""Robust least squares from several starts, by scipy."""

import numpy as np
from scipy.optimize import least_squares

from analysis.scaling.law import Array, Law

TRIES = 4  # of the starts, those that fit best as they are
PASSES = 200
CLOSE = 1e-6  # relative change at which a regression ends: further digits are far below any noise
AT_BOUND = 1e-6  # relative to the range of a coordinate


def regress(law: Law, sizes: Array, errors: Array, scale: float) -> Array:
    r"""Coordinates of least cost :math:`\sum_i s^2 \rho((f(n_i) - y_i)^2 / s^2)`, :math:`\rho(z) = 2 (\sqrt{1+z} - 1)`.

    Args:
        law: Whose coordinates are sought.
        sizes: Shape ``(sizes,)``.
        errors: In (0, 1), shape ``(sizes,)``; nan where there is none.
        scale: Deviation s from which on a point counts less than its square, on the law's own scale.

    Returns:
        Shape ``(coordinates,)``.
    """
    measured = np.isfinite(errors)
    sizes, observed = sizes[measured], law.observed(errors[measured])
    bounds = law.bounds()

    def residuals(at: Array) -> Array:
        return law.value(at, sizes) - observed

    def slopes(at: Array) -> Array:
        return law.slopes(at, sizes)

    found = [
        least_squares(
            residuals,
            np.clip(begin, bounds.low, bounds.high),
            jac=slopes,
            bounds=(bounds.low, bounds.high),
            loss="soft_l1",
            f_scale=scale,
            x_scale="jac",
            method="trf",
            ftol=CLOSE,
            xtol=CLOSE,
            gtol=CLOSE,
            max_nfev=PASSES,
        )
        for begin in _promising(law, sizes, observed)
    ]
    return np.asarray(min(found, key=lambda result: float(result.cost)).x)


def _promising(law: Law, sizes: Array, observed: Array) -> list[Array]:
    starts = law.starts()
    values = law.value(np.stack(starts), sizes)
    # The level of a start costs nothing to mend: what is compared is its shape.
    spread = (values - observed).std(axis=-1)
    return [starts[index] for index in np.argsort(spread, kind="stable")[:TRIES]]


def at_bounds(law: Law, at: Array) -> tuple[str, ...]:
    """Names of the coordinates that ended at the end of their range.

    Args:
        law: Whose coordinates they are.
        at: Shape ``(coordinates,)``.

    Returns:
        The names, in the order of the law.
    """
    bounds = law.bounds()
    near = [
        (high - low < np.inf and min(value - low, high - value) <= AT_BOUND * (high - low))
        or (low > -np.inf and high == np.inf and value - low <= AT_BOUND)
        for value, low, high in zip(at, bounds.low, bounds.high, strict=True)
    ]
    return tuple(name for name, ended in zip(law.coordinates, near, strict=True) if ended)
