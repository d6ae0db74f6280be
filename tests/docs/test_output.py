"""What pages show as printed is what their code prints.

A `text` block is all that the Python block before it prints, run in the directory
`/srv/project`.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from unittest import SkipTest

import pytest
from sybil import Document, Example
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser, SkipParser

from tests.docs.pages import DIRECTORY, PAGES, ROOT, TUTORIAL, block_that_starts, blocks

WITH_OUTPUT = [page for page in PAGES if blocks(page, "text") and page != TUTORIAL]


def parse(page: Path, shown: list[str]) -> Document:
    """Return a page whose `text` blocks, when evaluated, are added to `shown`."""

    def note(example: Example) -> None:
        shown.append(str(example.parsed))

    return Document.parse(
        str(page), PythonCodeBlockParser(), CodeBlockParser("text", note), SkipParser()
    )


@pytest.mark.parametrize(
    "page", [pytest.param(p, id=str(p.relative_to(ROOT))) for p in WITH_OUTPUT]
)
def test_output_shown_is_what_is_printed(
    page: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shown: list[str] = []
    document = parse(page, shown)
    script = ModuleType("__main__")
    document.namespace = script.__dict__
    monkeypatch.setitem(sys.modules, "__main__", script)
    monkeypatch.chdir(tmp_path)

    printed = ""
    for example in document.examples():
        try:
            example.evaluate()
        except SkipTest:
            continue
        now = capsys.readouterr().out.replace(str(tmp_path), DIRECTORY)
        if shown:
            assert shown.pop() == printed, f"{page.name}, line {example.line}"
        printed = now


def test_demo_prints_what_the_readme_shows(tmp_path: Path) -> None:
    shown = block_that_starts(ROOT / "README.md", "", "SUCCEEDED  flight_report")

    printed = subprocess.run(
        [sys.executable, "-c", "from glacier.cli import main; main()", "demo"],
        cwd=tmp_path,
        env={**os.environ, "COLUMNS": "500"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.replace(str(tmp_path), DIRECTORY)

    assert [line for line in alike(shown) if line not in alike(printed)] == []


def alike(text: str) -> list[str]:
    """Return the lines of a text without what differs from run to run."""
    lines = re.sub(r"[\d.]+ s\b", "TIME", text).splitlines()
    return [" ".join(line.split()) for line in lines]
