"""Samples needed as a table to be read: in Markdown for a page, in LaTeX for a paper."""

import math

import pandas as pd
from tabulate import tabulate

from analysis.scaling import number, reach

FORMATS = {".md": "github", ".tex": "latex_booktabs"}
LAW_COLUMNS = {"b": "exponent", "c": "floor", "per_doubling": "points per doubling"}


def documents(needed: pd.DataFrame, laws: pd.DataFrame) -> dict[str, str]:
    """Both tables in every format: samples needed with their multiples, and the laws.

    Args:
        needed: From ``needed_samples``.
        laws: From ``law_table``.

    Returns:
        Ending of the file name to its text.
    """
    wide = needed.assign(cell=[_cell(*row) for row in needed[_SPANS].itertuples(index=False, name=None)])
    wide = wide.pivot_table("cell", ["model", "measure"], "error", aggfunc="first", sort=False)
    wide.columns = [f"error {100 * float(error):g} %" for error in wide.columns]
    parts = (wide.reset_index(), _readable(laws))
    return {ending: "\n\n".join(_written(part, style) for part in parts) + "\n" for ending, style in FORMATS.items()}


_SPANS = ["low", "samples", "high", "extrapolated", "smallest", "ratio_low", "ratio", "ratio_high"]


def _cell(
    low: float,
    samples: float,
    high: float,
    extrapolated: bool,
    smallest: float,
    ratio_low: float,
    ratio: float,
    ratio_high: float,
) -> str:
    """Such as ``~ 12,300 (9,000 to 17,000), 4.1 x (3.0 to 5.6)``; a tilde marks an extrapolation."""
    if math.isnan(samples):
        return "-"
    if math.isinf(samples):
        return "never" if math.isinf(low) else f"never (at least {number(low)})"
    if samples < smallest:
        return f"fewer than {number(smallest)}"
    mark = "~ " if extrapolated else ""
    times = f", {ratio:.3g} x ({ratio_low:.3g} {_upper(ratio_high)})" if math.isfinite(ratio) and ratio != 1 else ""
    return f"{mark}{number(samples)} ({reach(low, high)}){times}"


def _upper(high: float) -> str:
    return "or more" if math.isinf(high) else f"to {high:.3g}"


def _readable(laws: pd.DataFrame) -> pd.DataFrame:
    found = laws[["model", "measure", "law"]].copy()
    for name, title in LAW_COLUMNS.items():
        scale = 100 if name == "per_doubling" else 1
        columns = [name, f"{name}_low", f"{name}_high"]
        found[title] = [
            "-" if math.isnan(middle) else f"{scale * middle:.3g} ({scale * low:.3g} to {scale * high:.3g})"
            for middle, low, high in laws[columns].itertuples(index=False, name=None)
        ]
    return found.assign(status=laws["status"])


def _written(part: pd.DataFrame, style: str) -> str:
    return tabulate(part.to_numpy().tolist(), headers=list(part.columns), tablefmt=style, showindex=False)
