"""No file tells of one developer's machine or leaves work for later."""

import re
import subprocess

import pytest

from tests.repo.layout import ROOT

# Written so that this file does not match itself.
FORBIDDEN = {
    "machine path": re.compile(r"(?<![\w.$}\]*/-])/(?:[h]ome|[r]oot|[U]sers|[w]ork)/\w"),
    "registry host": re.compile(r"\b(?:[p]ypi\.org|[p]ythonhosted\.org|[n]pmjs\.(?:org|com))\b"),
    "note for later": re.compile(r"\b(?:[T]ODO|[F]IXME|[X]XX)\b"),
}


def texts() -> dict[str, str]:
    """Return the tracked and the new files that are text, by their path."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    found = {}
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if path.is_file():
            content = path.read_bytes()
            if b"\0" not in content:
                found[name] = content.decode("utf-8")
    return found


@pytest.mark.parametrize("kind", FORBIDDEN)
def test_no_file_holds(kind: str) -> None:
    pattern = FORBIDDEN[kind]

    found = [
        f"{name}:{number}: {line.strip()}"
        for name, text in texts().items()
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]

    assert found == []


@pytest.mark.parametrize(
    ("kind", "parts"),
    [
        ("machine path", ["see /ho", "me/someone/project"]),
        ("registry host", ["https://py", "pi.org/simple"]),
        ("note for later", ["# TO", "DO: later"]),
    ],
)
def test_pattern_finds(kind: str, parts: list[str]) -> None:
    assert FORBIDDEN[kind].search("".join(parts))


def test_files_are_found() -> None:
    assert "Makefile" in texts()
