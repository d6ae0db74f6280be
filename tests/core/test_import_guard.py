"""Modules that act when they are imported do so once, and not in every job again."""

import os
import subprocess
import sys
from pathlib import Path

FLOW = """
import polars as pl
from glacier import Provider, pipeline, task
from glacier.config import LocalConfig

provider = Provider(config=LocalConfig(base_path="data"))
with open("imports.txt", "a") as file:
    file.write("imported\\n")

@task(executor=provider.executor("far"))
def one() -> int:
    return 1

@pipeline
def ones() -> int:
    return one()

"""


def imported(directory: Path, last_line: str) -> tuple[str, int]:
    """Import a module that ends in a line; return what is told, and how often it was imported."""
    (directory / "flow.py").write_text(FLOW + last_line, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", "import flow"],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(directory)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    count = (directory / "imports.txt").read_text(encoding="utf-8").count("imported")
    return done.stdout + done.stderr, count


def test_pipeline_that_runs_at_import_is_refused_in_its_own_job(tmp_path: Path) -> None:
    told, imports = imported(tmp_path, "ones.run()")

    assert "A module would run Pipeline('ones') while a job imports it" in told
    assert '__name__ == "__main__":' in told
    assert imports == 2  # by its caller, and by the one job


def test_job_that_is_submitted_at_import_is_refused_in_its_own_job(tmp_path: Path) -> None:
    line = "far = provider.executor('far'); i = far.submit_job(one); far.wait(i)\n"
    told, imports = imported(tmp_path, line + "print(far.get_job_result(i).value)")

    assert "A module would submit a job to Executor('far') while a job imports it" in told
    assert imports == 2


def test_write_at_import_is_refused_in_a_job(tmp_path: Path) -> None:
    write = "provider.bucket('lake', 'x.parquet').write(pl.DataFrame({'n': [1]}))\n"
    guarded = "if not __import__('os').environ.get('GLACIER_SCRATCH'):\n    ones.run()"
    told, imports = imported(tmp_path, write + guarded)

    assert "A module would write to Bucket('lake', path='x.parquet') while a job" in told
    assert imports == 2
