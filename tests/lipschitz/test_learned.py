"""Activations with trained parameters: what they are for given ones, and that they learn."""

import math

import pytest
import torch

from analysis.lipschitz import Abs, Householder, MaxMin, N


def with_thetas(lower: list[float], upper: list[float]) -> N:
    layer = N(len(lower)).double()
    with torch.no_grad():
        layer.stored.copy_(torch.tensor([lower, upper]) / layer.root)
    return layer


def test_n_has_three_pieces() -> None:
    layer = with_thetas([-0.5], [0.5])
    x = torch.tensor([[-2.0], [-0.5], [-0.25], [0.0], [0.5], [3.0]], dtype=torch.float64)
    torch.testing.assert_close(layer(x)[:, 0], torch.tensor([-1.0, 0.5, 0.25, 0.0, -0.5, 2.0]).double())


def test_n_is_the_identity_or_the_absolute_value_where_it_should_be() -> None:
    x = torch.randn(50, 4, 3, 3)
    torch.testing.assert_close(N(4, start="zeros")(x), x)
    alternating = N(4)(x)
    torch.testing.assert_close(alternating[:, ::2], Abs()(x[:, ::2]))
    torch.testing.assert_close(alternating[:, 1::2], x[:, 1::2])


def test_n_starts_near_where_it_should() -> None:
    torch.testing.assert_close(N(4, start="near").thetas.detach(), torch.tensor([[-1.0, 0, -1, 0], [0, 0, 0, 0]]))


def test_thresholds_are_sorted_whatever_is_stored() -> None:
    x = torch.randn(50, 2, dtype=torch.float64)
    torch.testing.assert_close(with_thetas([0.5, 1.0], [-0.5, -1.0])(x), with_thetas([-0.5, -1.0], [0.5, 1.0])(x))


def test_equal_thresholds_part() -> None:
    """They start equal, and a target that folds between them drives them apart."""
    layer, x = N(1, start="zeros", lr_factor=1.0), torch.linspace(-3, 3, 200)[:, None]
    target = with_thetas([-0.5], [0.5]).float()(x).detach()
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.05)
    for _ in range(300):
        optimizer.zero_grad()
        (layer(x) - target).square().mean().backward()
        optimizer.step()
    torch.testing.assert_close(layer.thetas.detach(), torch.tensor([[-0.5], [0.5]]), rtol=0, atol=0.02)


@pytest.mark.parametrize("factor", [1e-2, 1.0, 4.0])
def test_the_factor_multiplies_the_rate_of_the_thresholds(factor: float) -> None:
    layer, x = N(2, start="random", lr_factor=factor), torch.randn(100, 2)
    start = layer.thetas.detach().clone()
    layer(x).square().sum().backward()
    optimizer = torch.optim.SGD(layer.parameters(), lr=1e-6)
    gradient = layer.stored.grad * layer.root / factor  # of the thresholds themselves: stored = theta / root
    optimizer.step()
    torch.testing.assert_close(layer.thetas.detach() - start, -1e-6 * factor * gradient, rtol=0.05, atol=1e-7)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"channels": 0}, "at least 1, got 0"),
        ({"channels": 2, "start": "ones"}, "got 'ones'"),
        ({"channels": 2, "lr_factor": 0.0}, "positive and finite, got 0.0"),
    ],
)
def test_what_makes_no_n_is_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        N(**options)  # type: ignore[arg-type]


def test_householder_starts_as_maxmin_and_reflects_at_its_line() -> None:
    x = torch.randn(100, 6, 2, 2)
    torch.testing.assert_close(Householder(6)(x), MaxMin()(x))
    layer = Householder(2)
    with torch.no_grad():
        layer.angles.fill_(math.pi)
    y = torch.randn(100, 2)
    torch.testing.assert_close(layer(y), torch.stack((y[:, 0].abs(), y[:, 1]), dim=1), rtol=1e-5, atol=1e-6)


def test_householder_keeps_every_norm() -> None:
    layer, x = Householder(4).double(), torch.randn(100, 4, dtype=torch.float64)
    with torch.no_grad():
        layer.angles.normal_()
    torch.testing.assert_close(layer(x).norm(dim=1), x.norm(dim=1))


@pytest.mark.parametrize("make", [lambda: N(2), lambda: Householder(2)], ids=["N", "Householder"])
def test_another_number_of_channels_is_refused(make: type) -> None:
    with pytest.raises(ValueError, match="was made for 2 channels, got 4"):
        make()(torch.zeros(1, 4))
