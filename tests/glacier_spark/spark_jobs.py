"""What the tests of Spark jobs share."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

from glacier import Executor, Provider
from glacier.config import LocalConfig, SparkConfig
from glacier.job_status import JobStatus

LIMIT_SECONDS = 180.0


def spark_executor(base_path: Path, config: SparkConfig) -> Executor:
    return Provider(config=LocalConfig(base_path=base_path)).executor("spark", config=config)


def jobs_directory(base_path: Path) -> Path:
    """Return where the jobs of `spark_executor` lie."""
    return base_path / ".glacier" / "jobs" / "spark"


def written(directory: Path, source: str, name: str = "job.py") -> str:
    script = directory / name
    script.write_text(dedent(source), encoding="utf-8")
    return str(script)


def ended(executor: Executor, job: object) -> tuple[JobStatus, str]:
    """Run a job to its end and return its state and its logs."""
    job_id = executor.submit_job(job)
    status = executor.wait(job_id, timeout_seconds=LIMIT_SECONDS)
    return status, executor.get_job_logs(job_id)


def until(condition: Callable[[], bool], limit_seconds: float = LIMIT_SECONDS) -> bool:
    """Return whether a condition comes true in time."""
    deadline = time.monotonic() + limit_seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def is_alive(process_id: int) -> bool:
    """Return whether a process runs; one that only waits to be reaped does not."""
    command = ["ps", "-o", "stat=", "-p", str(process_id)]
    state = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    return bool(state) and not state.startswith("Z")
