"""L2 attacks on whole batches: the strongest perturbation within a radius, or the smallest that succeeds."""

import math
from collections.abc import Iterator

import torch
from torch import Generator, Tensor, nn

from analysis.evaluation.rest import at_rest, check_images, check_labels
from analysis.evaluation.searches import Effort, smallest, strongest
from analysis.evaluation.victims import Victims

BATCH = 500  # images that are attacked together
TRIES = 20  # at pushing a perturbation across the boundary
SMALL = 1e-7  # share of its length by which it is pushed first


def attack(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    *,
    radius: float | Tensor | None = None,
    steps: int = 50,
    restarts: int = 3,
    seed: int = 0,
    clip: bool = False,
) -> tuple[Tensor, Tensor]:
    r"""Attack a classifier in l2: an upper bound on each example's robustness, beside the lower bound of a certificate.

    *With a radius*, each restart runs Auto-PGD (:func:`analysis.evaluation.apgd.apgd`) twice on the examples that still
    stand: on cross-entropy, and on the difference of scores :math:`s_t - s_y` to the target t whose linearised boundary
    is next nearest. *Without*, each restart walks to the boundary of its target (:func:`~.boundary.walk`), and shortens
    what it finds by bisection; each then undercuts the smallest norm, at first by a tenth, with both kinds of Auto-PGD.
    The first restart starts at the image or at the best perturbation, the others anywhere on the sphere. Both losses
    are independent of the scale of scores.

    A prediction is changed where the argmax is not the label. This is verified, last, by a forward pass of
    ``images + perturbations`` in evaluation mode, in batches of 500. Norms are of what that sum adds, in float64.

    Args:
        model: Network, left as it was.
        images: Floats, shape ``(n, ...)``, as the network takes them: pixels in [0, 1], projected for a network on a
            band. Perturbations are not projected.
        labels: Shape ``(n,)``, int64.
        radius: One for all, or one for each: shape ``(n,)``. None looks for the smallest perturbation.
        steps: Gradient steps of each run.
        restarts: Runs of each kind.
        seed: Of the random starts, which are the same on every device.
        clip: Whether perturbed images must stay in [0, 1]. If not, they may leave it.

    Returns:
        Perturbations, like the images, and norms, shape ``(n,)``, float64: 0 (and no perturbation) where the prediction
        is wrong anyway, ``inf`` where nothing tried changes it; then the perturbation is the one that came closest
        within the radius, or zero without one.

    Raises:
        ValueError: If images, labels or an option cannot be used; the message says why.

    Example:
        >>> perturbations, norms = attack(network, images, labels, radius=36 / 255)
        >>> robust_accuracy = norms.isinf().float().mean()
    """
    radii = _checked(images, labels, radius, steps, restarts, clip)
    effort = Effort(steps, restarts, Generator().manual_seed(seed))
    with at_rest(model):
        found = [
            _attack(victims, None if radii is None else radii[chosen], effort)
            for victims, chosen in _batches(model, images, labels, clip)
        ]
    perturbations, norms = (torch.cat(parts) for parts in zip(*found, strict=True))
    return perturbations.view_as(images), norms


def settle(model: nn.Module, images: Tensor, labels: Tensor, perturbations: Tensor) -> tuple[Tensor, Tensor]:
    """Lengthen perturbations, where they must be, until they change the prediction of a network close to the first.

    So an attack can be made in float32 and hold in float64: rounding moves a boundary by a few parts in a million.
    Each is lengthened by a share of 1e-7, then twice that, and so on, by about a tenth in all.

    Args:
        model: Network, left as it was.
        images: Floats, shape ``(n, ...)``, in the network's precision.
        labels: Shape ``(n,)``, int64.
        perturbations: Like the images.

    Returns:
        Perturbations of the same directions, and norms as those of :func:`attack`.

    Example:
        >>> settle(network.double(), images.double(), labels, perturbations.double())
    """
    check_images(images, labels)
    found = []
    with at_rest(model):
        for victims, chosen in _batches(model, images, labels, clip=False):
            found.append(_verified(victims, _pushed(victims, perturbations[chosen].flatten(1), SMALL)))
    settled, norms = (torch.cat(parts) for parts in zip(*found, strict=True))
    return settled.view_as(images), norms


def _batches(model: nn.Module, images: Tensor, labels: Tensor, clip: bool) -> Iterator[tuple[Victims, Tensor]]:
    shape = tuple(images.shape[1:])
    for chosen in torch.arange(len(images), device=images.device).split(BATCH):
        yield Victims(model, shape, images.detach()[chosen].flatten(1), labels[chosen], clip), chosen


def _attack(victims: Victims, radii: Tensor | None, effort: Effort) -> tuple[Tensor, Tensor]:
    perturbations = torch.zeros_like(victims.images)
    scores = victims.scores(perturbations)
    _refuse_scores(scores)
    check_labels(victims.labels, scores.shape[1])
    right = scores.argmax(dim=1) == victims.labels
    if radii is None:
        if right.any():
            perturbations[right] = smallest(victims[right], effort)
        perturbations = _pushed(victims, perturbations, 100 * torch.finfo(perturbations.dtype).eps)
        perturbations = torch.where(victims.changed(perturbations)[:, None], perturbations, 0)
    elif right.any():
        perturbations[right] = strongest(victims[right], radii[right], effort)
    return _verified(victims, perturbations)


def _verified(victims: Victims, perturbations: Tensor) -> tuple[Tensor, Tensor]:
    """Perturbations, and their norms as applied where the prediction is changed."""
    changed = victims.changed(perturbations)
    return perturbations, torch.where(changed, victims.norms(perturbations), math.inf)


def _pushed(victims: Victims, perturbations: Tensor, share: float) -> Tensor:
    """Lengthen perturbations that end short of the boundary by a share, then by twice that share, and so on."""
    for attempt in range(TRIES):
        short = ~victims.changed(perturbations)
        if not short.any():
            break
        longer = perturbations * (1 + share * 2**attempt)
        perturbations = torch.where(short[:, None], victims.admissible(longer), perturbations)
    return perturbations


def _checked(
    images: Tensor, labels: Tensor, radius: float | Tensor | None, steps: int, restarts: int, clip: bool
) -> Tensor | None:
    check_images(images, labels)
    if clip and not bool(((images >= 0) & (images <= 1)).all()):
        raise ValueError("images must lie in [0, 1] where perturbed ones are clipped to it")
    if steps < 1 or restarts < 1:
        raise ValueError(f"steps and restarts must be at least 1, got {steps} and {restarts}")
    if radius is None:
        return None
    radii = torch.as_tensor(radius, dtype=torch.float64, device=images.device)
    if radii.shape not in {torch.Size(), labels.shape} or not bool(((radii > 0) & radii.isfinite()).all()):
        raise ValueError(f"radius must be positive and finite, one or {len(images)}, got {radius}")
    return radii.expand(len(images))


def _refuse_scores(scores: Tensor) -> None:
    if scores.ndim != 2 or scores.shape[1] < 2 or not bool(scores.isfinite().all()):
        raise ValueError(f"the network must give finite scores (n, classes), got {tuple(scores.shape)}")
