"""Which cards there are is asked of the environment, then of the driver's own tool."""

from pathlib import Path

import pytest

from analysis.runner import executors
from analysis.runner.graphics import ask_driver, graphics_cards


def nobody() -> str:
    raise AssertionError("the driver was asked")


@pytest.mark.parametrize(
    ("visible", "cards"),
    [("0", ["0"]), ("0,3", ["0", "3"]), ("a, b", ["a", "b"]), ("", []), ("-1", [])],
)
def test_the_environment_decides_where_it_says_something(visible: str, cards: list[str]) -> None:
    assert graphics_cards({"CUDA_VISIBLE_DEVICES": visible}, nobody) == cards


@pytest.mark.parametrize(("answer", "cards"), [("", []), ("GPU-a\n", ["GPU-a"]), ("a\nb\n", ["a", "b"])])
def test_else_the_driver_is_asked(answer: str, cards: list[str]) -> None:
    assert graphics_cards({}, lambda: answer) == cards


@pytest.mark.parametrize(("script", "answer"), [("echo GPU-a", "GPU-a\n"), ("echo no driver; exit 9", ""), (None, "")])
def test_the_driver_s_tool_is_believed_when_it_succeeds(
    script: str | None, answer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if script is not None:
        tool = tmp_path / "nvidia-smi"
        tool.write_text(f"#!/bin/sh\n{script}\n")
        tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert ask_driver() == answer


@pytest.mark.parametrize(
    ("name", "device", "workers"),
    [
        ("processes", None, 3),
        ("processes", "cuda", 3),
        ("processes:2", None, 2),
        ("processes", "cuda:1", 1),
        ("processes:4", "cpu", 4),
    ],
)
def test_workers_are_spread_over_the_cards_unless_they_use_another_device(
    name: str, device: str | None, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executors, "graphics_cards", lambda: ["0", "1", "2"])
    made: list[int] = []
    monkeypatch.setattr(executors, "processes", lambda count, cards=(): made.append(count or len(cards)))
    executors.executor(name, device)
    assert made == [workers]


def test_asking_needs_no_card() -> None:
    assert isinstance(graphics_cards(), list)
