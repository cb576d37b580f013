"""Eigendecompositions on a GPU. Torch is loaded only by whoever asks for one."""

import numpy as np
from numpy.typing import NDArray


def refuse_missing(device: str) -> None:
    """Find out whether a device can hold float64 matrices.

    Args:
        device: Name of a torch device.

    Raises:
        ValueError: If it does not exist, or knows no float64 (``mps``).
    """
    import torch

    try:
        torch.empty(1, dtype=torch.float64, device=device)
    except (RuntimeError, AssertionError, TypeError) as error:  # the second from a torch without CUDA
        reason = str(error).splitlines()[0]
        raise ValueError(f"device {device!r} cannot diagonalise in float64: {reason}") from error


def eigh_on(matrix: NDArray[np.float64], device: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Diagonalise a symmetric matrix on a torch device, in float64.

    Args:
        matrix: Shape ``(side, side)``.
        device: Name of a torch device.

    Returns:
        Eigenvalues, rising, shape ``(side,)``; eigenvectors as columns, shape ``(side, side)``.

    Example:
        >>> eigh_on(np.diag([2.0, 1.0]), "cuda")[0]
        array([1., 2.])
    """
    import torch

    values, columns = torch.linalg.eigh(torch.from_numpy(matrix).to(device))
    return values.cpu().numpy(), columns.cpu().numpy()
