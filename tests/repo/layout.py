"""Where the parts of the repository are."""

import tomllib
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements.lock"


def read_toml(path: Path) -> dict[str, Any]:  # Any: what a TOML file holds
    return tomllib.loads(path.read_text(encoding="utf-8"))


def distributions() -> list[Path]:
    members = read_toml(ROOT / "pyproject.toml")["tool"]["uv"]["workspace"]["members"]
    return [ROOT / member for member in members]


def project(distribution: Path) -> dict[str, Any]:  # Any: as above
    table: dict[str, Any] = read_toml(distribution / "pyproject.toml")["project"]
    return table


def requirements(distribution: Path) -> list[Requirement]:
    """Return all that a distribution declares, extras included."""
    table = project(distribution)
    lines = list(table["dependencies"])
    for extra in table.get("optional-dependencies", {}).values():
        lines += extra
    return [Requirement(line) for line in lines]


def package(distribution: Path) -> Path:
    """Return the distribution's one import package."""
    (found,) = (
        path
        for path in (distribution / "src").iterdir()
        if (path / "hooks.py").exists() or path.name == "glacier"
    )
    return found
