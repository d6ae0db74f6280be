"""Every script of `docs/examples` runs, and prints what it should."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

EXAMPLES = ROOT / "docs" / "examples"
PRINTED = {
    "any_platform.py": "the 3\nand 2\nbat 1\ncat 1\nhat 1\n",
    "daily_sales.py": (
        "land          SUCCEEDED\n"
        "load          SUCCEEDED\n"
        "clean         SUCCEEDED\n"
        "revenue_by    SUCCEEDED\n"
        "save          SUCCEEDED\n"
        "revenue_by#2  SUCCEEDED\n"
        "save#2        SUCCEEDED\n"
        "item,revenue\n"
        "milk,1.2\n"
        "tea,18.0\n"
    ),
}


@pytest.mark.parametrize("name", PRINTED)
def test_example_runs(name: str, tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / name)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.stderr == ""
    assert ran.stdout == PRINTED[name]


def test_every_example_is_run() -> None:
    assert {path.name for path in EXAMPLES.glob("*.py")} == PRINTED.keys()


def test_daily_sales_writes_both_reports_with_one_query(tmp_path: Path) -> None:
    planned = subprocess.run(
        [
            *(sys.executable, "-c", "from glacier.cli import main; main()"),
            *("plan", str(EXAMPLES / "daily_sales.py"), "-p", f"base_path={tmp_path}"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    (query,) = [line for line in planned.splitlines() if "by_shop" in line and "query" in line]
    assert "by_item" in query
    assert not (tmp_path / "lake").exists()
