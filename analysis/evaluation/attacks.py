"""L2 attacks on whole batches: the strongest perturbation within a radius, or the smallest that succeeds."""

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor, nn

from analysis.evaluation.apgd import apgd
from analysis.evaluation.boundary import to_boundary, walk
from analysis.evaluation.rest import at_rest, check_images
from analysis.evaluation.victims import Victims, cross_entropy, directions, lengths, nearest_classes, scaled, towards

BATCH = 500  # images that are attacked together
TARGETS = 9  # classes whose boundaries are looked at, those of the highest scores
TRIES = 10  # at pushing a perturbation across the boundary in the layout of the whole batch
FIRST_CUT = 0.1  # by which the smallest norm is undercut; halved where that fails


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
    plan = _Plan(steps, restarts, Generator().manual_seed(seed))
    rows, norms = [], []
    with at_rest(model):
        for chosen in torch.arange(len(images), device=images.device).split(BATCH):
            pixels = images.detach()[chosen].flatten(1)
            victims = Victims(model, tuple(images.shape[1:]), pixels, labels[chosen], clip)
            found = _attack(victims, None if radii is None else radii[chosen], plan)
            rows.append(found[0].unflatten(1, victims.shape))
            norms.append(found[1])
    return torch.cat(rows), torch.cat(norms)


@dataclass(frozen=True)
class _Plan:
    """How much is tried.

    Attributes:
        steps: Gradient steps of each run.
        restarts: Runs of each kind.
        generator: Of the random starts, on the CPU.
    """

    steps: int
    restarts: int
    generator: Generator

    def anywhere(self, victims: Victims, radii: Tensor) -> Tensor:
        """Random points on spheres."""
        pixels = victims.images
        noise = torch.randn(pixels.shape, generator=self.generator, dtype=pixels.dtype).to(pixels.device)
        return scaled(directions(noise), radii)


def _attack(victims: Victims, radii: Tensor | None, plan: _Plan) -> tuple[Tensor, Tensor]:
    nothing = torch.zeros_like(victims.images)
    scores = victims.scores(nothing)
    _refuse_scores(scores, victims.labels)
    right = scores.argmax(dim=1) == victims.labels
    perturbations = nothing.clone()
    if right.any():
        search = _smallest(victims[right], plan) if radii is None else _strongest(victims[right], radii[right], plan)
        perturbations[right] = search
    if radii is None:
        perturbations = _pushed(victims, perturbations)
    changed = victims.changed(perturbations)
    if radii is None:
        perturbations = torch.where(changed[:, None], perturbations, 0)
    return perturbations, torch.where(changed, victims.norms(perturbations), math.inf)


def _strongest(victims: Victims, radii: Tensor, plan: _Plan) -> Tensor:
    """Perturbations within radii, of the largest gap found, for examples that are classified correctly."""
    nothing = torch.zeros_like(victims.images)
    best, gaps = nothing, victims.ascent(nothing, towards(victims.labels)).gaps
    clean = gaps
    classes = nearest_classes(victims, TARGETS)
    for restart in range(plan.restarts):
        start = plan.anywhere(victims, radii) if restart else nothing
        for targeted in (True, False):
            standing = ~victims.changed(best)
            if not standing.any():
                return best
            targets = classes[standing, restart % classes.shape[1]]
            loss = towards(targets) if targeted else cross_entropy(clean[standing])
            found, height = apgd(victims[standing], loss, radii[standing], start[standing], steps=plan.steps)
            better = height > gaps[standing]
            best[standing] = torch.where(better[:, None], found, best[standing])
            gaps[standing] = torch.where(better, height, gaps[standing])
    return best


def _smallest(victims: Victims, plan: _Plan) -> Tensor:
    """Smallest perturbations found, for examples that are classified correctly; zero where there is none."""
    best = torch.full_like(victims.images, math.inf)
    classes = nearest_classes(victims, TARGETS)
    for restart in range(plan.restarts):
        start = plan.anywhere(victims, _reach(best)) if restart else torch.zeros_like(best)
        found = walk(victims, classes[:, restart % classes.shape[1]], start, steps=plan.steps)
        best = _shorter(victims, best, found)
    return _undercut(victims, best, plan).nan_to_num(posinf=0)


def _undercut(victims: Victims, best: Tensor, plan: _Plan) -> Tensor:
    """Look for changed predictions within balls a little smaller than the smallest norm found."""
    clean = victims.ascent(torch.zeros_like(best), towards(victims.labels)).gaps
    cuts = torch.full_like(clean, FIRST_CUT, dtype=torch.float64)
    for restart in range(plan.restarts):
        for targeted in (True, False):
            known = lengths(best).isfinite()
            radii = _reach(best) * torch.where(known, 1 - cuts, 1)
            start = plan.anywhere(victims, radii) if restart else torch.where(known[:, None], best, 0)
            loss = towards(_rivals(victims, best)) if targeted else cross_entropy(clean)
            found, gaps = apgd(victims, loss, radii, start, steps=plan.steps)
            success = gaps > 0
            best = _shorter(victims, best, torch.where(success[:, None], found, math.inf))
            cuts = torch.where(success, cuts, cuts / 2)
    return best


def _shorter(victims: Victims, best: Tensor, found: Tensor) -> Tensor:
    """Shorten what was found, where anything was, and keep the shorter of both."""
    usable = found.isfinite().all(dim=1)
    shortened = to_boundary(victims, found.where(usable[:, None], 0))
    better = usable & (lengths(shortened) < lengths(best))
    return torch.where(better[:, None], shortened, best)


def _reach(best: Tensor) -> Tensor:
    """Smallest norm found, or else the diameter of the cube of all images."""
    norms = lengths(best)
    return torch.where(norms.isfinite(), norms, math.sqrt(best.shape[1]))


def _rivals(victims: Victims, best: Tensor) -> Tensor:
    """The class other than the true one with the highest score, at the perturbed image."""
    scores = victims.scores(best.nan_to_num(posinf=0))
    return scores.scatter(1, victims.labels[:, None], -math.inf).argmax(dim=1)


def _pushed(victims: Victims, perturbations: Tensor) -> Tensor:
    """Lengthen perturbations that end a rounding error short of the boundary, in the layout of the whole batch."""
    growth = 100 * torch.finfo(perturbations.dtype).eps
    for attempt in range(TRIES):
        short = ~victims.changed(perturbations)
        if not short.any():
            break
        longer = victims.admissible(scaled(perturbations, torch.full_like(short, 1 + growth * 2**attempt).double()))
        perturbations = torch.where(short[:, None], longer, perturbations)
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


def _refuse_scores(scores: Tensor, labels: Tensor) -> None:
    if scores.ndim != 2 or scores.shape[1] < 2 or not bool(scores.isfinite().all()):
        raise ValueError(f"the network must give finite scores (n, classes), got {tuple(scores.shape)}")
    if int(labels.min()) < 0 or int(labels.max()) >= scores.shape[1]:
        raise ValueError(f"labels must lie in 0 to {scores.shape[1] - 1}, got {labels.min()} to {labels.max()}")
