"""What the page is made of comes with an installed Glacier."""

import subprocess
import sys
import zipfile
from pathlib import Path

CORE = Path(__file__).resolve().parents[2] / "glacier-core"


def test_wheel_holds_the_template_and_what_it_includes(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=CORE,
        check=True,
        capture_output=True,
    )

    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        names = set(opened.namelist())

    assert {f"glacier/report/templates/run.{kind}" for kind in ("css", "html", "js")} <= names
