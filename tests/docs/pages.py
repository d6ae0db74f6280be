"""The pages of the documentation, and the blocks in them."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("glacier-*/*.md"), *ROOT.glob("docs/**/*.md")])
TUTORIAL = ROOT / "docs" / "tutorial.md"
"""A page of files and commands, which `test_tutorial.py` does one after the other."""

DIRECTORY = "/srv/project"
"""Where pages say that their code runs."""

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path, language: str = "") -> list[str]:
    """Return the contents of a page's blocks of one language, in order."""
    found = _BLOCK.findall(page.read_text(encoding="utf-8"))
    return [content for name, content in found if name == language]


def block_that_starts(page: Path, language: str, start: str) -> str:
    """Return the one block of a page whose content starts with a text."""
    (found,) = (content for content in blocks(page, language) if content.startswith(start))
    return found
