"""Sound radii stay below the exact ones, barely, and pay for whatever the bound and the precision cost."""

import math

import pytest
import torch
from torch import Tensor, nn

from analysis import models
from analysis.evaluation import certified_radii, sound_radii
from analysis.lipschitz import fold, lipschitz_bound

SHAPE = (1, 4, 4)
LABELS = torch.arange(60) % 4
NETWORKS = [name for name in models.ARCHITECTURES if name.endswith(("-MLP", "-LCN"))]


def images() -> Tensor:
    return torch.randint(256, (60, *SHAPE), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)


def network(name: str) -> nn.Sequential:
    torch.manual_seed(0)
    model = models.build(name, input_shape=SHAPE, classes=4, width=16, depth=2)
    for parameter in model.parameters():
        nn.init.normal_(parameter)
    return model


def linear(norm: float) -> nn.Sequential:
    torch.manual_seed(0)
    dense = nn.Linear(16, 4, bias=False)
    dense.weight.data = norm * torch.linalg.qr(torch.randn(16, 4))[0].T
    return nn.Sequential(nn.Flatten(), dense)


@pytest.mark.parametrize("name", NETWORKS)
def test_sound_radii_are_the_exact_ones_less_a_little(name: str) -> None:
    """Less than a part in a million: float32 rounding of the radius. The network is as it was."""
    model = network(name)
    radii, lipschitz = sound_radii(model, images(), LABELS)
    exact = fold(model, SHAPE).double()
    margins = exact(images().double() / 255)
    expected = certified_radii(margins, LABELS, lipschitz_bound(exact, SHAPE))
    assert lipschitz == lipschitz_bound(exact, SHAPE)
    assert radii.dtype == torch.float32
    assert (radii.double() < expected).all()
    torch.testing.assert_close(radii.double(), expected, rtol=1e-6, atol=1e-9)
    assert model.training
    assert next(model.parameters()).dtype == torch.float32


@pytest.mark.parametrize("norm", [0.2, 1.0, 3.0])
def test_inside_a_sound_radius_the_prediction_stands(norm: float) -> None:
    """In the worst direction, for which a linear classifier is known; 1e-5 outside it falls."""
    model, pixels = linear(norm), images().double().flatten(1) / 255
    weight = model[1].weight.detach().double()
    labels = (pixels @ weight.T).argmax(dim=1)
    radii, lipschitz = sound_radii(model, images(), labels)
    assert lipschitz == pytest.approx(norm, rel=1e-6)
    scores = pixels @ weight.T
    rival = scores.scatter(1, labels[:, None], -math.inf).argmax(dim=1)
    worst = weight[rival] - weight[labels]
    worst /= worst.norm(dim=1, keepdim=True)
    for length, stands in ((radii.double(), True), (radii.double() * (1 + 1e-5) + 1e-6, False)):
        moved = (pixels + length[:, None] * worst) @ weight.T
        assert ((moved.argmax(dim=1) == labels) == stands).all()


def test_where_float32_predicts_another_class_nothing_is_certified() -> None:
    """The scores of both classes differ by 1e-9 of themselves, which float32 cannot tell: it takes the first."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(2, 2, bias=False))
    model[1].weight.data = torch.tensor([[1.0, 0.0], [1.0, 1e-9]])
    given, labels = torch.full((1, 2, 1, 1), 255, dtype=torch.uint8), torch.tensor([1])
    radii, _ = sound_radii(model, given, labels)
    assert model(given / 255).argmax(dim=1).item() == 0
    assert radii.item() < 0


def test_radii_are_around_the_projected_image() -> None:
    model = linear(1.0)
    dark = images()
    dark[:, :, 2:] = 0
    mask = torch.ones(SHAPE)
    mask[:, 2:] = 0
    projected, _ = sound_radii(model, images(), LABELS, project=lambda x: x * mask.to(x.dtype))
    alone, _ = sound_radii(model, dark, LABELS)
    torch.testing.assert_close(projected, alone, rtol=1e-6, atol=1e-9)


def test_a_network_without_a_proof_is_refused() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(16, 4), nn.Softmax(dim=1))
    with pytest.raises(ValueError, match="Softmax"):
        sound_radii(model, images(), LABELS)
