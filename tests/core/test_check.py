"""Checking and planning without data."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from glacier import Bucket, Provider, pipeline, task
from glacier.engine.check_report import CheckReport, CheckStatus
from glacier.pipeline import Task


@pytest.fixture
def sales(provider: Provider) -> Bucket:
    """A file of sales."""
    bucket = provider.bucket("lake", path="sales.parquet")
    bucket.write(pl.DataFrame({"shop": ["x", "y", "x"], "amount": [1, -2, 3]}))
    return bucket


def check_body(sales: Bucket, body: Any) -> CheckReport:
    """Check a pipeline that scans sales and hands them to `body`."""

    @task
    def load() -> pl.LazyFrame:
        return sales.scan()

    under_test: Task[..., Any] = task(body)

    @pipeline
    def checked() -> None:
        under_test(load())

    return checked.check()


SCHEMA_ERRORS: dict[str, Callable[[pl.LazyFrame], Any]] = {
    "filter": lambda frame: frame.filter(pl.col("amuont") > 0),
    "group_by": lambda frame: frame.group_by("shopp").agg(pl.len()),
    "sort": lambda frame: frame.sort("amuont"),
    "join": lambda frame: frame.join(frame, on="shopp"),
    "drop": lambda frame: frame.drop("amuont"),
    "wrong type": lambda frame: frame.with_columns(pl.col("shop") + 1),
    "eager": lambda frame: frame.collect().select("amuont"),
    "duplicate": lambda frame: frame.select("shop", "shop"),
}


@pytest.mark.parametrize("what", SCHEMA_ERRORS)
def test_check_names_the_task_whose_plan_can_not_work(what: str, sales: Bucket) -> None:
    def broken(frame: pl.LazyFrame) -> Any:
        return SCHEMA_ERRORS[what](frame)

    report = check_body(sales, broken)

    assert not report.ok
    assert list(report.errors) == ["broken"]
    assert report.tasks["load"].status is CheckStatus.OK


NEEDS_VALUES: dict[str, Callable[[Any], Any]] = {
    "item": lambda frame: frame.select("amount").head(1).collect().item() + 1,
    "max": lambda frame: frame.collect()["amount"].max() > 0,
    "pivot": lambda frame: frame.collect().pivot("shop", values="amount").select("x", "y"),
    "pivot made lazy": lambda frame: (
        frame.collect().pivot("shop", values="amount").lazy().with_columns(pl.col("x") * 2)
    ),
    "first row": lambda frame: frame.collect().row(0)[0],
    "columns from values": lambda frame: frame.select(frame.collect()["shop"].to_list()[0]),
    "own error": lambda frame: [].pop(),
}


@pytest.mark.parametrize("what", NEEDS_VALUES)
def test_check_calls_what_needs_values_not_checkable(what: str, sales: Bucket) -> None:
    def looks(frame: pl.LazyFrame) -> Any:
        return NEEDS_VALUES[what](frame)

    report = check_body(sales, looks)

    assert report.ok
    assert report.tasks["looks"].status is CheckStatus.NOT_CHECKABLE


def test_check_does_not_blame_tasks_after_one_that_looks_at_values(sales: Bucket) -> None:
    @task
    def pivoted() -> pl.DataFrame:
        return sales.read().pivot("shop", values="amount")

    @task
    def use(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.select("x")

    @task
    def use_again(frame: pl.DataFrame) -> pl.DataFrame:
        return frame

    @pipeline
    def checked() -> None:
        use_again(use(pivoted()))

    report = checked.check()

    assert report.ok
    assert [task.status for task in report.tasks.values()] == [
        CheckStatus.OK,
        CheckStatus.NOT_CHECKABLE,
        CheckStatus.NOT_CHECKABLE,
    ]


def test_check_skips_what_follows_a_failure(sales: Bucket) -> None:
    @task
    def broken() -> pl.LazyFrame:
        return sales.scan().select("nothing")

    @task
    def after(frame: pl.LazyFrame) -> pl.LazyFrame:
        return frame

    @pipeline
    def checked() -> None:
        after(broken())

    report = checked.check()

    assert report.tasks["after"].status is CheckStatus.SKIPPED
    assert "it needs 'broken', which is FAILED" in str(report)


def test_check_knows_the_schema_of_what_the_run_would_write(
    sales: Bucket, provider: Provider, base_path: Path
) -> None:
    middle = provider.bucket("lake", path="middle.parquet")

    @task
    def save() -> None:
        middle.write(sales.scan().rename({"amount": "euros"}))

    @task(depends_on=[save])
    def use() -> pl.LazyFrame:
        return middle.scan().select("amount")

    @pipeline
    def checked() -> None:
        save()
        use()

    report = checked.check()

    assert list(report.errors) == ["use"]
    assert not (base_path / "lake/middle.parquet").exists()


def test_check_uses_a_declared_schema_without_the_store(
    provider: Provider, base_path: Path
) -> None:
    declared = provider.bucket("lake", path="none.parquet", schema={"a": pl.Int64})

    @task
    def load() -> pl.LazyFrame:
        return declared.scan().select(pl.col("a") + 1)

    @pipeline
    def checked() -> None:
        load()

    report = checked.check()

    assert report.ok
    assert report.tasks["load"].status is CheckStatus.OK
    assert not base_path.exists()


def test_check_fails_where_a_source_is_missing(provider: Provider) -> None:
    missing = provider.bucket("lake", path="missing.parquet")

    @task
    def load() -> pl.LazyFrame:
        return missing.scan()

    @pipeline
    def checked() -> None:
        load()

    report = checked.check()

    assert "Nothing is at file://" in str(report.errors["load"])


def test_check_changes_nothing(sales: Bucket, base_path: Path) -> None:
    before = sorted(base_path.rglob("*"))

    @task
    def overwrite() -> None:
        sales.write(sales.scan().head(1))

    @task
    def remove() -> None:
        sales.delete()

    @task
    def stream() -> None:
        sales.open("wb")

    @pipeline
    def checked() -> None:
        overwrite()
        remove()
        stream()

    report = checked.check()

    assert sorted(base_path.rglob("*")) == before
    assert sales.read().height == 3
    assert report.tasks["remove"].status is CheckStatus.NOT_CHECKABLE
    assert "check() changes nothing" in str(report.tasks["stream"].error)


def test_check_reads_no_rows(sales: Bucket) -> None:
    rows = []

    @task
    def look() -> None:
        rows.append(sales.read().height)
        rows.append(sales.scan().collect().height)

    @pipeline
    def checked() -> None:
        look()

    checked.check()

    assert rows == [0, 0]


def test_plan_shows_steps_and_what_settles_together(sales: Bucket, provider: Provider) -> None:
    one, other = provider.bucket("lake", "one.parquet"), provider.bucket("lake", "other.parquet")

    @task
    def load() -> pl.LazyFrame:
        return sales.scan().group_by("shop").agg(pl.col("amount").sum())

    @task
    def save(frame: pl.LazyFrame, bucket: Bucket) -> None:
        bucket.write(frame.sort("amount"))

    @task(depends_on=[save])
    def after() -> None: ...

    @pipeline(name="daily")
    def planned() -> None:
        frame = load()
        save(frame, one)
        save(frame, other)
        after()

    plan = str(planned.plan())

    assert plan.splitlines() == [
        "Plan of 'daily'",
        "task load",
        f"  reads  {sales.get_uri()}",
        "task save  (after load)",
        f"  writes {one.get_uri()} (overwrite)",
        "task save#2  (after load)",
        f"  writes {other.get_uri()} (overwrite)",
        "settle  (after depends on save)",
        f"  one query: {one.get_uri()}, {other.get_uri()}",
        "task after  (after save, save#2)",
    ]
    assert not one.exists()
    assert not Path("plan.parquet").exists()


def write_dates(bucket: Bucket) -> None:
    bucket.write(pl.DataFrame({"day": [date(2024, 1, 1)]}))


def write_counts(bucket: Bucket) -> None:
    bucket.write(pl.LazyFrame({"a": [1]}).group_by("a").len())


def write_partitions(bucket: Bucket) -> None:
    bucket.write(pl.DataFrame({"month": ["1"], "a": [1]}), partition_by="month")


WRITTEN_OTHERWISE: dict[str, tuple[str, str | None, Any, Any]] = {
    "types that CSV lacks": (
        "x.csv",
        None,
        write_dates,
        lambda bucket: bucket.scan().select(pl.col("day").str.to_date()),
    ),
    "types that Delta lacks": (
        "x",
        "delta",
        write_counts,
        lambda bucket: pl.concat([bucket.scan(), pl.LazyFrame({"a": [1], "len": [1]})]),
    ),
    "types of partitions": (
        "x/",
        None,
        write_partitions,
        lambda bucket: bucket.scan().select(pl.col("month") + 1),
    ),
    "columns that a scan adds": (
        "x.parquet",
        None,
        write_counts,
        lambda bucket: bucket.scan(include_file_paths="path").select("path"),
    ),
}


@pytest.mark.parametrize("what", WRITTEN_OTHERWISE)
def test_check_never_fails_what_a_run_reads_back_otherwise(what: str, provider: Provider) -> None:
    path, format_name, write_to, read_from = WRITTEN_OTHERWISE[what]
    bucket = provider.bucket("lake", path, format_name)

    @task
    def write() -> None:
        write_to(bucket)

    @task(depends_on=[write])
    def read() -> bool:
        return bool(read_from(bucket).collect().height)

    @pipeline
    def again() -> Any:
        write()
        return read()

    report = again.check()
    run = again.run()

    assert report.ok
    assert report.tasks["read"].status is CheckStatus.NOT_CHECKABLE
    assert run.result


def test_check_finds_a_misspelt_column_in_what_csv_holds(provider: Provider) -> None:
    bucket = provider.bucket("lake", "x.csv")

    @task
    def write() -> None:
        write_dates(bucket)

    @task(depends_on=[write])
    def read() -> pl.LazyFrame:
        return bucket.scan().select("dya")

    @pipeline
    def again() -> Any:
        write()
        return read()

    report = again.check()

    assert list(report.errors) == ["read"]


def test_check_keeps_the_columns_of_what_is_there_and_ignored(sales: Bucket) -> None:
    columns = sales.read().columns

    @task
    def write() -> None:
        sales.write(pl.DataFrame({"other": [1]}), mode="ignore")

    @task(depends_on=[write])
    def read() -> pl.LazyFrame:
        return sales.scan().select(columns)

    @pipeline
    def again() -> Any:
        write()
        return read()

    report = again.check()

    assert report.ok


def test_check_does_not_fail_for_what_is_only_written_for_some_values(
    sales: Bucket, provider: Provider
) -> None:
    target = provider.bucket("lake", "x.parquet")

    @task
    def write_if_any() -> None:
        rows = sales.read()
        if rows.height:
            target.write(rows)

    @task(depends_on=[write_if_any])
    def read() -> pl.DataFrame:
        return target.read()

    @pipeline
    def conditional() -> Any:
        write_if_any()
        return read()

    report = conditional.check()

    assert report.ok
    assert report.tasks["read"].status is CheckStatus.NOT_CHECKABLE


def test_check_does_not_list_what_only_a_run_would_write(provider: Provider) -> None:
    dataset = provider.bucket("lake", "x/")

    @task
    def write_and_list() -> str:
        dataset.write(pl.DataFrame({"a": [1]}))
        return dataset.list()[0]

    @pipeline
    def listing() -> Any:
        return write_and_list()

    report = listing.check()

    assert report.tasks["write_and_list"].status is CheckStatus.NOT_CHECKABLE
    assert "would hold data only after a real run" in str(report)


def test_check_fails_a_call_that_does_not_fit_the_task(sales: Bucket) -> None:
    @task
    def load(bucket: Bucket) -> pl.LazyFrame:
        return bucket.scan()

    @pipeline
    def checked() -> None:
        load()  # type: ignore[call-arg]

    report = checked.check()

    assert "Task 'load' takes (bucket: glacier.resources.bucket.Bucket)" in str(
        report.errors["load"]
    )
    assert "missing a required argument: 'bucket'" in str(report.errors["load"])


def test_check_fails_mode_error_where_data_is(sales: Bucket) -> None:
    @task
    def save() -> None:
        sales.write(pl.DataFrame({"a": [1]}), mode="error")

    @pipeline
    def checked() -> None:
        save()

    report = checked.check()

    assert "already holds data" in str(report.errors["save"])


def test_check_fails_mode_error_after_another_write(provider: Provider) -> None:
    target = provider.bucket("lake", path="x.parquet")

    @task
    def save(_: Any = None) -> int:
        target.write(pl.DataFrame({"a": [1]}), mode="error")
        return 1

    @pipeline
    def checked() -> None:
        save(save())

    report = checked.check()

    assert "is written twice" in str(report.errors["save#2"])


def test_check_warns_of_two_writes_that_nothing_orders(provider: Provider) -> None:
    target = provider.bucket("lake", path="x.parquet")

    @task
    def save(value: int) -> None:
        target.write(pl.DataFrame({"a": [value]}))

    @pipeline
    def checked() -> None:
        save(1)
        save(2)

    report = checked.check()

    assert report.ok
    (warning,) = report.warnings
    assert warning == (
        f"'save' and 'save#2' both write {target.get_uri()}, and nothing orders them. Use "
        "depends_on=, pass data from one to the other, or use two paths."
    )
    assert str(report).splitlines()[-1].startswith("warning: 'save' and 'save#2' both write")


def test_check_warns_of_a_read_that_nothing_orders_after_a_write(
    sales: Bucket, provider: Provider
) -> None:
    part = provider.bucket("lake", path="parts/one.parquet")
    parts = provider.bucket("lake", path="parts/", schema={"a": pl.Int64})

    @task
    def save() -> None:
        part.write(pl.DataFrame({"a": [1]}))

    @task
    def load() -> pl.LazyFrame:
        return parts.scan()

    @pipeline
    def checked() -> None:
        save()
        load()

    report = checked.check()

    assert [text.partition(",")[0] for text in report.warnings] == [
        f"'save' writes {part.get_uri()} and 'load' reads it"
    ]


def test_check_does_not_warn_of_writes_in_order_or_of_appends(provider: Provider) -> None:
    target = provider.bucket("lake", path="x.parquet")
    dataset = provider.bucket("lake", path="parts/")

    @task
    def save(value: int) -> int:
        target.write(pl.DataFrame({"a": [value]}))
        return value

    @task(depends_on=[save])
    def load() -> pl.LazyFrame:
        return target.scan()

    @task
    def append(value: int) -> None:
        dataset.write(pl.DataFrame({"a": [value]}), mode="append")

    @pipeline
    def checked() -> None:
        save(save(1))
        load()
        append(1)
        append(2)

    report = checked.check()

    assert report.warnings == []
