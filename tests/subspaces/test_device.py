"""Torch diagonalises where it is asked to, finds the same, and is loaded by nobody else."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from analysis.subspaces import Moments, principal_subspace

IMAGES = np.random.default_rng(0).integers(256, size=(80, 5, 4), dtype=np.uint8)
DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU"))]
NO_TORCH = """
import sys
import numpy as np
from analysis.subspaces import principal_subspace
principal_subspace(np.eye(5))
sys.exit("torch" in sys.modules)
"""


@pytest.mark.parametrize("device", DEVICES)
def test_directions_found_by_torch_agree_to_rounding(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = principal_subspace(IMAGES)
    monkeypatch.setattr("analysis.subspaces.principal.eigh", None)  # torch and nobody else
    found = principal_subspace(IMAGES, device=device)
    np.testing.assert_allclose(found.variances, expected.variances, rtol=1e-12)
    np.testing.assert_allclose(found.directions, expected.directions, atol=1e-12)
    assert np.array_equal(found.mean, expected.mean)
    assert found.null_dimension == expected.null_dimension
    assert found.directions.dtype == np.float64


@pytest.mark.parametrize("device", ["cuda:97", "toaster", "meta:x"])
def test_a_missing_device_is_refused_before_anything_is_measured(device: str) -> None:
    with pytest.raises(ValueError, match=f"device '{device}' cannot diagonalise in float64: "):
        principal_subspace(Moments(3), device=device)


def test_without_a_device_torch_is_not_loaded() -> None:
    assert subprocess.run([sys.executable, "-c", NO_TORCH], check=False).returncode == 0
