"""A record says which software made it, and admits to changed files."""

import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest

from analysis.trials import provenance


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose package ``analysis`` has one commit; the module believes that it lies there."""
    for name in ("analysis/__init__.py", "analysis/trials/provenance.py", "notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    git(tmp_path, "init", "--quiet")
    monkeypatch.setattr(provenance, "__file__", str(tmp_path / "analysis" / "trials" / "provenance.py"))
    return tmp_path


def git(folder: Path, *arguments: str) -> str:
    """Under a name of its own, and deaf to whatever the machine configures."""
    author = ("-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")
    command = ["git", "-C", str(folder), *author, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def commit(folder: Path) -> str:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--no-verify", "--message", "all")
    return git(folder, "rev-parse", "--short=12", "HEAD")


def test_versions_are_those_that_are_installed() -> None:
    software = provenance.software()
    assert software["package"] == version("robust-classification-analysis")
    for library in provenance.LIBRARIES:
        assert software[library] == version(library)


def test_a_clean_checkout_is_named_by_its_commit(checkout: Path) -> None:
    name = commit(checkout)
    assert len(name) == 12
    assert provenance._commit() == name


def test_changed_files_of_the_package_are_admitted(checkout: Path) -> None:
    name = commit(checkout)
    (checkout / "analysis" / "__init__.py").write_text("changed")
    assert provenance._commit() == f"{name}-dirty"


def test_changed_files_elsewhere_do_not_matter(checkout: Path) -> None:
    name = commit(checkout)
    (checkout / "notes.txt").write_text("changed")
    assert provenance._commit() == name


def test_without_a_commit_there_is_none(checkout: Path) -> None:
    assert provenance._commit() is None


def test_a_copy_inside_somebody_else_s_repository_has_no_commit(checkout: Path) -> None:
    (checkout / ".gitignore").write_text("analysis")
    commit(checkout)
    assert provenance._commit() is None


def test_outside_of_git_there_is_no_commit(checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    (checkout / ".git").rename(checkout / "not-git")
    assert provenance._commit() is None


def test_without_git_there_is_no_commit(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(checkout)
    monkeypatch.setenv("PATH", "")
    assert provenance._commit() is None


def test_the_processor_has_a_name() -> None:
    assert provenance.processor()
