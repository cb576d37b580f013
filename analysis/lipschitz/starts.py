"""How layers begin."""

import torch
from torch import Tensor


def refuse_even(kernel_size: int) -> None:
    """Refuse kernels without a centre.

    Args:
        kernel_size: Side of the kernel.

    Raises:
        ValueError: If it is even or not positive.
    """
    if kernel_size < 1 or kernel_size % 2 == 0:
        raise ValueError(f"kernel_size must be odd and positive, got {kernel_size}")


def orthogonal_start(rows: int, columns: int) -> Tensor:
    r"""Initial matrix on which the AOL bound is tight: the rescaling leaves it as it is.

    The identity where it is square, as in the paper; with more rows than columns, orthonormal columns; with fewer,
    every column is one of the coordinate vectors, divided by the square root of the number of columns that share it
    ("repeated orthogonal").

    Args:
        rows: Output size.
        columns: Input size.

    Returns:
        Shape ``(rows, columns)``, operator norm 1.

    Example:
        >>> orthogonal_start(1, 4)
        tensor([[0.5000, 0.5000, 0.5000, 0.5000]])
    """
    if rows == columns:
        return torch.eye(rows)
    if rows > columns:
        return torch.nn.init.orthogonal_(torch.empty(rows, columns))
    shared = torch.eye(rows)[:, torch.randperm(columns) % rows]
    return shared / shared.sum(dim=1, keepdim=True).sqrt()


def central_start(outputs: int, inputs: int, kernel_size: int) -> Tensor:
    """Initial kernel that acts on every pixel alone, as :func:`orthogonal_start`.

    Args:
        outputs: Output channels.
        inputs: Input channels.
        kernel_size: Odd side of the kernel.

    Returns:
        Shape ``(outputs, inputs, kernel_size, kernel_size)``; a convolution of norm 1.

    Example:
        >>> central_start(2, 2, 3).count_nonzero()
        tensor(2)
    """
    kernel = torch.zeros(outputs, inputs, kernel_size, kernel_size)
    kernel[:, :, kernel_size // 2, kernel_size // 2] = orthogonal_start(outputs, inputs)
    return kernel
