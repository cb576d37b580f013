"""The benchmarks run, and the plain formulas of layers are those of the same functions."""

import math
import time
from dataclasses import replace
from functools import partial

import pytest
import torch
from torch import Tensor, nn

from analysis import datasets, models
from analysis.lipschitz import CONVOLUTION, LINEAR
from benchmarks import author_style, growth, layers, rival_layers, sweeps
from benchmarks.layer_sizes import AUTHORS, OURS, SIZES, SMALL_SIZES, Size
from benchmarks.plain_layers import PLAIN_CONVOLUTION, PLAIN_LINEAR
from benchmarks.stopwatch import Stopwatch

CONVOLVED, DENSE = SMALL_SIZES
BRIEFLY = Stopwatch(repeats=1, burst=0)
EVERY = [pytest.param(size, method, id=f"{method}-{size.title}") for size in SMALL_SIZES for method in size.methods]


def numbers(text: str) -> list[float]:
    """All entries of Markdown tables that are numbers, nan and inf among them."""
    found = []
    for cell in (cell.strip() for line in text.splitlines() if line.startswith("|") for cell in line.split("|")):
        try:
            found.append(float(cell))
        except ValueError:
            continue
    return found


@pytest.mark.parametrize(("size", "method"), EVERY)
def test_every_method_is_timed_beside_its_plain_formula(size: Size, method: str) -> None:
    costs = layers.train(size, method, BRIEFLY)
    assert {OURS, method} <= costs.keys()
    for cost in costs.values():
        assert 0 < cost.seconds < math.inf
        assert 0 < cost.relative < math.inf
        assert 0 < cost.memory < math.inf


def test_tables_hold_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    layers.main(["--small", "--train", "--evaluate", "--rescaling", "--method", "AOL"])
    printed = capsys.readouterr().out
    assert all(0 < number < math.inf for number in numbers(printed))
    for title in ("AOL-ConvNetXS", "AOL, dense 6", "rescaling", *(size.title for size in SMALL_SIZES)):
        assert title in printed


def test_growth_is_measured(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANALYSIS_CACHE_DIR", "restored afterwards")
    growth.main(["--small"])
    found = numbers(capsys.readouterr().out)
    assert len(found) == 12  # seconds and memory of six questions
    assert all(0 < number < math.inf for number in found)


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(SystemExit, match=r"unknown method 'ECO'; known are AOL, "):
        layers.main(["--small", "--method", "ECO"])


def test_every_method_has_a_plain_formula_and_the_authors_multiples_are_sixteen() -> None:
    assert LINEAR.keys() <= PLAIN_LINEAR.keys()
    assert CONVOLUTION.keys() <= PLAIN_CONVOLUTION.keys()
    assert set(AUTHORS) <= set(SIZES)
    assert sum(len(known) for known in AUTHORS.values()) == 16


def test_a_slow_call_stops_taking_turns() -> None:
    counts = {"slow": 0, "fast": 0}

    def call(name: str, seconds: float) -> None:
        counts[name] += 1
        time.sleep(seconds)

    watch = Stopwatch(repeats=4, burst=0, limit=0.2)
    seconds = watch.in_turn({"slow": partial(call, "slow", 0.15), "fast": partial(call, "fast", 0)})
    assert counts == {"slow": 1, "fast": 5}
    assert seconds["slow"] >= 0.15 > seconds["fast"]


def with_its_parameters(method: str, size: Size) -> tuple[nn.Module, nn.Module]:
    """Our layer, in evaluation mode, and the plain one of the same parameters; biases are zero in both.

    BCOP and SOC are left out: ours have other parameters, and another number of terms.
    """
    ours = size.ours(method).eval()
    plain = size.plain("Bjorck")["Bjorck 15"] if method == "Bjorck" else size.plain(method)[method]
    with torch.no_grad():
        plain.parameter.copy_(ours.parameter)
        for layer in (ours, plain):
            layer.bias.zero_()
        if method == "SLL":
            plain.q.copy_(ours.log_weights.exp())
        if method == "Sandwich":
            ours.log_scale.zero_()
            plain.log_psi.zero_()
            plain.scale.copy_(spectral_size(plain))
        if method == "Cayley":
            plain.scale.copy_(ours.scale * spectral_size(plain) / plain.parameter.norm())
    return ours, plain


def spectral_size(plain: nn.Module) -> Tensor:
    """What the plain formulas divide by: the norm of half of the spectrum, or of the matrix."""
    parameter = plain.parameter
    matrices: Tensor = plain.matrices(parameter) if parameter.ndim == 4 else parameter
    return matrices.norm()


# AOL and SLL add 1e-6 to their sums, LOT 1e-4 to its squares, and LOT, Björck and CPL's estimated norm are iterations.
ALIKE = {"AOL": 1e-5, "SLL": 1e-5, "Cayley": 1e-5, "Sandwich": 1e-5, "LOT": 1e-3, "Bjorck": 1e-3}


@pytest.mark.parametrize("size", SMALL_SIZES, ids=lambda size: size.title)
@pytest.mark.parametrize("method", ALIKE)
def test_plain_formulas_are_the_same_functions(method: str, size: Size) -> None:
    torch.manual_seed(0)
    ours, plain = with_its_parameters(method, size)
    x = size.images()
    torch.testing.assert_close(plain(x), ours(x), atol=ALIKE[method], rtol=ALIKE[method])


def test_plain_cpl_is_the_same_function_once_its_power_iteration_has_converged() -> None:
    torch.manual_seed(0)
    ours, plain = with_its_parameters("CPL", DENSE)
    x = DENSE.images()
    with torch.no_grad():
        for _ in range(1000):
            y = plain(x)
    torch.testing.assert_close(y, ours(x), atol=1e-4, rtol=1e-4)


def test_plain_bcop_is_orthogonal_and_plain_soc_nearly() -> None:
    torch.manual_seed(0)
    x = CONVOLVED.images()[0]
    (bcop,), (soc,) = CONVOLVED.plain("BCOP").values(), CONVOLVED.plain("SOC").values()
    for _ in range(20):
        soc(x[None])  # moves its estimates of the norm
    for layer, tolerance in ((bcop, 1e-4), (soc, 1e-2)):
        found = rival_layers.singular_values(layer, x)
        assert 1 - tolerance <= found.smallest <= found.largest <= 1 + tolerance


def test_singular_values_are_those_of_the_jacobian() -> None:
    layer = nn.Linear(2, 2)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[0.0, 3.0], [0.5, 0.0]]))
    found = rival_layers.singular_values(layer, torch.zeros(2))
    assert (found.smallest, found.largest) == pytest.approx((0.5, 3.0))


