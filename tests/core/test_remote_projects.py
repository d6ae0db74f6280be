"""Projects as users have them: tasks in a package, the pipeline in a script, run from anywhere."""

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

FILES = {
    "project/sales/__init__.py": "",
    "project/sales/config.py": """
        import os
        from glacier import Provider
        from glacier.config import LocalConfig

        provider = Provider(config=LocalConfig(base_path=os.environ["LAKE"]))
        far = provider.executor("far")
    """,
    "project/sales/rules/__init__.py": "",
    "project/sales/rules/prices.py": """
        FACTOR = 10

        def raised(number):
            return number * FACTOR
    """,
    "project/sales/tasks.py": """
        import os
        from typing import TYPE_CHECKING

        import polars as pl
        from glacier import task
        from sales.config import far

        if TYPE_CHECKING:
            import narwhals as nw

        @task(executor=far)
        def numbers() -> pl.LazyFrame:
            from sales.rules import prices

            return pl.LazyFrame({"n": [prices.raised(1), prices.raised(2)], "pid": os.getpid()})

        @task(executor=far)
        def doubled(frame: "nw.LazyFrame") -> "nw.LazyFrame":
            import narwhals as nw
            from .rules.prices import FACTOR

            assert isinstance(frame, nw.LazyFrame)
            return frame.with_columns(nw.col("n") * 2, factor=nw.lit(FACTOR))
    """,
    "project/flat.py": """
        ADDED = 1
    """,
    "project/main.py": """
        import os
        from dataclasses import dataclass

        import polars as pl
        from glacier import pipeline, task
        from sales.config import far
        from sales.tasks import doubled, numbers

        @dataclass
        class Report:
            total: int
            pids: list[int]

        @task(executor=far)
        def report(frame: pl.DataFrame) -> Report:
            import flat

            return Report(frame["n"].sum() + flat.ADDED, frame["pid"].unique().to_list())

        @pipeline
        def reporting():
            return report(doubled(numbers()))

        if __name__ == "__main__":
            with reporting.run() as run:
                assert type(run.result) is Report
                assert os.getpid() not in run.result.pids
                print(run.result.total, len(run.result.pids), len(run.jobs))
    """,
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, source in FILES.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(source), encoding="utf-8")
    return tmp_path / "project"


def test_project_runs_from_another_directory(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setenv("LAKE", str(tmp_path / "data"))

    ran = subprocess.run(
        [sys.executable, "-W", "error", str(project / "main.py")],
        cwd=elsewhere,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert ran.stderr == ""
    assert ran.stdout == "61 1 1\n"
    assert list(elsewhere.iterdir()) == []


def test_module_that_is_no_script_may_hold_the_pipeline(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKE", str(tmp_path / "data"))

    ran = subprocess.run(
        [sys.executable, "-c", "import main; print(main.reporting.run().result.total)"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert ran.stderr == ""
    assert ran.stdout == "61\n"
