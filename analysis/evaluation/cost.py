"""What a network costs: memory of a training step, time of a forward pass."""

import copy
import time

import torch
from torch import Tensor, nn

PASSES = 5  # of which the fastest counts: the others were disturbed


def memory_of_a_step(model: nn.Module, images: Tensor) -> int:
    """Bytes that one training step holds at its end of the forward pass, beside the images.

    Parameters, their gradients and momentum, and everything that is kept for the backward pass, each piece of memory
    counted once. The same on every device; what a kernel uses in passing is not in it.

    Args:
        model: Network, left as it is.
        images: Shape ``(n, c, h, w)``, in the network's precision.

    Returns:
        Number of bytes.

    Example:
        >>> memory_of_a_step(nn.Linear(3, 2, bias=False), torch.zeros(5, 3))  # 6 values, their gradients and momentum
        72
    """
    twin = copy.deepcopy(model).train()  # a training step moves running statistics
    kept: dict[int, int] = {}
    own = {tensor.untyped_storage().data_ptr() for tensor in [*twin.parameters(), images]}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor), torch.enable_grad():
        held = twin(images)  # alive while it is counted, so that no address is used twice
        parameters = sum(parameter.numel() * parameter.element_size() for parameter in twin.parameters())
        del held
    return 3 * parameters + sum(kept.values())


@torch.no_grad()
def inference_seconds(model: nn.Module, images: Tensor) -> float:
    """Seconds of a forward pass in evaluation mode, the fastest of five after one that derives the weights.

    Args:
        model: Network; its mode is restored.
        images: Shape ``(n, c, h, w)``, in the network's precision and on its device.

    Returns:
        Seconds for all images.

    Example:
        >>> images_per_second = len(images) / inference_seconds(model, images)
    """
    training = model.training
    model.eval()
    try:
        return min(_seconds(model, images) for _ in range(PASSES + 1))
    finally:
        model.train(training)


def _seconds(model: nn.Module, images: Tensor) -> float:
    start = time.perf_counter()
    model(images)
    if images.is_cuda:
        torch.cuda.synchronize(images.device)
    return time.perf_counter() - start
