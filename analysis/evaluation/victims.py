"""Images under attack, as rows of pixels."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from analysis.evaluation.certified import margins

Loss = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Ascent:
    """What one forward and backward pass tells of perturbations.

    Attributes:
        values: Losses, shape ``(n,)``.
        gradients: Of the losses, shape ``(n, pixels)``; zero where they are not finite or there are none.
        gaps: Best other score minus that of the true class, shape ``(n,)``: positive where the prediction is changed.
        changed: Whether the prediction is not the label, shape ``(n,)``.
    """

    values: Tensor
    gradients: Tensor
    gaps: Tensor
    changed: Tensor


@dataclass(frozen=True)
class Victims:
    """Images that are attacked together, and the network that classifies them.

    A perturbation is a row of pixels in the precision of the images. What the network is fed is the rounded sum.

    Attributes:
        model: Network, at rest.
        shape: Of one image.
        images: Shape ``(n, pixels)``.
        labels: Shape ``(n,)``, int64.
        clip: Whether perturbed images must stay in [0, 1].
    """

    model: nn.Module
    shape: tuple[int, ...]
    images: Tensor
    labels: Tensor
    clip: bool

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, chosen: Tensor) -> "Victims":
        return Victims(self.model, self.shape, self.images[chosen], self.labels[chosen], self.clip)

    @torch.no_grad()
    def scores(self, perturbations: Tensor) -> Tensor:
        """Scores ``(n, classes)`` of the perturbed images."""
        scores: Tensor = self.model((self.images + perturbations).unflatten(1, self.shape))
        return scores

    def changed(self, perturbations: Tensor) -> Tensor:
        """Whether the prediction is not the label, shape ``(n,)``."""
        return self.scores(perturbations).argmax(dim=1) != self.labels

    def gaps(self, perturbations: Tensor) -> Tensor:
        """Best other score minus that of the true class, shape ``(n,)``."""
        return -margins(self.scores(perturbations), self.labels)

    def ascent(self, perturbations: Tensor, loss: Loss) -> Ascent:
        """Pass forward and backward.

        Args:
            perturbations: Shape ``(n, pixels)``.
            loss: From scores ``(n, classes)`` and labels ``(n,)`` to losses ``(n,)``, which the attack raises.

        Returns:
            Losses, gradients, and what is predicted.
        """
        with torch.enable_grad():
            pixels = (self.images + perturbations).requires_grad_()
            scores = self.model(pixels.unflatten(1, self.shape))
            values = loss(scores, self.labels)
            gradients = torch.zeros_like(pixels)
            if values.requires_grad:
                (gradients,) = torch.autograd.grad(values.sum(), pixels, allow_unused=True, materialize_grads=True)
        finite = gradients.isfinite().all(dim=1, keepdim=True)
        scores = scores.detach()
        return Ascent(
            values.detach(),
            gradients.where(finite, 0),
            -margins(scores, self.labels),
            scores.argmax(dim=1) != self.labels,
        )

    def norms(self, perturbations: Tensor) -> Tensor:
        """L2 norms in float64, shape ``(n,)``, of what is added to the images once the sum is rounded."""
        fed = (self.images + perturbations).double()
        return lengths(fed - self.images.double())

    def within(self, perturbations: Tensor, radii: Tensor) -> Tensor:
        r"""Move perturbations to the nearest points of balls, then into the pixel range where that is asked for.

        The rounded sum of image x and perturbation is off by at most :math:`\varepsilon (\|x\| + r) / 2`, which is
        kept free, so that norms as applied do not exceed the radii.

        Args:
            perturbations: Shape ``(n, pixels)``.
            radii: Shape ``(n,)``, float64.

        Returns:
            Same shape as the perturbations.
        """
        epsilon = torch.finfo(self.images.dtype).eps
        room = radii - 2 * epsilon * (lengths(self.images) + radii)
        shares = (room.clamp_min(0) / lengths(perturbations).clamp_min(1e-300)).clamp_max(1)
        return self.admissible(scaled(perturbations, shares))

    def admissible(self, perturbations: Tensor) -> Tensor:
        """Clip perturbed images to [0, 1] where that is asked for."""
        return (self.images + perturbations).clamp(0, 1) - self.images if self.clip else perturbations


def lengths(rows: Tensor) -> Tensor:
    """L2 norms of rows, shape ``(n,)``, in float64."""
    norms: Tensor = torch.linalg.vector_norm(rows, dim=1, dtype=torch.float64)
    return norms


def scaled(rows: Tensor, factors: Tensor) -> Tensor:
    """Rows times factors ``(n,)``, multiplied in float64."""
    return (rows.double() * factors[:, None]).to(rows.dtype)


def directions(rows: Tensor) -> Tensor:
    """Rows at unit length; rows of zeros stay zero."""
    return scaled(rows, 1 / lengths(rows).clamp_min(1e-300)).nan_to_num(posinf=0, neginf=0)


def towards(classes: Tensor) -> Loss:
    r"""Targeted difference of scores, :math:`s_t - s_y`.

    Without the denominator of DLR: steps follow normalised gradients, so that the scale of scores cancels anyway.

    Args:
        classes: Targets t, shape ``(n,)``.

    Returns:
        The loss.
    """

    def difference(scores: Tensor, labels: Tensor) -> Tensor:
        return (scores.gather(1, classes[:, None]) - scores.gather(1, labels[:, None])).squeeze(1)

    return difference


def cross_entropy(gaps: Tensor) -> Loss:
    """Cross-entropy at the temperature of each example's clean margin, where it is neither flat nor saturated.

    Args:
        gaps: Of the unperturbed images, shape ``(n,)``.

    Returns:
        The loss, the same for scores of every scale.
    """
    temperatures = gaps.abs().clamp_min(torch.finfo(gaps.dtype).tiny * 1e6)[:, None]

    def loss(scores: Tensor, labels: Tensor) -> Tensor:
        relative = (scores - scores.gather(1, labels[:, None])) / temperatures
        return F.cross_entropy(relative, labels, reduction="none")

    return loss


def nearest_classes(victims: Victims, most: int) -> Tensor:
    r"""Other classes by rising distance :math:`(s_y - s_t) / \|\nabla (s_y - s_t)\|` of their linearised boundaries.

    Args:
        victims: Images.
        most: How many classes to look at: those of the highest scores.

    Returns:
        Shape ``(n, classes)``, nearest first.
    """
    nothing = torch.zeros_like(victims.images)
    others = victims.scores(nothing).scatter(1, victims.labels[:, None], -math.inf)
    candidates = others.topk(min(most, others.shape[1] - 1), dim=1).indices
    found = [victims.ascent(nothing, towards(classes)) for classes in candidates.unbind(1)]
    distances = [-each.values.double() / lengths(each.gradients).clamp_min(1e-300) for each in found]
    return candidates.gather(1, torch.stack(distances, dim=1).argsort(dim=1, stable=True))
