"""What the tests of Spark jobs share."""

import subprocess
from pathlib import Path

from glacier import Executor, Provider
from glacier.config import LocalConfig, SparkConfig


def spark_executor(base_path: Path, config: SparkConfig) -> Executor:
    return Provider(config=LocalConfig(base_path=base_path)).executor("spark", config=config)


def jobs_directory(base_path: Path) -> Path:
    """Return where the jobs of `spark_executor` lie."""
    return base_path / ".glacier" / "jobs" / "spark"


def is_alive(process_id: int) -> bool:
    """Return whether a process runs; one that only waits to be reaped does not."""
    command = ["ps", "-o", "stat=", "-p", str(process_id)]
    state = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    return bool(state) and not state.startswith("Z")
