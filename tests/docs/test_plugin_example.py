"""Plugins of the documentation, installed as they stand there, pass the tests beside them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, block_that_starts


@pytest.mark.parametrize(
    ("page", "plugin", "test"),
    [
        ("README.md", "glacier_attic", "test_attic"),
        ("docs/how-to/test-without-a-cloud.md", "full_disk", "test_full_disk"),
    ],
)
def test_plugin_of_a_page_passes_the_test_that_stands_there(
    page: str, plugin: str, test: str, tmp_path: Path
) -> None:
    for name in (f"{plugin}.py", f"{test}.py"):
        source = block_that_starts(ROOT / page, "python", f"# {name}\n")
        (tmp_path / name).write_text(source, encoding="utf-8")
    declared = block_that_starts(ROOT / page, "toml", "[project.entry-points.glacier]\n")
    installed = tmp_path / f"{plugin}-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {plugin}\nVersion: 1\n")
    # The same entry points, in the form that an installer writes.
    points = declared.replace("[project.entry-points.glacier]", "[glacier]").replace('"', "")
    (installed / "entry_points.txt").write_text(points)

    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"{test}.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout
    assert " passed" in ran.stdout
