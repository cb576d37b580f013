"""Smoothed radii are the procedure of Cohen et al.: the bound covers, radii stay below the true ones, ties abstain."""

import importlib
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest, norm
from torch import Generator, Tensor, nn

from analysis.evaluation import smoothed_radii
from analysis.evaluation.smoothing import PIECE, lower_bound, radius

ROUNDING = 1e-12


def half_space(pixels: int = 6, dtype: torch.dtype = torch.float64) -> nn.Linear:
    """Class 0 where the first pixel is above 0: the noise of the others changes nothing."""
    layer = nn.Linear(pixels, 2, bias=False).to(dtype)
    layer.weight.data = torch.zeros(2, pixels, dtype=dtype)
    layer.weight.data[0, 0], layer.weight.data[1, 0] = 0.5, -0.5
    return layer


def at(distances: Tensor, pixels: int = 6) -> Tensor:
    images = torch.rand(len(distances), pixels, generator=Generator().manual_seed(0), dtype=distances.dtype)
    images[:, 0] = distances
    return images


@pytest.mark.parametrize("n", [1, 2, 5, 20, 100, 1_000])
@pytest.mark.parametrize("alpha", [0.001, 0.05, 0.5])
def test_the_bound_exceeds_the_truth_with_probability_at_most_alpha(n: int, alpha: float) -> None:
    r"""Exactly: the binomial, summed over the counts k whose bound is above p. Just below a bound it is tight."""
    counts = np.arange(n + 1)
    bounds = lower_bound(counts, n, alpha)
    truths = np.concatenate((np.linspace(0, 1, 101), bounds * (1 - ROUNDING)))
    missed = [binom.pmf(counts[bounds > p], n, p).sum() for p in truths]
    assert max(missed) <= alpha * (1 + 1e-9)
    assert max(missed) >= alpha * (1 - 1e-6)
    assert (np.diff(bounds) > 0).all()


