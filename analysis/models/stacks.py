"""The fastest way to make one network of several."""

from collections.abc import Sequence

from torch import nn

from analysis.models.stacked import Stacked
from analysis.models.stacked_aol import StackedAOL, is_plain_aol


def stack(networks: Sequence[nn.Module]) -> Stacked:
    """Make one network of several.

    Args:
        networks: As :func:`build` returned them, of one architecture.

    Returns:
        The networks as one.

    Example:
        >>> stack([build("AOL-MLP", ...), build("AOL-MLP", ...)]).trained
    """
    return StackedAOL(networks) if is_plain_aol(networks[0]) else Stacked(networks)
