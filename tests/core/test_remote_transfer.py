"""No row of shared storage goes through the process that calls for a job."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from glacier import Executor, Provider, pipeline, task
from tests.core.ranges import RangeServer

ROWS = 2_500_000
FOOTERS_BYTES = 1 << 20

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="/proc says whose socket a connection is"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RangeServer]:
    """A store that holds 20 MB of numbers that can't be compressed."""
    file = tmp_path_factory.mktemp("store") / "data.parquet"
    numbers = pl.int_range(ROWS, eager=True).hash().rename("n")
    numbers.to_frame().write_parquet(file, compression="uncompressed", row_group_size=250_000)
    with RangeServer(file) as made:
        yield made


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reach the store of this machine without a detour."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")


@task
def load(url: str) -> pl.LazyFrame:
    return pl.scan_parquet(url)


@task
def narrow(frame: pl.LazyFrame) -> pl.LazyFrame:
    return frame.filter(pl.col("n") % 2 == 0)


def test_job_reads_shared_storage_itself(far: Executor, server: RangeServer) -> None:
    server.sent.clear()

    @task(executor=far)
    def even(frame: pl.LazyFrame) -> pl.LazyFrame:
        return frame.select(pl.len(), pl.col("n").bitwise_xor())

    @pipeline
    def counting() -> Any:
        return even(narrow(load(server.url)))

    with counting.run() as run:
        count, _ = run.result.collect().row(0)

    assert ROWS * 0.4 < count < ROWS * 0.6
    assert server.sent["caller"] <= FOOTERS_BYTES
    assert server.sent["job"] >= 8 * ROWS


def test_large_result_goes_from_the_job_to_its_target(
    far: Executor, server: RangeServer, provider: Provider, base_path: Path
) -> None:
    server.sent.clear()
    target = provider.bucket("lake", path="copy.parquet")

    @task(executor=far)
    def copy(frame: pl.LazyFrame) -> None:
        target.write(frame)

    @pipeline
    def copying() -> None:
        copy(load(server.url))

    copying.run()

    assert target.scan().select(pl.len()).collect().item() == ROWS
    assert server.sent["caller"] <= FOOTERS_BYTES


def test_task_of_this_process_reads_here(server: RangeServer) -> None:
    server.sent.clear()

    @task
    def count(frame: pl.LazyFrame) -> int:
        return frame.select(pl.col("n").max()).collect().height

    @pipeline
    def counting() -> Any:
        return count(load(server.url))

    run = counting.run()

    assert run.result == 1
    assert server.sent["caller"] >= 8 * ROWS
    assert server.sent["job"] == 0
