"""A fresh virtual environment, which has what it was told to install and no more.

Wheels of this tree's distributions are built and installed by uv. What they require is not
fetched: it is linked to from this environment, so that no network is needed.
"""

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.repo.layout import ROOT
from tests.rigs.python_image import make_image

INHERITED = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE")


class FreshPython:
    """A virtual environment in a new directory.

    Args:
        directory: Where it is made, with the wheels beside it.
        requirements: What it has from the start, with all that these need.
    """

    def __init__(self, directory: Path, requirements: Iterable[str]) -> None:
        self._directory = directory
        _uv("venv", "--python", sys.executable, str(self._environment))
        (site,) = self._environment.glob("lib/python*/site-packages")
        make_image(site, requirements)

    @property
    def _environment(self) -> Path:
        return self._directory / "environment"

    def install(self, source: Path) -> None:
        """Build a distribution's wheel, and install it as it is."""
        wheels = self._directory / "wheels"
        build = ("build", "--wheel", "--no-build-isolation", "--python", sys.executable)
        _uv(*build, "--out-dir", str(wheels), str(source))
        name = source.name.replace("-", "_")
        (wheel,) = wheels.glob(f"{name}-*.whl")
        python = str(self._environment / "bin" / "python")
        _uv("pip", "install", "--python", python, "--no-deps", "--no-index", str(wheel))

    def run(self, *command: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run one of its commands, as if nothing else were installed."""
        kept = {name: value for name, value in os.environ.items() if name not in INHERITED}
        return subprocess.run(
            [str(self._environment / "bin" / command[0]), *command[1:]],
            cwd=cwd,
            env={**kept, **environment},
            capture_output=True,
            text=True,
            check=False,
        )


def core_requirements(*extras: str) -> list[str]:
    """Return what `glacier-core` requires, with the packages of some extras."""
    from tests.repo.layout import project

    table = project(ROOT / "glacier-core")
    optional = table["optional-dependencies"]
    return [*table["dependencies"], *(line for extra in extras for line in optional[extra])]


def _uv(*arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "uv", "--offline", "--quiet", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"uv {arguments[0]} failed: {done.stderr}")