@given(n=st.integers(1, 100_000), share=st.floats(0, 1), alpha=st.floats(1e-4, 0.4))
def test_the_bound_is_scipys_exact_interval(n: int, share: float, alpha: float) -> None:
    hits = round(n * share)
    interval = binomtest(hits, n, alternative="greater").proportion_ci(1 - alpha, method="exact")
    np.testing.assert_allclose(lower_bound(np.array(hits), n, alpha), interval.low, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("sigma", [0.125, 1.0])
def test_radii_follow_from_counts(sigma: float) -> None:
    counts = np.arange(1_001)
    radii = radius(counts, 1_000, sigma=sigma, alpha=0.001)
    p = lower_bound(counts, 1_000, 0.001)
    assert (radii[p <= 0.5] == 0).all()
    assert (radii[p > 0.5] > 0).all()
    np.testing.assert_allclose(norm.cdf(radii[p > 0.5] / sigma), p[p > 0.5])
    assert radii[-1] == pytest.approx(sigma * norm.ppf(0.001**0.001))
    assert math.isfinite(radii[-1])


def test_radii_exceed_the_true_distance_in_the_share_alpha_of_all_cases() -> None:
    r"""A half space at distance d is smoothed to one at distance d. With k hits of n, the bound :math:`p > \Phi(d /
    \sigma)` occurs for a known share of all images, which 20,000 equal ones must show within five standard errors.
    """
    distance, sigma, n, alpha = 0.2, 0.25, 50, 0.1
    images = at(torch.full((20_000,), distance, dtype=torch.float64))
    radii = smoothed_radii(
        half_space(), images, torch.zeros(20_000, dtype=torch.int64), sigma=sigma, n=n, alpha=alpha, seed=0
    )
    too_long = radius(np.arange(n + 1), n, sigma=sigma, alpha=alpha) > distance
    expected = binom.pmf(np.flatnonzero(too_long), n, norm.cdf(distance / sigma)).sum()
    assert 0.02 < expected <= alpha
    error = 5 * math.sqrt(expected * (1 - expected) / 20_000)
    assert float((radii > distance).double().mean()) == pytest.approx(expected, abs=error)


def test_radii_approach_the_true_distance_with_more_draws() -> None:
    distances = torch.linspace(0.05, 0.5, 20, dtype=torch.float64)
    missing = []
    for n in (100, 1_000, 100_000):
        radii = smoothed_radii(half_space(), at(distances), torch.zeros(20, dtype=torch.int64), sigma=0.25, n=n, seed=0)
        assert (radii <= distances).all()
        missing.append(float((distances - radii).max()))
    assert missing == sorted(missing, reverse=True)
    assert missing[-1] < 0.01


def test_wrong_classes_are_certified_negatively_and_ties_abstain() -> None:
    distances = torch.tensor([1.0, -1.0, 0.0], dtype=torch.float64)
    radii = smoothed_radii(half_space(), at(distances), torch.zeros(3, dtype=torch.int64), sigma=0.25, seed=0)
    longest = radius(np.array(1_000), 1_000, sigma=0.25, alpha=0.001)
    assert radii.tolist() == pytest.approx([longest, -longest, 0.0])


def test_a_class_that_only_the_selection_saw_is_not_certified() -> None:
    """Selection and estimation use different draws: the network here changes its mind between the two."""

    class Fickle(nn.Module):
        seen = 0

        def forward(self, x: Tensor) -> Tensor:
            first = self.seen < 1 + 2 * PIECE  # one to count classes, then the pieces of the selection
            self.seen += len(x)
            return torch.tensor([1.0, 0.0] if first else [0.0, 1.0]).expand(len(x), 2)

    labels = torch.tensor([0, 1])
    radii = smoothed_radii(Fickle(), torch.zeros(2, 3), labels, sigma=1.0, n0=PIECE, n=PIECE, seed=0)
    assert radii.tolist() == [0, 0]


def procedure(model: nn.Module, images: Tensor, labels: Tensor, *, n0: int, n: int, alpha: float, seed: int) -> Tensor:
    """Certify of the paper, one image and one noisy copy at a time, with draws in the stated order."""
    generator = Generator().manual_seed(seed)
    sigma = 0.25

    def counts(draws: int) -> Tensor:
        table = torch.zeros(len(images), 4, dtype=torch.int64)
        for index, image in enumerate(images):
            pieces = -(-draws // PIECE)
            noise = [
                torch.empty(PIECE, *image.shape, dtype=image.dtype).normal_(generator=generator) for _ in range(pieces)
            ]
            for xi in torch.cat(noise)[:draws]:
                table[index, int(model((image + sigma * xi)[None]).argmax())] += 1
        return table

    selection, estimation = counts(n0), counts(n)
    radii = []
    for chosen, found, label in zip(
        selection.argmax(dim=1).tolist(), estimation.tolist(), labels.tolist(), strict=True
    ):
        hits = found[chosen]
        p = binomtest(hits, n, alternative="greater").proportion_ci(1 - alpha, method="exact").low
        length = sigma * norm.ppf(p) if p > 0.5 else 0.0
        radii.append(length if chosen == label else -length)
    return torch.tensor(radii, dtype=torch.float64)


@pytest.mark.parametrize("together", [1, 70, 1_000_000])
@torch.no_grad()
def test_whole_batches_are_the_plain_procedure(monkeypatch: pytest.MonkeyPatch, together: int) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, 8), nn.ReLU(), nn.Linear(8, 4)).double()
    images = torch.randn(9, 3, 2, 2, dtype=torch.float64)
    labels = model(images).argmax(dim=1)
    labels[0] = (labels[0] + 1) % 4
    options = {"n0": 30, "n": 2 * PIECE + 20, "alpha": 0.01, "seed": 3}
    monkeypatch.setattr(importlib.import_module("analysis.evaluation.smoothing"), "BATCH", together)
    found = smoothed_radii(model, images, labels, sigma=0.25, **options)
    torch.testing.assert_close(found, procedure(model, images, labels, **options), rtol=1e-9, atol=1e-12)
    assert {-1.0, 1.0} <= set(found.sign().tolist())


def test_the_seed_decides_and_the_global_generator_is_left_alone() -> None:
    images, labels = at(torch.full((50,), 0.1)), torch.zeros(50, dtype=torch.int64)
    model = half_space(dtype=torch.float32)
    before = torch.get_rng_state()
    first, again, other = (smoothed_radii(model, images, labels, sigma=0.25, seed=seed) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), before)


NONE = torch.zeros(2, dtype=torch.int64)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sigma": 0.0}, "sigma must be positive and finite, got 0.0"),
        ({"sigma": math.inf}, "got inf"),
        ({"n0": 0}, "n0 and n must be at least 1, got 0 and 1000"),
        ({"n": 0}, "got 100 and 0"),
        ({"alpha": 0.0}, "alpha must lie between 0 and 1, got 0.0"),
        ({"alpha": 1.0}, "got 1.0"),
    ],
)
def test_impossible_options_are_refused(options: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        smoothed_radii(
            half_space(), at(torch.zeros(2, dtype=torch.float64)), NONE, **{"sigma": 0.25, "seed": 0} | options
        )


def test_images_that_are_not_floats_are_refused() -> None:
    with pytest.raises(ValueError, match="images must be floats"):
        smoothed_radii(half_space(), torch.zeros(2, 6, dtype=torch.uint8), NONE, sigma=0.25, seed=0)


def test_labels_that_no_class_has_are_refused() -> None:
    with pytest.raises(ValueError, match="labels must lie in 0 to 1, got 0 to 2"):
        smoothed_radii(
            half_space(dtype=torch.float32), torch.zeros(2, 6), NONE + torch.tensor([0, 2]), sigma=0.25, seed=0
        )
