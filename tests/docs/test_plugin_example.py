"""The README's plugin, installed as it stands there, passes the conformance kit."""

import os
import subprocess
import sys
from pathlib import Path

from tests.docs.pages import ROOT, block_that_starts

README = ROOT / "README.md"


def test_plugin_of_the_readme_passes_its_conformance_test(tmp_path: Path) -> None:
    for name in ("glacier_attic.py", "test_attic.py"):
        source = block_that_starts(README, "python", f"# {name}\n")
        (tmp_path / name).write_text(source, encoding="utf-8")
    declared = block_that_starts(README, "toml", "[project.entry-points.glacier]\n")
    installed = tmp_path / "glacier_attic-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: glacier-attic\nVersion: 1\n")
    # The same entry points, in the form that an installer writes.
    points = declared.replace("[project.entry-points.glacier]", "[glacier]").replace('"', "")
    (installed / "entry_points.txt").write_text(points)

    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_attic.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout
    assert " passed" in ran.stdout
