"""Projects of users, for tests of what is packaged of them."""

import importlib
from pathlib import Path
from textwrap import dedent
from uuid import uuid4

ECHO = "def run(payload):\n    return payload\n"


class Project:
    """A user's project, whose modules can be imported.

    Args:
        directory: On the import path.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def module(self, source: str = ECHO, name: str | None = None) -> str:
        """Write a module and return its name, by default one that no other has."""
        name = name or f"handlers_{uuid4().hex[:8]}"
        file = self._directory / f"{name.replace('.', '/')}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(source))
        importlib.invalidate_caches()
        return name
