"""Plans and checks of pipelines whose tasks run on executors; neither starts a job."""

import datetime as dt
from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl
import pytest
from glacier_toy import ToyConfig

from glacier import Bucket, Executor, Provider, pipeline, task
from glacier.config import SparkConfig
from glacier.engine.check_report import CheckStatus
from glacier.engine.plan_steps import JobStep, SettleStep, TaskStep


@pytest.fixture
def numbers(provider: Provider) -> Bucket:
    bucket = provider.bucket("lake", path="numbers.parquet")
    bucket.write(pl.DataFrame({"n": [1, 2, 3]}))
    return bucket


@pytest.fixture
def target(provider: Provider) -> Bucket:
    return provider.bucket("lake", path="target.parquet")


@task
def load(bucket: Bucket) -> pl.LazyFrame:
    return bucket.scan()


@task
def narrow(frame: pl.LazyFrame) -> pl.LazyFrame:
    return frame.filter(pl.col("n") > 1)


@task
def save(frame: pl.LazyFrame, bucket: Bucket) -> None:
    bucket.write(frame)


def test_plan_shows_which_tasks_travel_together_and_what_with_them(
    far: Executor, numbers: Bucket, target: Bucket
) -> None:
    @task(executor=far)
    def joined(scan: pl.LazyFrame, query: pl.LazyFrame, rows: pl.LazyFrame) -> pl.LazyFrame:
        return pl.concat([scan, query, rows])

    @task(executor=far)
    def write(frame: pl.LazyFrame) -> None:
        target.write(frame)

    @pipeline
    def travelling() -> Any:
        scan = load(numbers)
        rows: Any = pl.DataFrame({"n": [3]})
        frame = joined(scan, narrow(scan), rows)
        write(frame)
        return narrow(frame)

    plan = travelling.plan()

    *_, job, last = plan.steps
    assert [type(step) for step in plan.steps] == [TaskStep, TaskStep, JobStep, TaskStep]
    assert isinstance(job, JobStep)
    assert isinstance(last, TaskStep)
    assert [step.name for step in job.tasks] == ["joined", "write"]
    assert job.takes == (
        f"'load': {numbers.get_uri()}, which is read over there",
        "'narrow': its query; its rows, through staging, if it reads memory or local files",
        "the rows of an argument of 'joined', through staging",
    )
    assert job.brings == ("joined",)
    assert str(job).splitlines() == [
        "job on Executor('far')",
        *(f"  takes  {text}" for text in job.takes),
        "  task joined  (after load, narrow)",
        "  task write  (after joined)",
        f"    writes {target.get_uri()} (overwrite)",
        "  brings the result of 'joined', through staging",
    ]
    assert last.after == ("joined",)
    assert str(job) in str(plan)


def test_plan_settles_before_a_job_leaves(far: Executor, numbers: Bucket, target: Bucket) -> None:
    @task(executor=far, depends_on=[save])
    def read() -> int:
        return target.read().height

    @pipeline
    def ordered() -> None:
        save(load(numbers), target)
        read()

    plan = ordered.plan()

    settle, job = plan.steps[-2:]
    assert isinstance(settle, SettleStep)
    assert isinstance(job, JobStep)
    assert settle.reason == "a job leaves for Executor('far')"
    assert settle.queries == ((target.get_uri(),),)
    assert (job.takes, job.brings) == ((), ())
    assert job.tasks[0].reads == (target.get_uri(),)


def test_plan_and_check_start_no_job(far: Executor, numbers: Bucket, base_path: Path) -> None:
    @task(executor=far)
    def remote(frame: pl.LazyFrame) -> pl.LazyFrame:
        return frame

    @pipeline
    def planned() -> Any:
        return remote(load(numbers))

    planned.plan()
    report = planned.check()

    assert report.tasks["remote"].status is CheckStatus.OK
    assert sorted(path.name for path in base_path.iterdir() if path.name != ".glacier") == ["lake"]
    assert not (base_path / ".glacier/jobs").exists()


def test_check_finds_the_mistake_of_a_task_with_an_executor(far: Executor, numbers: Bucket) -> None:
    @task(executor=far)
    def wrong(frame: pl.LazyFrame) -> pl.LazyFrame:
        return frame.select("missing")

    @task(executor=far)
    def after(frame: pl.LazyFrame) -> pl.LazyFrame:
        return frame

    @pipeline
    def mistaken() -> Any:
        return after(wrong(load(numbers)))

    report = mistaken.check()

    assert report.tasks["wrong"].status is CheckStatus.FAILED
    assert "missing" in str(report.tasks["wrong"].error)
    assert report.tasks["after"].status is not CheckStatus.OK


def test_check_fails_a_task_whose_provider_names_no_staging() -> None:
    away = Provider(config=ToyConfig(region="attic", staging=None)).executor("far")

    @task(executor=away)
    def one() -> int:
        return 1

    @pipeline
    def ones() -> Any:
        return one()

    report = ones.check()

    assert "names none. Say which" in str(report.errors["one"])


def test_check_fails_a_column_that_cannot_go_to_spark(provider: Provider) -> None:
    times = provider.bucket("lake", path="times.parquet")
    times.write(pl.DataFrame({"took": [dt.timedelta(1)]}))

    @task
    def load() -> pl.LazyFrame:
        return times.scan()

    @task(executor=provider.executor("spark", config=SparkConfig(master="local[2]")))
    def passed(frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        return frame

    @pipeline
    def passing() -> Any:
        return passed(load())  # type: ignore[arg-type]  # a handle

    report = passing.check()

    assert "The column 'took' is Duration" in str(report.errors["passed"])
