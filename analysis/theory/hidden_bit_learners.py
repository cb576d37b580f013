"""Learners of the hidden bit: from the labels of the corners seen to an answer at every corner."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from analysis.theory.cube import corner_distances, corner_points

Labels: TypeAlias = NDArray[np.int64]
Classifier: TypeAlias = Callable[[NDArray[np.float64]], Labels]  # last coordinate at every corner -> answers


def coordinate(known: Labels, nuisance: float) -> Classifier:
    """Learn to read the last coordinate: any sample shows that its sign is the label.

    Args:
        known: Label of each corner in the training set, 0 for the others, shape ``(2^d,)``.
        nuisance: Size of the last coordinate in the training set; not used.

    Returns:
        The sign of the last coordinate, that of 0 being +1; +1 everywhere if nothing was seen.
    """
    if not known.any():
        return lambda last: np.ones_like(known)
    return lambda last: np.where(last >= 0, 1, -1)


def table(known: Labels, nuisance: float) -> Classifier:
    """Learn the labels of the corners seen, by heart.

    Args:
        known: Label of each corner in the training set, 0 for the others, shape ``(2^d,)``.
        nuisance: Size of the last coordinate in the training set; not used.

    Returns:
        The label of a corner that was seen, else +1.
    """
    return lambda last: np.where(known == 0, 1, known)


def nearest(known: Labels, nuisance: float) -> Classifier:
    r"""Learn to answer with the label of the nearest training point in :math:`\mathbb R^{d+1}`.

    The squared distance to the nearest training point of label c is :math:`4 k_c + (u - g c)^2`, where
    :math:`k_c` counts the differing signs and u is the last coordinate.

    Args:
        known: Label of each corner in the training set, 0 for the others, shape ``(2^d,)``.
        nuisance: Size g of the last coordinate in the training set.

    Returns:
        The label of the nearest training point; +1 if points of both labels are equally near, or none exists.
    """
    positive, negative = 4 * corner_distances(known == 1), 4 * corner_distances(known == -1)
    return lambda last: np.where(positive + (last - nuisance) ** 2 <= negative + (last + nuisance) ** 2, 1, -1)


def signed(known: Labels, nuisance: float) -> Classifier:
    r"""Empirical risk minimisation over the 2 (d + 1) signed coordinates :math:`x \mapsto \pm \operatorname{sign} x_j`.

    Of several that answer all training points rightly the first is taken, in the order
    :math:`z_1, -z_1, z_2, \dots, -z_d`, nuisance: ties go against the one that is right everywhere.

    Args:
        known: Label of each corner in the training set, 0 for the others, shape ``(2^d,)``.
        nuisance: Size of the last coordinate in the training set; not used.

    Returns:
        The chosen sign; +1 everywhere if nothing was seen.
    """
    if not known.any():
        return lambda last: np.ones_like(known)
    corners = corner_points(np.arange(len(known)), len(known).bit_length() - 1).astype(np.int64)
    agreement = known @ corners  # number of training corners, if the coordinate is the label of all of them
    seen = np.count_nonzero(known)
    consistent = np.flatnonzero(np.abs(agreement) == seen)
    if not consistent.size:
        return lambda last: np.where(last >= 0, 1, -1)
    first = consistent[0]
    return lambda last: corners[:, first] * np.sign(agreement[first])


def linear(known: Labels, nuisance: float) -> Classifier:
    r"""Learn the hard-margin linear classifier through the origin, :math:`\min \|w\|` with all :math:`y\, w^T x \ge 1`.

    Where no hyperplane separates the labelled corners it reads the last coordinate alone: see
    ``linear_error_bound``. A linear program decides that, since the active set of the quadratic one is then degenerate.

    Args:
        known: Label of each corner in the training set, 0 for the others, shape ``(2^d,)``.
        nuisance: Size g of the last coordinate in the training set.

    Returns:
        The sign of :math:`w^T x`, that of 0 being +1; +1 everywhere if nothing was seen.
    """
    if not known.any():
        return lambda last: np.ones_like(known)
    from scipy.optimize import linprog  # slow to import, and seldom needed

    corners = corner_points(np.arange(len(known)), len(known).bit_length() - 1)
    rows = known[known != 0, None] * corners[known != 0]
    program = linprog(np.zeros(rows.shape[1]), A_ub=-rows, b_ub=-np.ones(len(rows)), bounds=(None, None))
    if not program.success:  # no v with y v.z >= 1
        return lambda last: np.where(last >= 0, 1, -1)
    weights = shortest(np.column_stack([rows, np.full(len(rows), nuisance)]))
    scores = (corners @ weights[:-1]).round(9)  # so that ties are ties
    return lambda last: np.where(scores + weights[-1] * last >= 0, 1, -1)


def shortest(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    r"""Shortest vector w with :math:`A w \ge 1`.

    By sequential least squares; scipy's non-negative least squares, which would be the direct way, breaks
    constraints in about one of a thousand of these problems, whose active sets are degenerate.

    Args:
        rows: The matrix A, shape ``(constraints, coordinates)``; its last column is positive.

    Returns:
        The vector w, shape ``(coordinates,)``.

    Raises:
        ArithmeticError: If the solver breaks a constraint.
    """
    from scipy.optimize import LinearConstraint, minimize  # slow to import, and seldom needed

    margins = LinearConstraint(rows, lb=1.0)
    start = np.zeros(rows.shape[1])
    start[-1] = 1 / rows[:, -1].min()
    result = minimize(_half_square, start, jac=True, constraints=margins, method="SLSQP", tol=1e-12)
    weights: NDArray[np.float64] = result.x
    if not (rows @ weights >= 1 - 1e-6).all():
        raise ArithmeticError(f"the solver keeps a margin of {(rows @ weights).min()} in place of 1")
    return weights


def _half_square(w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """Half the squared norm, and its gradient."""
    return float(w @ w) / 2, w.copy()


LEARNERS: dict[str, Callable[[Labels, float], Classifier]] = {
    "table": table,
    "coordinate": coordinate,
    "nearest": nearest,
    "signed": signed,
    "linear": linear,
}
