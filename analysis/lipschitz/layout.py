"""How many channels a tensor has, and where they lie in memory."""

from torch import Tensor
from torch.nn import functional as F


def resize(x: Tensor, channels: int) -> Tensor:
    """Append channels of zeros, an isometry, or keep the first channels, a projection.

    Args:
        x: Shape ``(n, any, ...)``.
        channels: How many there are afterwards.

    Returns:
        Shape ``(n, channels, ...)``.

    Example:
        >>> resize(torch.tensor([[1.0, 2.0, 3.0]]), 2)
        tensor([[1., 2.]])
    """
    missing = channels - x.shape[1]
    if missing <= 0:
        return x[:, :channels]
    return F.pad(x, (0, 0) * (x.ndim - 2) + (0, missing))


def channels_innermost(x: Tensor) -> Tensor:
    """Lay images out with neighbouring channels side by side, on a processor.

    There a 3 x 3 convolution of 64 channels at 32 x 32 then takes 0.75 of the time, forward and backward; at 256
    channels of 8 x 8 no more.

    Args:
        x: Images, shape ``(n, channels, height, width)``.

    Returns:
        The same values.

    Example:
        >>> channels_innermost(torch.zeros(2, 3, 4, 4)).stride()
        (48, 1, 12, 3)
    """
    if x.device.type != "cpu":
        return x
    return x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)  # unlike .contiguous(memory_format=...) under vmap
