"""Measuring whole processes side by side, in turns, on a machine that may be noisy."""

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Sample:
    """One run of a variant: seconds of its work, and its process's peak memory in MiB."""

    seconds: float
    peak_mib: float


def report_work(work: Callable[[], object]) -> None:
    """Do the work of this process and print what it cost, for `run_variant` to read.

    Imports are done before: `bench_overhead` measures them.
    """
    started = time.perf_counter()
    work()
    seconds = time.perf_counter() - started
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak_mib": peak_mib}))


def run_variant(module: str, *arguments: str) -> Sample:
    """Run a variant in a fresh process and return what it reported."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        check=True,
        capture_output=True,
        text=True,
        env=environment(),
    )
    return Sample(**json.loads(done.stdout.splitlines()[-1]))


def environment() -> dict[str, str]:
    """Return the variables of a measured process, which keeps compiled modules as usual."""
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


def interleaved(
    module: str, variants: Sequence[Sequence[str]], *, rounds: int
) -> list[list[Sample]]:
    """Return `rounds` samples of every variant, run in turns after one warm-up each."""
    for arguments in variants:
        run_variant(module, *arguments)
    samples: list[list[Sample]] = [[] for _ in variants]
    for _ in range(rounds):
        for index, arguments in enumerate(variants):
            samples[index].append(run_variant(module, *arguments))
    return samples


def median_ratio(numerators: Sequence[float], denominators: Sequence[float]) -> float:
    """Return the median of the ratios, pair by pair."""
    return statistics.median(n / d for n, d in zip(numerators, denominators, strict=True))


def seconds(samples: Sequence[Sample]) -> list[float]:
    """Return the times of samples."""
    return [sample.seconds for sample in samples]


def peaks(samples: Sequence[Sample]) -> list[float]:
    """Return the peak memories of samples."""
    return [sample.peak_mib for sample in samples]


def table(title: str, rows: Sequence[tuple[str, str, str]]) -> None:
    """Print what was measured beside what was wanted."""
    print(f"\n{title}")
    width = max(len(name) for name, _, _ in rows)
    for name, measured, wanted in rows:
        print(f"  {name:<{width}}  {measured:>12}  {wanted}".rstrip())
