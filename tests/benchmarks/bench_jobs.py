"""What the protocol of jobs costs, on this machine and on Spark.

python -m tests.benchmarks.bench_jobs
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from glacier import Provider
from glacier.config import LocalConfig
from glacier.resources import Executor
from tests.benchmarks.job_variants import make_input
from tests.benchmarks.measure import environment, interleaved, median_ratio, seconds, table

LOCAL_ROUNDS = 9
SPARK_ROUNDS = 5


def answer() -> int:
    """Return a number: a job that does nothing by itself."""
    return 42


def timed_job(executor: Executor) -> float:
    """Return the seconds from a job's submission to its result."""
    started = time.perf_counter()
    job_id = executor.submit_job(answer)
    executor.wait(job_id)
    assert executor.get_job_result(job_id).value == 42
    return time.perf_counter() - started


def timed_import() -> float:
    """Return the seconds of a fresh process that imports Polars."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import polars"], check=True, env=environment())
    return time.perf_counter() - started


def bench_local(directory: Path) -> None:
    """Compare a job on this machine with a process that imports Polars."""
    executor = Provider(config=LocalConfig(base_path=directory)).executor("bench")
    timed_job(executor), timed_import()
    pairs = [(timed_job(executor), timed_import()) for _ in range(LOCAL_ROUNDS)]
    added = statistics.median(job - bare for job, bare in pairs)
    jobs, bare = (statistics.median(times) for times in zip(*pairs, strict=True))
    table(
        "A job on this machine",
        [
            ("import polars in a fresh process", f"{bare:.2f} s", ""),
            ("a function as a job", f"{jobs:.2f} s", ""),
            ("added by the protocol", f"{added:.2f} s", "at most 1.5 s"),
        ],
    )


def bench_spark(directory: Path) -> None:
    """Compare a task on Spark with a script that is submitted by hand."""
    make_input(directory)
    variants = [(name, str(directory)) for name in ("by-hand", "glacier")]
    by_hand, glacier = interleaved("tests.benchmarks.job_variants", variants, rounds=SPARK_ROUNDS)
    ratio = median_ratio(seconds(glacier), seconds(by_hand))
    table(
        "A job on Spark",
        [
            ("spark-submit by hand", f"{statistics.median(seconds(by_hand)):.2f} s", ""),
            ("a task of Glacier", f"{statistics.median(seconds(glacier)):.2f} s", ""),
            ("Glacier / by hand", f"{ratio:.2f}", "at most 1.10"),
        ],
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        bench_local(Path(name))
        bench_spark(Path(name))
