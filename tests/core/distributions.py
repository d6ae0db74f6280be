"""Real distributions in a directory, and fresh interpreters that see them."""

import os
import subprocess
import sys
from importlib.metadata import Distribution, EntryPoint, PathDistribution
from pathlib import Path
from textwrap import dedent


def write_distribution(
    directory: Path, name: str, source: str, *, entry: str | None = None, version: str = "1.0"
) -> Distribution:
    """Write an installed distribution with one module, registered as a plugin of Glacier.

    Args:
        directory: What plays site-packages.
        name: The distribution; its module has the same name, with underscores.
        source: The module's source.
        entry: The plugin's name; the distribution's where None.
        version: The distribution's version.
    """
    module = name.replace("-", "_")
    (directory / f"{module}.py").write_text(dedent(source), encoding="utf-8")
    info = directory / f"{module}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(f"[glacier]\n{entry or name} = {module}\n")
    return PathDistribution(info)


def entry_point(distribution: Distribution) -> EntryPoint:
    """Return the plugin that a distribution declares."""
    (point,) = distribution.entry_points
    return point


def run_python(source: str, *paths: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a fresh interpreter, with warnings as errors.

    Args:
        source: The program.
        *paths: Directories to import from, before all others.
        **environment: Variables to add.
    """
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", dedent(source)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            **environment,
        },
    )
