"""The plugins that pages show, installed as they stand there, pass their tests."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, block_that_starts

PAGES = {
    "attic": ROOT / "README.md",
    "full": ROOT / "docs" / "how-to" / "test-without-a-cloud.md",
    "tsv": ROOT / "docs" / "how-to" / "write-a-format.md",
    "avro": ROOT / "docs" / "how-to" / "write-a-format.md",
}


@pytest.mark.parametrize("plugin", PAGES)
def test_plugin_of_a_page_passes_its_test(plugin: str, tmp_path: Path) -> None:
    page = PAGES[plugin]
    for name in (f"glacier_{plugin}.py", f"test_{plugin}.py"):
        source = block_that_starts(page, "python", f"# {name}\n")
        (tmp_path / name).write_text(source, encoding="utf-8")
    declared = block_that_starts(page, "toml", f"[project.entry-points.glacier]\n{plugin} = ")
    installed = tmp_path / f"glacier_{plugin}-1.0.dist-info"
    installed.mkdir()
    metadata = f"Metadata-Version: 2.1\nName: glacier-{plugin}\nVersion: 1\n"
    (installed / "METADATA").write_text(metadata)
    # The same entry points, in the form that an installer writes.
    points = declared.replace("[project.entry-points.glacier]", "[glacier]").replace('"', "")
    (installed / "entry_points.txt").write_text(points)

    ran = subprocess.run(
        [sys.executable, "-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout
    assert " passed" in ran.stdout
