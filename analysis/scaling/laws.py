"""The laws by name."""

from collections.abc import Callable

from analysis.scaling.law import Curve, Law
from analysis.scaling.power import PowerLaw
from analysis.scaling.saturating import SaturatingLaw
from analysis.scaling.straight import StraightLaw

LAWS: dict[str, Callable[[Curve], Law]] = {
    "M1": lambda curve: PowerLaw(curve, floor=False, shift=False),
    "M2": lambda curve: PowerLaw(curve, floor=True, shift=False),
    "M3": lambda curve: PowerLaw(curve, floor=True, shift=True),
    "M4": SaturatingLaw,
    "log-linear": StraightLaw,
}
AUTO = "auto"
