"""What a task costs by itself, and what importing Glacier costs.

python -m tests.benchmarks.bench_overhead
"""

import graphlib
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from glacier import pipeline, task
from tests.benchmarks.measure import environment, median_ratio, table

ROUNDS = 11
IMPORT_ROUNDS = 10
IMPORTS = {
    "polars": "import polars",
    "local": "from glacier import Provider, pipeline, task; from glacier.config import LocalConfig",
    "aws": "from glacier import Provider, pipeline, task; from glacier.config import AwsConfig",
}


@task
def trivial(value: int = 0) -> int:
    """Return the argument."""
    return value


@pipeline
def chain(count: int) -> Any:
    """Pass a number on from task to task."""
    value: Any = 0
    for _ in range(count):
        value = trivial(value)
    return value


@pipeline
def fan_out(count: int) -> None:
    """Give one number to many tasks."""
    first: Any = trivial(0)
    for _ in range(count - 1):
        trivial(first)


def bare_graphlib(count: int) -> None:
    """Build and run a chain with the standard library alone."""
    sorter = graphlib.TopologicalSorter({i: {i - 1} if i else set() for i in range(count)})
    sorter.prepare()
    results = {}
    while sorter.is_active():
        for index in sorter.get_ready():
            results[index] = trivial.function(index)
            sorter.done(index)


def microseconds_per_task(work: Callable[[], object], count: int) -> list[float]:
    """Return the time a task takes, in every round."""
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        times.append((time.perf_counter() - started) / count * 1e6)
    return times


def import_times() -> dict[str, list[float]]:
    """Return the seconds that cold processes need to import, in turns."""
    times: dict[str, list[float]] = {name: [] for name in IMPORTS}
    for turn in range(IMPORT_ROUNDS + 1):
        for name, statement in IMPORTS.items():
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", statement], check=True, env=environment())
            if turn:
                times[name].append(time.perf_counter() - started)
    return times


def main() -> None:
    """Measure and print."""
    rows = []
    for count in (1_000, 10_000):
        for name, work in {
            "graphlib": lambda count=count: bare_graphlib(count),
            "chain": lambda count=count: chain.run(count=count),
            "fan-out": lambda count=count: fan_out.run(count=count),
        }.items():
            median = statistics.median(microseconds_per_task(work, count))
            rows.append(
                (
                    f"{name} of {count:,}",
                    f"{median:.1f} µs",
                    "" if name == "graphlib" else "at most 15",
                )
            )
    table(f"Build and run, per trivial task, median of {ROUNDS}", rows)
    times = import_times()
    table(
        f"Import in a cold process, median of {IMPORT_ROUNDS} pairs",
        [
            ("import polars", f"{statistics.median(times['polars']):.3f} s", ""),
            (
                "with LocalConfig",
                f"{median_ratio(times['local'], times['polars']):.2f}",
                "at most 1.5",
            ),
            ("with AwsConfig", f"{median_ratio(times['aws'], times['polars']):.2f}", "at most 1.8"),
        ],
    )


if __name__ == "__main__":
    main()
