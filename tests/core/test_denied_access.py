"""The cases that need an unreadable directory, run so that no directory is readable to root."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFORMANCE = Path(__file__).parents[1] / "conformance/test_local.py"
RIGHTS_OF_ROOT = "-dac_override,-dac_read_search"


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may read everything"
)
def test_denied_access_is_an_error_for_root_without_its_rights(tmp_path: Path) -> None:
    setpriv = shutil.which("setpriv")
    assert setpriv is not None, "setpriv is part of util-linux; run the tests as another user"
    tests = ["-m", "pytest", str(CONFORMANCE), "-k", "denied", f"--basetemp={tmp_path / 'denied'}"]

    done = subprocess.run(
        [
            setpriv,
            f"--bounding-set={RIGHTS_OF_ROOT}",
            f"--inh-caps={RIGHTS_OF_ROOT}",
            sys.executable,
            *tests,
            "-p",
            "no:cacheprovider",
        ],
        check=False,  # what failed is in the output
        capture_output=True,
        text=True,
        cwd=CONFORMANCE.parents[2],
    )

    assert "3 passed" in done.stdout, done.stdout
    assert "skipped" not in done.stdout
