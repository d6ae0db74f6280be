"""What the how-to pages show beside Python is so."""

import re
from pathlib import Path

import pytest

from glacier.testing import BucketCases
from tests.core.cli_project import invoke
from tests.docs.pages import ROOT, block_that_starts

PAGE = ROOT / "docs" / "how-to" / "write-an-adapter.md"


def test_files_of_a_new_plugin_are_those_of_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    command = block_that_starts(PAGE, "sh", "glacier new-plugin").split()

    result = invoke(*command[1:])

    assert result.stdout == block_that_starts(PAGE, "", "glacier-attic/")


def test_gaps_of_the_page_name_tests_of_the_kit() -> None:
    (named,) = re.findall(r'known_gaps = \{\s*"(\w+)\[', PAGE.read_text(encoding="utf-8"))

    assert named in dir(BucketCases)
