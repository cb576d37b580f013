"""One record holds clean, certified and attacked accuracy, and refuses to exist where a certificate is broken."""

import importlib

import pytest
import torch
from torch import Generator, Tensor, nn

from analysis import datasets, lipschitz, models
from analysis.datasets.batches import batches
from analysis.evaluation import Robustness, SoundnessError, robustness, sound_radii
from analysis.losses import OffsetCrossEntropy
from analysis.training import Descent, train

NETWORKS = [f"{method}-MLP" for method in lipschitz.LINEAR] + [f"{method}-LCN" for method in lipschitz.CONVOLUTION]
RADII = (0.0, 36 / 255, 72 / 255, 108 / 255, 1.0)


def digits() -> tuple[Tensor, Tensor]:
    """Test images of digits, uint8."""
    test = datasets.load("digits").test
    return torch.from_numpy(test.images).permute(0, 3, 1, 2).contiguous(), torch.from_numpy(test.labels)


def trained(name: str, *, steps: int, width: int = 16, depth: int = 1) -> nn.Sequential:
    """A small network after some steps on digits."""
    torch.manual_seed(0)
    model = models.build(name, input_shape=(1, 8, 8), classes=10, width=width, depth=depth)
    images, labels = digits()
    optimizer = Descent(model.parameters(), learning_rate=0.05, momentum=0.9, steps=steps)
    stream = batches(images, labels, batch_size=64, steps=steps, generator=Generator().manual_seed(0))
    train(model, stream, loss=OffsetCrossEntropy(0.7, 0.25), optimizer=optimizer)
    return model


def check(record: Robustness, *, found: float = 1.0) -> None:
    assert (record.radii <= record.attacks).all()
    assert float(record.attacks.isfinite().double().mean()) >= found
    assert torch.equal(record.attacks == 0, ~record.correct)
    assert torch.equal(record.radii >= 0, record.correct)
    for radius in RADII:
        assert record.certified(radius) <= record.attacked(radius) <= record.accuracy
    assert record.attacked(0.0) == record.accuracy


def orthonormal() -> nn.Sequential:
    """A linear classifier with orthonormal rows: differences of scores have the norm sqrt 2, so radii are exact."""
    dense = nn.Linear(64, 10, bias=False)
    dense.weight.data = torch.linalg.qr(torch.randn(64, 10, generator=Generator().manual_seed(0)))[0].T
    return nn.Sequential(nn.Flatten(), dense)


def own_labels(model: nn.Module, images: Tensor) -> Tensor:
    with torch.no_grad():
        return model(images / 255).argmax(dim=1)


def test_certificates_and_attacks_enclose_the_truth() -> None:
    model = trained("AOL-MLP", steps=100, width=64, depth=3)
    images, labels = digits()
    record = robustness(model, images, labels, steps=10, restarts=1)
    check(record)
    radii, lipschitz_bound = sound_radii(model, images, labels)
    assert torch.equal(record.radii, radii)
    assert record.lipschitz == lipschitz_bound
    assert record.accuracy > 0.8
    assert model.training
    assert all(parameter.requires_grad and parameter.dtype == torch.float32 for parameter in model.parameters())


def test_where_certificates_are_exact_attacks_meet_them() -> None:
    """To float32's rounding of weights that are orthonormal to 1e-7."""
    model, (images, _) = orthonormal(), digits()
    record = robustness(model, images, own_labels(model, images), steps=5, restarts=1)
    check(record)
    torch.testing.assert_close(record.attacks, record.radii.double(), rtol=1e-6, atol=2e-6)


def test_radii_and_attacks_are_around_the_projected_image() -> None:
    """A projection on the upper half; perturbations of the lower half are not projected away."""
    model = trained("AOL-MLP", steps=50, width=64, depth=1)
    images, labels = (part[:50] for part in digits())
    upper = torch.zeros(8, 8)
    upper[:4] = 1
    projected = robustness(model, images, labels, project=lambda x: x * upper.to(x.dtype), steps=10, restarts=1)
    cut = robustness(model, images * upper.to(torch.uint8), labels, steps=10, restarts=1)
    assert torch.equal(projected.correct, cut.correct)
    torch.testing.assert_close(projected.attacks, cut.attacks)
    torch.testing.assert_close(projected.radii, cut.radii)
    check(projected)


def test_a_broken_certificate_is_an_error_that_names_the_worst() -> None:
    correct = torch.tensor([True, True, True, False])
    attacks = torch.tensor([0.5, 0.3, 0.1, 0.0], dtype=torch.float64)
    with pytest.raises(
        SoundnessError, match=r"2 of 4 certificates are broken; .* example 2, certified at 0.4, .* of 0.1"
    ):
        Robustness(correct, torch.tensor([0.4, 0.31, 0.4, -0.2]), attacks, 1.0)
    Robustness(correct, torch.tensor([0.5, 0.3, 0.1, -0.2], dtype=torch.float64), attacks, 1.0)


def test_a_bound_that_is_too_low_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """By one part in ten thousand, where certificates are exact."""

    def wrong(*args: object, **options: object) -> tuple[Tensor, float]:
        radii, bound = sound_radii(*args, **options)  # type: ignore[arg-type]
        return radii * (1 + 1e-4), bound * (1 - 1e-4)

    monkeypatch.setattr(importlib.import_module("analysis.evaluation.robustness"), "sound_radii", wrong)
    model, (images, _) = orthonormal(), digits()
    with pytest.raises(SoundnessError, match="of 500 certificates are broken"):
        robustness(model, images, own_labels(model, images), steps=5, restarts=1)


def test_shares_are_of_all_examples() -> None:
    correct = torch.tensor([True, True, True, False])
    radii = torch.tensor([0.2, 0.4, 0.0, -1.0])
    record = Robustness(correct, radii, torch.tensor([0.3, torch.inf, 0.1, 0.0]), 1.0)
    assert record.accuracy == 0.75
    assert [record.certified(radius) for radius in (0.0, 0.2, 0.3)] == [0.5, 0.25, 0.25]
    assert [record.attacked(radius) for radius in (0.0, 0.2, 0.3, 9.0)] == [0.75, 0.5, 0.25, 0.25]


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("steps", [1, 40])
def test_no_certificate_of_any_network_is_broken(name: str, steps: int) -> None:
    """After one step Björck's network hardly looks at its images, so that nothing changes some predictions."""
    width, depth = (64, 3) if name.endswith("MLP") else (16, 1)
    record = robustness(trained(name, steps=steps, width=width, depth=depth), *digits(), steps=20, restarts=2)
    check(record, found=0.9 if (name, steps) == ("Bjorck-LCN", 1) else 1.0)
