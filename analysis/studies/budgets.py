"""Budgets of equal time, and how many steps they pay for."""

from dataclasses import dataclass

UNTIMED = 0.01  # seconds of a step whose pace is not known yet


@dataclass(frozen=True, kw_only=True)
class Budgets:
    """Budgets of equal time in which the layers are compared once more.

    Attributes:
        seconds: Of training, on one core of the machine whose pace is recorded; rising.
        widths: Of each method's network, which is otherwise that of the comparison; rising.
        timed: Widths whose steps are timed, those above among them; rising.
        repeats: Number of the preset's seeds, its first ones, that are trained.
        rounds: How often each network's steps are timed.
        paces: Model, width and seconds of a step of each network; empty before that is known.

    Example:
        >>> Budgets(seconds=(5.0, 25.0, 60.0), widths=(64, 256), timed=(64, 128, 256))
    """

    seconds: tuple[float, ...]
    widths: tuple[int, ...]
    timed: tuple[int, ...]
    repeats: int = 2
    rounds: int = 10
    paces: tuple[tuple[str, int, float], ...] = ()

    def __post_init__(self) -> None:
        if not set(self.widths) <= set(self.timed):
            raise ValueError(f"widths must be among those timed, {self.timed}, got {self.widths}")

    def steps(self, model: str, width: int, seconds: float) -> int:
        """Number of steps that a budget pays for.

        Args:
            model: Name of a network.
            width: Of it.
            seconds: One of ``self.seconds``.

        Returns:
            At least 1; as if a step took a hundredth of a second where paces are not known.

        Example:
            >>> known = (("AOL-MLP", 64, 0.004),)
            >>> Budgets(seconds=(5.0,), widths=(64,), timed=(64,), paces=known).steps("AOL-MLP", 64, 5.0)
            1250
        """
        known = {(name, size): pace for name, size, pace in self.paces}
        return max(1, round(seconds / (known[model, width] if known else UNTIMED)))
