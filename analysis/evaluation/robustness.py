"""Clean, certified and attacked accuracy of one network, side by side: the truth lies between the latter two."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from analysis.evaluation.attacks import attack, settle
from analysis.evaluation.scores import pixels, scores
from analysis.evaluation.sound import sound_radii
from analysis.lipschitz import fold


class SoundnessError(ArithmeticError):
    """A perturbation within a certified radius changes a prediction: the certificate, a proof, is wrong.

    Not to be caught: whoever sees it has found a bug in a layer or in its bound.
    """


@dataclass(frozen=True)
class Robustness:
    r"""What is known of each example, in units of pixels in [0, 1].

    The smallest perturbation that changes a prediction has a norm in :math:`[\text{radius}, \text{attack}]`.

    Attributes:
        correct: Whether the prediction is right, shape ``(n,)``.
        radii: Certified radii, shape ``(n,)``; negative where the prediction is wrong.
        attacks: Norms of the smallest perturbations found, shape ``(n,)``, float64; 0 where the prediction is wrong,
            ``inf`` where none was found.
        lipschitz: Proven bound on the network's Lipschitz constant.

    Raises:
        SoundnessError: If an attack is shorter than the certified radius.

    Example:
        >>> record = robustness(network, images, labels)
        >>> record.accuracy, record.attacked(36 / 255), record.certified(36 / 255)
    """

    correct: Tensor
    radii: Tensor
    attacks: Tensor
    lipschitz: float

    def __post_init__(self) -> None:
        broken = self.attacks < self.radii
        if bool(broken.any()):
            worst = int((self.attacks / self.radii).where(broken, torch.inf).argmin())
            raise SoundnessError(
                f"{int(broken.sum())} of {len(broken)} certificates are broken; the worst is that of example {worst}, "
                f"certified at {float(self.radii[worst]):.6g}, changed by a perturbation of {self.attacks[worst]:.6g}"
            )

    @property
    def accuracy(self) -> float:
        """Share of right predictions."""
        return float(self.correct.double().mean())

    def certified(self, radius: float) -> float:
        """Share of examples whose certified radius is greater than a given one: a lower bound on robust accuracy."""
        return float((self.radii > radius).double().mean())

    def attacked(self, radius: float) -> float:
        """Share of examples that no perturbation found within a radius changes: an upper bound on robust accuracy."""
        return float((self.correct & (self.attacks > radius)).double().mean())


def robustness(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    *,
    project: Callable[[Tensor], Tensor] | None = None,
    steps: int = 50,
    restarts: int = 3,
    seed: int = 0,
) -> Robustness:
    """Certify and attack every example of a 1-Lipschitz network.

    Certificates speak of the exact function of the weights that are used, so attacks are found in float32 and then
    moved to the boundary of the float64 network (:func:`analysis.evaluation.attacks.settle`): rounding in float32
    would break certificates of the order of 1e-6. Both are around the projected image; perturbations are not projected.

    Args:
        model: A 1-Lipschitz network, left as it was.
        images: ``uint8``, shape ``(n, c, h, w)``, on the network's device.
        labels: Shape ``(n,)``, int64.
        project: Applied to the pixels in [0, 1] first.
        steps: Of :func:`analysis.evaluation.attack`.
        restarts: Of the same.
        seed: Of the same.

    Returns:
        The record.

    Raises:
        SoundnessError: If a certificate is broken, which is a bug in a proof.

    Example:
        >>> robustness(network, images, labels).accuracy
        0.97
    """
    radii, lipschitz = sound_radii(model, images, labels, project=project)
    used = fold(model, tuple(images.shape[1:]))
    correct = scores(used, images, project=project).argmax(dim=1) == labels
    found, _ = attack(used, pixels(images, project, torch.float32), labels, steps=steps, restarts=restarts, seed=seed)
    _, norms = settle(used.double(), pixels(images, project, torch.float64), labels, found.double())
    return Robustness(correct, radii, torch.where(correct, norms, 0), lipschitz)
