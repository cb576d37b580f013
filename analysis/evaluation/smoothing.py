"""Randomised smoothing: Cohen, Rosenfeld and Kolter, ICML 2019, arXiv 1902.02918."""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import betaincinv, ndtri  # scipy.stats takes seconds to load
from torch import Generator, Tensor, nn

from analysis.evaluation.noticed import noticed
from analysis.evaluation.rest import at_rest, check_images, check_labels
from analysis.evaluation.scores import BATCH

WIDE = 3_072  # values of an image up to which noise is drawn in all of them, as in all that is recorded
PIECE = 50  # draws for one image that are generated together


def smoothed_radii(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    *,
    sigma: float,
    n0: int = 100,
    n: int = 1_000,
    alpha: float = 0.001,
    seed: int,
) -> Tensor:
    r"""Certified l2 radii of the smoothed classifier, each wrong with probability at most alpha.

    The smoothed classifier predicts the class that the network gives most often to :math:`x + \sigma \xi`, with
    :math:`\xi` standard normal in *all* pixels. If that class has probability at least :math:`p > 1/2`, no
    perturbation shorter than :math:`\sigma \Phi^{-1}(p)` changes it (:ref:`randomised-smoothing`). ``n0`` draws select
    the class; ``n`` others estimate its probability from below (:func:`lower_bound`). Where the bound does not exceed
    one half, the procedure abstains.

    For a network on a band, images are projected first, and neither noise nor perturbations are projected: radii are
    around the projected image and mean the same as those of 1-Lipschitz networks. Noisy images are not clipped.

    Images of more than 3,072 values are reduced to what the network notices of them, where its first layer is dense
    (:func:`analysis.evaluation.noticed.noticed`): noise is drawn in as many dimensions as that layer has outputs, with
    the same distribution of predictions. Of 12,288 values and a width of 64 that takes a hundredth of the time.

    Noise comes from one generator on the images' device, in pieces of one shape, image after image, so that results do
    not depend on how many make up a batch (2,000 noisy images): selection first, for all images, then estimation.

    Args:
        model: Network, measured in evaluation mode and left as it was.
        images: Floats, shape ``(n, ...)``, as the network takes them: pixels in [0, 1], or projected.
        labels: Shape ``(n,)``, int64.
        sigma: Standard deviation of the noise, in units of pixels in [0, 1].
        n0: Draws that select the class.
        n: Draws that estimate its probability.
        alpha: Probability with which a radius may be wrong.
        seed: Of the noise.

    Returns:
        Radii, shape ``(n,)``, float64: 0 where it abstains; where the class is not the label, minus the radius within
        which that wrong prediction is certified.

    Raises:
        ValueError: If images, labels or an option cannot be used; the message says why.

    Example:
        >>> radii = smoothed_radii(network, images, labels, sigma=0.25, n=100_000, seed=0)
        >>> certified = (radii > 36 / 255).float().mean()
    """
    _check(images, labels, sigma=sigma, n0=n0, n=n, alpha=alpha)
    generator = Generator(images.device).manual_seed(seed)
    with at_rest(model), torch.no_grad():
        network, seen = noticed(model, images) if images[0].numel() > WIDE else (model, images)
        selected = count_classes(network, seen, sigma=sigma, draws=n0, generator=generator).argmax(dim=1)
        counts = count_classes(network, seen, sigma=sigma, draws=n, generator=generator)
    check_labels(labels, counts.shape[1])
    hits = counts.gather(1, selected[:, None]).squeeze(1)
    radii = torch.from_numpy(radius(hits.cpu().numpy(), n, sigma=sigma, alpha=alpha)).to(images.device)
    return torch.where(selected == labels, radii, -radii)


def lower_bound(hits: NDArray[np.integer], n: int, alpha: float) -> NDArray[np.float64]:
    r"""Clopper and Pearson's one-sided bound: the p at which so many hits or more have probability alpha.

    For every true probability p, a binomial k exceeds what p allows, :math:`\text{bound}(k) > p`, with probability at
    most alpha.

    Args:
        hits: Counts k in 0 to n, any shape.
        n: Number of draws.
        alpha: Probability of error.

    Returns:
        Same shape: the alpha quantile of the Beta(k, n - k + 1) distribution, and 0 for k = 0.

    Example:
        >>> lower_bound(np.array([0, 1_000]), 1_000, 0.001).round(4)
        array([0.    , 0.9931])
    """
    found = betaincinv(np.maximum(hits, 1), n - np.maximum(hits, 1) + 1, alpha)
    return np.where(hits == 0, 0.0, found)


def radius(hits: NDArray[np.integer], n: int, *, sigma: float, alpha: float) -> NDArray[np.float64]:
    r"""Certified radius :math:`\sigma \Phi^{-1}(p)` for the lower bound p, and 0 where :math:`p \le 1/2`.

    Args:
        hits: Counts in 0 to n, any shape.
        n: Number of draws.
        sigma: Standard deviation of the noise.
        alpha: Probability of error.

    Returns:
        Same shape.

    Example:
        >>> radius(np.array([500, 900, 1_000]), 1_000, sigma=0.25, alpha=0.001).round(3)
        array([0.   , 0.282, 0.616])
    """
    return np.maximum(0.0, sigma * ndtri(lower_bound(hits, n, alpha)))


def count_classes(model: nn.Module, images: Tensor, *, sigma: float, draws: int, generator: Generator) -> Tensor:
    """Count the network's predictions on noisy copies of each image, many images and copies at a time.

    Args:
        model: Network, at rest.
        images: Floats, shape ``(n, ...)``.
        sigma: Standard deviation of the noise.
        draws: Copies of each image.
        generator: Of the noise, on the images' device.

    Returns:
        Counts ``(n, classes)``, int64, on the images' device, which is never waited for.
    """
    classes = model(images[:1]).shape[1]
    counts = torch.zeros(len(images) * classes, dtype=torch.int64, device=images.device)
    firsts = torch.arange(0, draws, PIECE, device=images.device)
    owners = torch.arange(len(images), device=images.device).repeat_interleave(len(firsts))
    for pieces in torch.arange(len(owners), device=images.device).split(max(1, BATCH // PIECE)):
        noise = torch.empty(len(pieces), PIECE, *images.shape[1:], dtype=images.dtype, device=images.device)
        for piece in noise:
            piece.normal_(generator=generator)
        noisy = noise.mul_(sigma).add_(images[owners[pieces], None])
        predicted = model(noisy.flatten(0, 1)).argmax(dim=1).view(len(pieces), PIECE)
        wanted = firsts[pieces % len(firsts), None] + torch.arange(PIECE, device=images.device) < draws
        counts.scatter_add_(0, (owners[pieces, None] * classes + predicted).flatten(), wanted.long().flatten())
    return counts.view(len(images), classes)


def _check(images: Tensor, labels: Tensor, *, sigma: float, n0: int, n: int, alpha: float) -> None:
    check_images(images, labels)
    if not 0 < sigma < math.inf:
        raise ValueError(f"sigma must be positive and finite, got {sigma}")
    if n0 < 1 or n < 1:
        raise ValueError(f"n0 and n must be at least 1, got {n0} and {n}")
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must lie between 0 and 1, got {alpha}")
