"""What executors may touch, as Terraform's roles are told."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from glacier import Bucket, Executor, Pipeline, Provider, pipeline, task
from glacier.access import Access
from glacier.config import LocalConfig
from glacier.terraform.collect import ProviderEstate, collected
from glacier.terraform.touched import inspected

SCHEMA = {"n": pl.Int64}


@pytest.fixture
def raw(provider: Provider) -> Bucket:
    return provider.bucket("lake", "raw.parquet", schema=SCHEMA)


@pytest.fixture
def other(provider: Provider) -> Bucket:
    return provider.bucket("lake", "other.parquet", schema=SCHEMA)


@pytest.fixture
def target(provider: Provider) -> Bucket:
    return provider.bucket("lake", "target.parquet")


@pytest.fixture
def unused(provider: Provider) -> Bucket:
    return provider.bucket("lake", "unused.parquet")


@task
def load(bucket: Bucket) -> pl.LazyFrame:
    return bucket.scan()


@task
def narrow(frame: pl.LazyFrame) -> pl.LazyFrame:
    return frame.filter(pl.col("n") > 1)


def access(provider: Provider, executor: Executor, *pipelines: Pipeline[..., Any]) -> Access:
    return ProviderEstate(provider, inspected(pipelines)).access(executor)


def paths(buckets: Iterable[Bucket]) -> list[str]:
    return sorted(bucket.path for bucket in buckets)


def test_access_is_what_the_executors_own_tasks_read_and_write(
    provider: Provider, far: Executor, raw: Bucket, target: Bucket, unused: Bucket
) -> None:
    @task(executor=far)
    def copy() -> None:
        target.write(raw.scan())

    @pipeline
    def copying() -> None:
        copy()

    found = access(provider, far, copying)

    assert (paths(found.reads), paths(found.writes)) == (["raw.parquet"], ["target.parquet"])
    assert found.note == ""


def test_access_has_what_frames_read_that_travel_to_the_executor(
    provider: Provider, far: Executor, raw: Bucket, other: Bucket, target: Bucket, unused: Bucket
) -> None:
    @task(executor=far)
    def save(frame: pl.LazyFrame, second: pl.LazyFrame) -> None:
        target.write(frame.join(second, on="n"))

    @pipeline
    def saving() -> None:
        save(narrow(narrow(load(raw))), other.scan())

    found = access(provider, far, saving)

    assert (paths(found.reads), paths(found.writes)) == (
        ["other.parquet", "raw.parquet"],
        ["target.parquet"],
    )


def test_access_has_what_a_task_on_this_machine_reads_and_hands_on_changed(
    provider: Provider, far: Executor, raw: Bucket, unused: Bucket
) -> None:
    @task
    def load_positive() -> pl.LazyFrame:
        return raw.scan().filter(pl.col("n") > 0)

    @task(executor=far)
    def count(frame: pl.LazyFrame) -> pl.LazyFrame:
        return frame.select(pl.len())

    @pipeline
    def counting() -> Any:
        return count(narrow(load_positive()))

    assert paths(access(provider, far, counting).reads) == ["raw.parquet"]


def test_access_has_all_that_the_pipelines_function_scans_for_a_frame_that_it_derives(
    provider: Provider, far: Executor, raw: Bucket, other: Bucket, unused: Bucket
) -> None:
    @task(executor=far)
    def count(frame: pl.LazyFrame) -> pl.LazyFrame:
        return frame.select(pl.len())

    @pipeline
    def counting() -> Any:
        return count(raw.scan().join(other.scan(), on="n"))

    found = access(provider, far, counting)

    assert paths(found.reads) == ["other.parquet", "raw.parquet"]


def test_access_has_not_what_another_job_has_read(
    provider: Provider, far: Executor, raw: Bucket, target: Bucket
) -> None:
    second = provider.executor("second")

    @task(executor=far)
    def reduce() -> pl.LazyFrame:
        return raw.scan().select(pl.col("n").sum())

    @task(executor=second)
    def save(frame: pl.LazyFrame) -> None:
        target.write(frame)

    @pipeline
    def reducing() -> None:
        save(reduce())

    assert paths(access(provider, far, reducing).reads) == ["raw.parquet"]
    assert access(provider, second, reducing).reads == ()


def test_access_has_what_another_job_hands_on_unread(
    provider: Provider, far: Executor, raw: Bucket, target: Bucket
) -> None:
    second = provider.executor("second")

    @task(executor=far)
    def choose() -> pl.LazyFrame:
        return raw.scan()

    @task(executor=second)
    def save(frame: pl.LazyFrame) -> None:
        target.write(frame)

    @pipeline
    def choosing() -> None:
        save(choose())

    assert paths(access(provider, second, choosing).reads) == ["raw.parquet"]


def test_access_adds_up_over_pipelines(
    provider: Provider, far: Executor, raw: Bucket, other: Bucket
) -> None:
    @task(executor=far)
    def count(bucket: Bucket) -> pl.LazyFrame:
        return bucket.scan().select(pl.len())

    @pipeline
    def first() -> Any:
        return count(raw)

    @pipeline
    def second() -> Any:
        return count(other)

    assert paths(access(provider, far, first, second).reads) == ["other.parquet", "raw.parquet"]


def test_pipelines_of_several_providers_are_checked_once(tmp_path: Path) -> None:
    providers = [Provider(config=LocalConfig(base_path=tmp_path / name)) for name in "abc"]
    checks: list[str] = []

    @pipeline
    def counted() -> None:
        checks.append("checked")

    collected(*providers, pipelines=[counted])

    assert checks == ["checked"]


def everything(found: Access) -> tuple[list[str], list[str]]:
    return paths(found.reads), paths(found.writes)


ALL = (["raw.parquet", "unused.parquet"], ["raw.parquet", "unused.parquet"])


def test_access_without_pipelines_is_to_all_declared_buckets(
    provider: Provider, far: Executor, raw: Bucket, unused: Bucket
) -> None:
    found = access(provider, far)

    assert everything(found) == ALL
    assert "since no pipeline was given" in found.note


def test_access_of_an_executor_that_no_task_runs_on_is_to_all_declared_buckets(
    provider: Provider, far: Executor, raw: Bucket, unused: Bucket
) -> None:
    @pipeline
    def loading() -> Any:
        return load(raw)

    found = access(provider, far, loading)

    assert everything(found) == ALL
    assert "since no task of the given pipelines runs on it" in found.note


def test_access_of_a_task_that_cannot_be_checked_is_to_all_declared_buckets(
    provider: Provider, far: Executor, raw: Bucket, unused: Bucket
) -> None:
    @task(executor=far)
    def first(frame: pl.LazyFrame) -> int:
        return int(frame.collect().item(0, "n"))

    @pipeline
    def firsts() -> Any:
        return first(raw.scan())

    found = access(provider, far, firsts)

    assert everything(found) == ALL
    assert "since the check of task 'first' says NOT_CHECKABLE (" in found.note


def test_access_of_a_task_that_looks_at_values_is_to_all_declared_buckets(
    provider: Provider, far: Executor, raw: Bucket, unused: Bucket
) -> None:
    @task(executor=far)
    def maybe(frame: pl.LazyFrame) -> None:
        if frame.collect().height > 0:
            unused.write(frame)

    @pipeline
    def perhaps() -> None:
        maybe(raw.scan())

    found = access(provider, far, perhaps)

    assert everything(found) == ALL
    assert "since task 'maybe' depends on values" in found.note


def test_access_of_what_is_not_there_yet_is_to_all_declared_buckets(
    provider: Provider, far: Executor
) -> None:
    raw = provider.bucket("lake", "raw.parquet")
    provider.bucket("lake", "unused.parquet")

    @task(executor=far)
    def count() -> pl.LazyFrame:
        return raw.scan().select(pl.len())

    @pipeline
    def counting() -> Any:
        return count()

    found = access(provider, far, counting)

    assert everything(found) == ALL
    assert "since the check of task 'count' says FAILED (ObjectNotFoundError)" in found.note


def test_access_of_a_frame_from_nowhere_is_to_all_declared_buckets(
    provider: Provider, far: Executor, raw: Bucket, unused: Bucket
) -> None:
    frame = raw.scan().filter(pl.col("n") > 1)

    @task(executor=far)
    def count(given: pl.LazyFrame) -> pl.LazyFrame:
        return given.select(pl.len())

    @pipeline
    def counting() -> Any:
        return count(frame)

    found = access(provider, far, counting)

    assert everything(found) == ALL
    assert "since what a frame reads that task 'count' is given is not known" in found.note


def test_access_of_a_pipeline_that_needs_arguments_is_to_all_declared_buckets(
    provider: Provider, far: Executor, raw: Bucket, unused: Bucket
) -> None:
    @pipeline
    def daily(day: str) -> Any:
        return load(raw)

    found = access(provider, far, daily)

    assert everything(found) == ALL
    assert "since Pipeline('daily') can't be checked (ParameterError)" in found.note


def test_access_of_a_function_is_to_all_declared_buckets(provider: Provider, raw: Bucket) -> None:
    function = provider.serverless("echo", lambda payload: payload)

    found = ProviderEstate(provider).access(function)

    assert everything(found) == (["raw.parquet"], ["raw.parquet"])
    assert "since what its handler does with them is not known" in found.note


def test_notes_name_the_resource(provider: Provider, far: Executor) -> None:
    estate = ProviderEstate(provider)

    estate.access(far)

    (note,) = estate.notes
    assert note == (
        "Executor('far'): it may read and write all declared buckets, since no pipeline was given "
        "that shows which of them it needs"
    )
