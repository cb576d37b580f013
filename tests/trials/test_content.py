"""A record must agree with the content of the data, wherever that lies."""

from pathlib import Path

import numpy as np

from analysis.trials import content


def write(path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    images, labels = rng.integers(256, size=(12, 4, 4, 1), dtype=np.uint8), np.arange(12) % 2
    np.savez(path, x_train=images, y_train=labels, x_test=images[:4], y_test=labels[:4])


def test_content_follows_the_pixels_and_not_the_place(tmp_path: Path) -> None:
    for place, seed in (("a", 0), ("b", 0), ("c", 1)):
        (tmp_path / place).mkdir()
        write(tmp_path / place / "toy.npz", seed)
    one, same, other = (content("toy", tmp_path / place) for place in "abc")
    assert one.keys() == {"data"}
    assert one == same != other
