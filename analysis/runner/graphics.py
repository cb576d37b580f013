"""Which graphics cards there are, without loading torch."""

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence

QUERY = ("--query-gpu=uuid", "--format=csv,noheader")


def ask_driver() -> str:
    """What NVIDIA's own tool lists, one card a line; nothing where there is no tool or no card."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return ""
    answer = subprocess.run([tool, *QUERY], capture_output=True, text=True, check=False)  # noqa: S603 - fixed arguments
    return answer.stdout if answer.returncode == 0 else ""


def graphics_cards(environment: Mapping[str, str] = os.environ, ask: Callable[[], str] = ask_driver) -> Sequence[str]:
    """List the cards that this process may use.

    Args:
        environment: ``CUDA_VISIBLE_DEVICES`` in it decides where it is set.
        ask: Lists the cards otherwise.

    Returns:
        Values for ``CUDA_VISIBLE_DEVICES``, each of one card.

    Example:
        >>> graphics_cards({"CUDA_VISIBLE_DEVICES": "0,3"})
        ['0', '3']
    """
    visible = environment.get("CUDA_VISIBLE_DEVICES")
    listed = ask().splitlines() if visible is None else visible.split(",")
    return [card.strip() for card in listed if card.strip() and card.strip() != "-1"]
