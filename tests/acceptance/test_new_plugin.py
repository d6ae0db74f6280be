"""What `glacier new-plugin` writes, installed where nothing else is, works at once."""

from pathlib import Path

import pytest

from tests.repo.layout import ROOT
from tests.rigs.fresh_python import FreshPython, core_requirements


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> FreshPython:
    """A Python that has glacier-core by its wheel, and no plugin."""
    fresh = FreshPython(tmp_path_factory.mktemp("fresh"), core_requirements("testing", "demo"))
    fresh.install(ROOT / "glacier-core")
    return fresh


@pytest.fixture(scope="module")
def plugin(python: FreshPython, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a new plugin, written by the command and installed by its wheel."""
    directory = tmp_path_factory.mktemp("plugins")
    written = python.run("glacier", "new-plugin", "attic", cwd=directory)
    assert written.returncode == 0, written.stderr
    python.install(directory / "glacier-attic")
    return directory / "glacier-attic"


def test_new_plugin_passes_its_own_tests(python: FreshPython, plugin: Path) -> None:
    ran = python.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=plugin)

    assert ran.returncode == 0, ran.stdout
    assert " passed" in ran.stdout


def test_config_of_a_new_plugin_is_found(python: FreshPython, plugin: Path, tmp_path: Path) -> None:
    program = """
from glacier import Provider
from glacier.config import AtticConfig
import glacier_attic

print(Provider.from_env().config == AtticConfig(directory="store"), glacier_attic.__file__)
"""

    ran = python.run("python", "-W", "error", "-c", program, cwd=tmp_path, ATTIC_DIRECTORY="store")

    assert ran.stderr == ""
    assert ran.stdout.startswith("True ")
    assert "site-packages" in ran.stdout


def test_new_plugin_is_listed(python: FreshPython, plugin: Path, tmp_path: Path) -> None:
    ran = python.run("glacier", "plugins", cwd=tmp_path)

    told = " ".join(ran.stdout.split())
    assert ran.returncode == 0
    assert "attic glacier-attic 0.1.0" in told
    assert "configs: AtticConfig, AtticBucketConfig" in told
    assert "adapters: Bucket with AtticConfig" in told


def test_name_of_a_new_plugin_is_taken_from_then_on(
    python: FreshPython, plugin: Path, tmp_path: Path
) -> None:
    ran = python.run("glacier", "new-plugin", "attic", cwd=tmp_path)

    assert ran.returncode == 2
    assert "glacier-attic is installed here" in ran.stderr
    assert list(tmp_path.glob("glacier-*")) == []


def test_example_of_a_third_partys_plugin_runs(
    python: FreshPython, plugin: Path, tmp_path: Path
) -> None:
    example = str(ROOT / "docs" / "examples" / "third_party_plugin.py")

    ran = python.run("python", "-W", "error", example, cwd=tmp_path)

    lines = [" ".join(line.split()) for line in ran.stdout.splitlines()]
    assert ran.stderr == ""
    assert "attic glacier-attic 0.1.0" in lines
    assert "month 1: 27,004 flights, 521 of them cancelled" in lines
    assert lines[-2] == f"6 files in {(tmp_path / 'data/recent/flights').as_uri()}/"
    assert lines[-1] == f"6 files in attic:/{tmp_path}/attic/archive/flights/"
