"""A process that forks writers to a store, and kills them as it is told.

Started as a script with a bucket's name, and with the standard variables of the store's platform;
every line on its standard input is the moment of a kill in seconds and a first version, and is
answered by a line. Polars can be forked as long as it has run no query, so that many writers cost
few imports.
"""

import contextlib
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl

from glacier import Provider

ROOT = Path(__file__).resolve().parents[2]

ROWS = 1_100_000
"""A file of so many rows has two parts."""

PARTS = 4
FILE = "over.parquet"
DATASET = "over/"


def rows(version: int) -> pl.LazyFrame:
    """Return the rows of a version; their `part` is 0 but for a few, so that files differ."""
    number = pl.int_range(ROWS)
    part = pl.when(number < 1000).then(number % PARTS).otherwise(0)
    return pl.select(version=pl.repeat(version, ROWS), part=part, noise=number.hash(version)).lazy()


def write(provider: Provider, bucket_name: str, version: int) -> None:
    """Write a version to the object, and to the dataset."""
    provider.bucket(bucket_name, FILE).write(rows(version))
    provider.bucket(bucket_name, DATASET).write(rows(version), partition_by="part")


class Writers:
    """The tests' side: a started process that kills writers.

    Args:
        environment: The variables of the platform.
        bucket_name: Where they write.
    """

    def __init__(self, environment: Mapping[str, str], bucket_name: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__)), bucket_name],
            cwd=ROOT,
            env={**os.environ, **environment, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def kill(self, after_seconds: float, first: int) -> None:
        """Have a writer write versions from `first` on, and be killed some time after it began."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(after_seconds, first, file=self._process.stdin, flush=True)
        assert self._process.stdout.readline() == "killed\n"

    def close(self) -> None:
        """End the process."""
        with self._process as process:
            assert process.stdin is not None
            process.stdin.close()


@contextlib.contextmanager
def started(environment: Mapping[str, str], bucket_name: str) -> Iterator[Writers]:
    """Start a process of writers, and end it afterwards."""
    writers = Writers(environment, bucket_name)
    try:
        yield writers
    finally:
        writers.close()


def _kill(bucket_name: str, after_seconds: float, first: int) -> None:
    reader, writer = os.pipe()
    process = os.fork()
    if not process:
        try:
            provider = Provider.from_env()
            provider.bucket(bucket_name, FILE).exists()  # its client is made
            os.write(writer, b".")
            for version in range(first, first + 1000):
                write(provider, bucket_name, version)
        finally:
            os._exit(0)
    os.read(reader, 1)
    select.select([], [], [], after_seconds)  # the moment is what this is about
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    os.close(reader)
    os.close(writer)


def _serve(bucket_name: str) -> None:
    for line in sys.stdin:
        after_seconds, first = line.split()
        _kill(bucket_name, float(after_seconds), int(first))
        print("killed", flush=True)


if __name__ == "__main__":
    _serve(sys.argv[1])
