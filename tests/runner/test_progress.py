"""The bar says what runs, what is done and what failed; it is silent where nobody looks."""

import io
from contextlib import redirect_stderr
from pathlib import Path

import pytest
from runner_toys import Toy, fails_on_three, squares

from analysis.runner import Store, run
from analysis.runner.executors import SerialExecutor
from analysis.runner.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_done_running_failed_and_the_time_left() -> None:
    terminal = Terminal()
    with redirect_stderr(terminal), Progress(4) as bar:
        bar.running([[Toy(0), Toy(1)], [Toy(2)]])
        bar.advance(2, failed=1)
    shown = terminal.getvalue()
    assert "3 running: Toy(number=0, seconds=0.0) and 1 more" in shown
    assert "1 failed; 3 running" in shown
    assert "2/4" in shown
    assert "<" in shown.rpartition("2/4")[2], "elapsed<left"


def test_a_run_shows_each_trial_before_it_starts_and_counts_failures(tmp_path: Path) -> None:
    terminal, seen = Terminal(), []

    def looks(toys: list[Toy]) -> list[dict[str, object]]:
        seen.append(f"1 running: {toys[0]}" in terminal.getvalue())
        return fails_on_three(toys)

    with redirect_stderr(terminal), pytest.raises(ExceptionGroup):
        run(looks, map(Toy, range(6)), Store(tmp_path), SerialExecutor())
    assert seen == [True] * 6
    assert "6/6" in terminal.getvalue()
    assert "1 failed" in terminal.getvalue()


@pytest.mark.parametrize("progress", [True, False])
def test_nothing_is_said_where_the_output_is_piped(
    progress: bool, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run(squares, map(Toy, range(3)), Store(tmp_path), SerialExecutor(), progress=progress)
    assert capsys.readouterr() == ("", "")


def test_a_terminal_is_silent_where_asked(tmp_path: Path) -> None:
    terminal = Terminal()
    with redirect_stderr(terminal):
        run(squares, map(Toy, range(3)), Store(tmp_path), SerialExecutor(), progress=False)
    assert terminal.getvalue() == ""


def test_a_notebook_shows_its_own_bar() -> None:
    """Its output is no terminal, and is looked at all the same."""
    from tqdm.notebook import tqdm_notebook

    with tqdm_notebook(total=3, disable=None, display=False) as bar:
        assert not bar.disable
