"""What is required, what is pinned and what conda installs say the same."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml  # jupyterlab brings it
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def direct_requirements() -> dict[str, Requirement]:
    """Of the package and of every extra, by name."""
    texts = [*PROJECT["dependencies"], *(text for extra in PROJECT["optional-dependencies"].values() for text in extra)]
    return {canonicalize_name(Requirement(text).name): Requirement(text) for text in texts}


def pins() -> dict[str, str]:
    """Name to version, as constraints.txt fixes them."""
    lines = [line.partition("#")[0].strip() for line in (ROOT / "constraints.txt").read_text().splitlines()]
    found = [Requirement(line) for line in lines if line]
    assert all([each.operator for each in pin.specifier] == ["=="] for pin in found)
    return {canonicalize_name(pin.name): next(iter(pin.specifier)).version for pin in found}


def lowest(range_: str) -> str:
    (version,) = [each.version for each in SpecifierSet(range_) if each.operator == ">="]
    return version


@pytest.fixture(scope="module")
def environment() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "environment.yml").read_text())
    return loaded


@pytest.mark.parametrize("name", direct_requirements())
def test_every_direct_dependency_is_pinned_inside_its_range(name: str) -> None:
    assert name in pins()
    assert direct_requirements()[name].specifier.contains(pins()[name])


@pytest.mark.parametrize("name", pins())
def test_nothing_is_pinned_that_nobody_asks_for(name: str) -> None:
    assert name in direct_requirements()


@pytest.mark.parametrize("name", direct_requirements())
def test_requirements_are_ranges(name: str) -> None:
    """A library that is fixed to one version cannot be installed beside others."""
    operators = {each.operator for each in direct_requirements()[name].specifier}
    assert operators <= {">=", "<", "!="}


def test_torch_is_a_range_and_its_pin_the_recorded_version() -> None:
    assert str(direct_requirements()["torch"].specifier) == ">=2.11"
    assert pins()["torch"] == "2.13.0"


def test_the_licence_is_mit() -> None:
    assert PROJECT["license"] == "MIT"
    assert "MIT License" in (ROOT / "LICENSE").read_text()
    assert PROJECT["license-files"] == ["LICENSE"]


def test_development_tools_are_an_extra() -> None:
    base = {canonicalize_name(Requirement(text).name) for text in PROJECT["dependencies"]}
    assert base.isdisjoint({"pytest", "ruff", "mypy", "hypothesis", "dask", "submitit"})
    assert {"pyarrow", "pillow", "pooch"} <= base  # what the data formats need


def test_conda_brings_python_and_pip_and_leaves_the_rest_to_pip(environment: dict[str, Any]) -> None:
    plain = [Requirement(each).name for each in environment["dependencies"] if isinstance(each, str)]
    (nested,) = [each for each in environment["dependencies"] if isinstance(each, dict)]
    assert sorted(plain) == ["pip", "python"]
    assert nested == {"pip": ["-c constraints.txt", "-e ."]}
    assert "channels" not in environment  # the user's own


def test_conda_s_python_is_the_required_one(environment: dict[str, Any]) -> None:
    texts = [each for each in environment["dependencies"] if isinstance(each, str)]
    (python,) = [Requirement(each) for each in texts if Requirement(each).name == "python"]
    assert lowest(str(python.specifier)) == lowest(PROJECT["requires-python"])


def test_the_command_is_the_module() -> None:
    assert PROJECT["scripts"] == {"analysis": "analysis.cli:main"}
