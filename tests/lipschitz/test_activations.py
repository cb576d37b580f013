"""MaxMin sorts neighbouring pairs and loses nothing."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from analysis.lipschitz import MaxMin


@given(st.integers(0, 99), st.integers(1, 5), st.lists(st.integers(1, 3), max_size=2))
def test_maxmin_permutes_each_pair_of_channels(seed: int, pairs: int, sides: list[int]) -> None:
    x = torch.randn(3, 2 * pairs, *sides, generator=torch.Generator().manual_seed(seed))
    y = MaxMin()(x)
    first, second = y[:, ::2], y[:, 1::2]
    assert (first >= second).all()
    assert torch.equal(y.unflatten(1, (-1, 2)), x.unflatten(1, (-1, 2)).sort(dim=2, descending=True).values)
    torch.testing.assert_close(y.flatten(1).norm(dim=1), x.flatten(1).norm(dim=1))
    assert torch.equal(MaxMin()(y), y)


def test_the_jacobian_of_maxmin_is_a_permutation() -> None:
    x = torch.randn(8)
    jacobian = torch.autograd.functional.jacobian(lambda single: MaxMin()(single[None])[0], x)
    assert set(jacobian.unique().tolist()) == {0.0, 1.0}
    assert torch.equal(jacobian @ jacobian.T, torch.eye(8))


@pytest.mark.parametrize("channels", [1, 5])
def test_an_odd_number_of_channels_is_refused(channels: int) -> None:
    with pytest.raises(ValueError, match=f"even number of channels, got {channels}"):
        MaxMin()(torch.zeros(2, channels, 4, 4))
