"""Law 6 of the design: what is visible is whole, whatever ends a write."""

import random
import re
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from glacier import Bucket, Provider
from glacier.errors import ObjectExistsError, WriteError
from tests.core.writers import ROWS, Writers, rows, started

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the writers are forked")

KILLS = 100
SECONDS_OF_WATCH = 2


@pytest.fixture
def writers(base_path: Path) -> Iterator[Writers]:
    with started(base_path) as process:
        yield process


def is_whole(bucket: Bucket) -> bool:
    versions = bucket.scan().group_by("version").len().collect()
    return versions["len"].to_list() == [ROWS]


def leftovers(base_path: Path) -> list[Path]:
    """The stages of attempts, whoever made them."""
    return [path for path in base_path.glob(".glacier/stages/*/*") if path.name != "lock"]


def failing(count: int = 3_000_000) -> pl.LazyFrame:
    """Rows of which the very last can't be computed."""
    text = pl.when(pl.col("row") == count - 1).then(pl.lit("x")).otherwise(pl.lit("1"))
    return pl.LazyFrame().select(row=pl.int_range(count)).with_columns(one=text.cast(pl.Int64))


def watched(*paths: Path) -> Iterator[list[bytes | None]]:
    """Yield what files hold, again and again, until the watch is over."""
    deadline, pause = time.monotonic() + SECONDS_OF_WATCH, threading.Event()
    while time.monotonic() < deadline:
        yield [path.read_bytes() if path.exists() else None for path in paths]
        pause.wait(0.02)


def test_killed_writers_leave_whole_files_only(
    provider: Provider, base_path: Path, writers: Writers
) -> None:
    moments = random.Random(7)
    over = provider.bucket("b", "over.parquet")
    over.write(rows(0))
    unfinished = 0

    for kill in range(1, KILLS + 1):
        writers.order("kill", moments.uniform(0, 0.15), 1000 * kill)
        unfinished += bool(leftovers(base_path))

        assert is_whole(over)
        for path in provider.bucket("b").list():
            assert is_whole(provider.bucket("b", path)), path

        provider.bucket("b", "new/").delete()

    assert unfinished > KILLS / 10  # else no kill came at a moment that matters


def test_killed_writers_leave_nothing_to_be_seen(
    provider: Provider, base_path: Path, writers: Writers
) -> None:
    moments = random.Random(8)
    while not (leftovers(base_path) and provider.bucket("b").list()):
        writers.order("kill", moments.uniform(0, 0.1), 1)

    listed = provider.bucket("b").list()
    found = provider.bucket("b", "**/*.parquet").scan().select(pl.len()).collect().item()

    assert all(re.fullmatch(r"over\.parquet|new/\d+\.parquet", path) for path in listed)
    assert found == len(listed) * ROWS
    assert leftovers(base_path)


def test_leftovers_of_dead_writers_are_swept_by_the_next(
    provider: Provider, base_path: Path, writers: Writers
) -> None:
    moments = random.Random(9)
    while not leftovers(base_path):
        writers.order("kill", moments.uniform(0, 0.1), 1)

    provider.bucket("b", "other.parquet").write(rows(1))

    assert leftovers(base_path) == []


def test_failing_sinks_leave_the_old_files_and_do_so_seconds_later(
    provider: Provider, base_path: Path
) -> None:
    names = ["f.parquet", "f.csv", "f.ndjson", "f.ipc"]
    for name in names:
        provider.bucket("b", name).write(rows(1))
    old = [(base_path / "b" / name).read_bytes() for name in names]

    for name in names:
        with pytest.raises(WriteError, match=f"Writing file://.*/b/{name} failed and left it as"):
            provider.bucket("b", name).write(failing())

    for contents in watched(*(base_path / "b" / name for name in names)):
        assert contents == old


def test_failing_sink_leaves_nothing_at_a_new_path(provider: Provider, base_path: Path) -> None:
    bucket = provider.bucket("b", "new.parquet")

    with pytest.raises(WriteError, match="conversion from `str` to `i64` failed"):
        bucket.write(failing())

    for contents in watched(base_path / "b" / "new.parquet"):
        assert contents == [None]
    assert provider.bucket("b").list() == []


def test_failing_partitioned_sink_leaves_the_old_dataset(provider: Provider) -> None:
    bucket = provider.bucket("b", "ds/")
    bucket.write(rows(1), partition_by="version")
    old = bucket.list()

    with pytest.raises(WriteError, match="failed and left it as it was"):
        bucket.write(failing(100_000), partition_by="one")

    assert bucket.list() == old


def test_full_disk_leaves_the_old_file(
    provider: Provider, base_path: Path, writers: Writers
) -> None:
    bucket = provider.bucket("b", "f.parquet")
    bucket.write(rows(1))
    old = (base_path / "b" / "f.parquet").read_bytes()

    answer = writers.order("fill_disk", "f.parquet", 100_000)

    assert answer["error"] == "WriteError"
    assert "File too large" in str(answer["text"])
    assert (base_path / "b" / "f.parquet").read_bytes() == old


def test_full_disk_leaves_nothing_at_a_new_path(provider: Provider, writers: Writers) -> None:
    answer = writers.order("fill_disk", "f.parquet", 100_000)

    assert answer["error"] == "WriteError"
    assert not provider.bucket("b", "f.parquet").exists()


def test_appends_from_two_processes_all_survive(provider: Provider, writers: Writers) -> None:
    writers.order("append", "parquet", 2, 20)

    counts = provider.bucket("b", "ds/").scan().group_by("writer", "part").len().collect()

    assert counts.sort("writer", "part")["len"].to_list() == [20, 20, 20, 20]


def test_overwrites_from_many_threads_leave_one_of_them(provider: Provider) -> None:
    bucket = provider.bucket("b", "ds/")
    threads = [threading.Thread(target=bucket.write, args=(rows(n),)) for n in range(8)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert is_whole(bucket)
    assert len(bucket.list()) == 1


@pytest.mark.parametrize("path", ["f.parquet", "ds/"])
def test_error_mode_refuses_data_that_appears_before_the_commit(
    provider: Provider, path: str
) -> None:
    adapter = provider.bucket("b", path).adapter
    stage = adapter.stage("overwrite")
    file = stage.location.uri + ("x.parquet" if path.endswith("/") else "")
    rows(1).sink_parquet(file)
    provider.bucket("b", path).write(rows(2))

    with pytest.raises(ObjectExistsError, match="already holds data, and mode='error' refuses"):
        adapter.commit(stage, "error")

    assert provider.bucket("b", path).read()["version"].unique().to_list() == [2]


def test_frame_of_the_old_dataset_is_replaced_whole(provider: Provider) -> None:
    bucket = provider.bucket("b", "ds/")
    bucket.write(rows(1), partition_by="version")

    bucket.write(bucket.scan().with_columns(version=pl.lit(2)), partition_by="version")

    assert bucket.scan().select(pl.col("version").unique(), pl.len()).collect().rows() == [
        (2, ROWS)
    ]