@pytest.mark.filterwarnings("ignore")  # the rivals' own
def test_rivals_keep_shapes_and_are_timed() -> None:
    pytest.importorskip("orthogonium")
    pytest.importorskip("deel.torchlip")
    for size in SMALL_SIZES:
        made = rival_layers.factories(size, lambda method: True)
        times = rival_layers.relative_times(made, size, BRIEFLY)
        assert times.keys() == made.keys()
        assert all(0 < ratio < math.inf for ratio in times.values())


def test_absent_rivals_are_asked_for(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def absent() -> None:
        raise ModuleNotFoundError("No module named 'orthogonium'")

    monkeypatch.setattr(rival_layers, "convolution_rivals", absent)
    rival_layers.report_rivals(SMALL_SIZES, lambda method: True, BRIEFLY)
    assert "pip install" in capsys.readouterr().out


def test_the_plain_network_is_the_same_function() -> None:
    torch.manual_seed(0)
    ours = models.build("AOL-MLP", input_shape=(1, 2, 4), classes=3, width=12, depth=3)
    plain = author_style.network(12, 3)
    with torch.no_grad():
        for parameter, value in zip(plain.parameters(), ours.parameters(), strict=True):
            parameter.copy_(value.add_(0.2 * torch.randn_like(value)))
    images = torch.rand(5, 1, 2, 4)
    torch.testing.assert_close(plain(images)[:, :3], ours(images), atol=1e-5, rtol=1e-5)


def test_a_plain_training_learns() -> None:
    trial = replace(sweeps.DIGITS, width=64, depth=2, steps=100, size=200)
    assert author_style.train(trial, datasets.load("digits")) > 0.6


@pytest.mark.slow
def test_the_benchmark_of_sweeps_runs(capsys: pytest.CaptureFixture[str]) -> None:
    sweeps.main(["--small"])
    printed = capsys.readouterr().out
    assert all(0 < number < math.inf for number in numbers(printed))
    for title in ("digits, 4 trials", "products alone", "trials of 10 steps", "all in one cohort"):
        assert title in printed
