"""Networks that are measured together have the numbers that they have alone, up to the rounding that is allowed for."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from analysis import models
from analysis.evaluation import scores, scores_together, sound_radii, sound_radii_together
from analysis.evaluation import together as module
from analysis.lipschitz import fold, rounding_bound

SHAPE, COUNT = (1, 4, 4), 3
IMAGES = torch.randint(256, (60, *SHAPE), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
LABELS = torch.arange(60) % 4
ROBUST = ["AOL-MLP", "CPL-MLP", "Cayley-MLP", "SOC-LCN", "AOL-LCN"]
PROJECTIONS: dict[str, Callable[[Tensor], Tensor] | None] = {"whole": None, "halved": lambda x: x / 2}
projected = pytest.mark.parametrize("project", PROJECTIONS.values(), ids=PROJECTIONS)


def networks(name: str) -> list[nn.Sequential]:
    depth = 2 if name.endswith("MLP") else 1
    return [
        models.build(name, input_shape=SHAPE, classes=4, width=8, depth=depth, channel_mean=[0.4], seed=seed)
        for seed in range(COUNT)
    ]


@projected
@pytest.mark.parametrize("name", ["MLP", "ConvNet", *ROBUST])
def test_scores_are_each_network_s_own(name: str, project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """In evaluation mode, in which they were not and are not left."""
    monkeypatch.setattr(module, "BATCH", 25)
    group = networks(name)
    found = scores_together(group, IMAGES, project=project)
    assert found.shape == (COUNT, 60, 4)
    assert all(each.training for network in group for each in network.modules())
    for own, network in zip(found, group, strict=True):
        torch.testing.assert_close(own, scores(network, IMAGES, project=project))


@projected
@pytest.mark.parametrize("name", ROBUST)
def test_certificates_agree_within_the_rounding_bound(name: str, project: Any) -> None:
    """The same proven Lipschitz bound, to the bit; radii that differ by what rounding may do to two passes."""
    group = networks(name)
    for (radii, lipschitz), network in zip(
        sound_radii_together(group, IMAGES, LABELS, project=project), group, strict=True
    ):
        alone, bound = sound_radii(network, IMAGES, LABELS, project=project)
        assert lipschitz == bound
        allowed = 2 * rounding_bound(fold(network, SHAPE).double(), SHAPE, 4.0) / bound
        close = (radii.double() - alone.double()).abs() <= allowed + 2**-23 * alone.abs().double()
        assert close.double().mean() > 0.98  # a near tie may be another class in float32
        assert radii.dtype == torch.float32


def test_one_network_s_weights_do_not_reach_another() -> None:
    group = networks("AOL-MLP")
    before = sound_radii_together(group, IMAGES, LABELS)
    with torch.no_grad():
        group[1][2].parameter.add_(torch.eye(*group[1][2].parameter.shape))  # type: ignore[operator, misc, union-attr]
    after = sound_radii_together(group, IMAGES, LABELS)
    assert [torch.equal(old[0], new[0]) for old, new in zip(before, after, strict=True)] == [True, False, True]


def test_singular_values_of_a_layer_are_found_once(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[int] = []
    norm = torch.linalg.matrix_norm
    monkeypatch.setattr(torch.linalg, "matrix_norm", lambda *args, **options: found.append(1) or norm(*args, **options))
    group = networks("AOL-MLP")
    sound_radii_together(group, IMAGES, LABELS)
    assert len(found) == COUNT * 2
