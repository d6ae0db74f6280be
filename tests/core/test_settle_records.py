"""What a run remembers of what it read and wrote, and of the queries that did it."""

from sys import getsizeof

import polars as pl
import pytest
from polars.io.plugins import register_io_source
from pydantic import SecretStr

from glacier import Bucket, Executor, Provider, pipeline, task
from glacier.config import LocalConfig
from glacier.engine.settle_log import LONGEST_PLAN_CHARACTERS, MOST_STEPS, PlanTexts, Room
from glacier.engine.settled import QueryRun, SettleRun, WriteRun
from glacier.errors import RunError
from glacier.resources.filled import Filled


class GuardedConfig(LocalConfig):
    """A platform with a secret."""

    token: SecretStr


@task
def load(bucket: Bucket) -> pl.LazyFrame:
    return bucket.scan()


@task
def save(frame: pl.LazyFrame, bucket: Bucket) -> None:
    bucket.write(frame)


@task
def failing(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Fail when it is executed."""
    return frame.with_columns(pl.lit("x").cast(pl.Int64).alias("b"))


@pytest.fixture
def numbers(provider: Provider) -> Bucket:
    """A file with the numbers 1, 2 and 3."""
    bucket = provider.bucket("lake", path="numbers.parquet")
    bucket.write(pl.DataFrame({"a": [1, 2, 3]}))
    return bucket


def test_settle_is_recorded_with_the_query_of_what_shares_work(
    numbers: Bucket, provider: Provider
) -> None:
    one, other = provider.bucket("lake", "one.parquet"), provider.bucket("lake", "other.parquet")

    @pipeline
    def both() -> None:
        frame = load(numbers)
        save(frame, one)
        save(frame, other)

    run = both.run()

    (settle,) = run.settles
    (query,) = settle.queries
    assert settle.reason == "the end of the run"
    assert settle.executor == ""
    assert set(query.uris) == {one.get_uri(), other.get_uri()}
    assert query.plan.count("CACHE") == 2
    assert sorted((w.task, w.uri, w.mode, w.is_committed) for w in settle.writes) == [
        ("save", one.get_uri(), "overwrite", True),
        ("save#2", other.get_uri(), "overwrite", True),
    ]
    assert 0 <= settle.started_seconds <= query.started_seconds
    assert query.duration_seconds <= settle.duration_seconds <= run.duration_seconds


def test_reason_of_an_earlier_settle_names_what_asked_for_it(
    numbers: Bucket, provider: Provider
) -> None:
    target = provider.bucket("lake", "copy.parquet")

    @task(depends_on=[save])
    def look() -> None:
        pass

    @pipeline
    def copying() -> None:
        save(load(numbers), target)
        look()

    run = copying.run()

    assert [settle.reason for settle in run.settles] == ["look depends on it"]


@pytest.mark.parametrize(
    ("path", "partition_by", "rows", "files"),
    [
        ("copy.parquet", None, 3, 1),
        ("parts/", "a", 3, 3),
        ("table.delta", None, 3, 1),
        ("copy.csv", None, None, 1),
    ],
)
def test_write_of_a_lazy_frame_is_measured_on_its_stage(
    numbers: Bucket, provider: Provider, path: str, partition_by: str | None, rows: int, files: int
) -> None:
    """The footers of Parquet files count rows; other formats have no such count."""
    target = provider.bucket("lake", path)

    @task
    def save_there(frame: pl.LazyFrame) -> None:
        target.write(frame, partition_by=partition_by)

    @pipeline
    def copying() -> None:
        save_there(load(numbers))

    (write,) = copying.run().settles[0].writes

    assert (write.rows, write.filled.files) == (rows, files)
    assert write.size_bytes is not None
    assert write.size_bytes > 0


def test_rows_of_an_eager_frame_are_known_in_any_format(provider: Provider) -> None:
    target = provider.bucket("lake", "copy.csv")

    @task
    def save_rows() -> None:
        target.write(pl.DataFrame({"a": [1, 2]}))

    @pipeline
    def saving() -> None:
        save_rows()

    (write,) = saving.run().settles[0].writes

    assert write.rows == 2
    assert write.size_bytes == target.filesystem.size(target.adapter.location().path)


def test_rows_that_a_body_reads_are_counted(numbers: Bucket) -> None:
    @task
    def look() -> int:
        return numbers.read().height

    @pipeline
    def looking() -> int:
        load(numbers)
        return look()

    run = looking.run()

    assert run.tasks["look"].rows_read == ((numbers.get_uri(), 3),)
    assert run.tasks["load"].rows_read == ()


def test_failed_write_is_not_committed_and_its_siblings_are(
    numbers: Bucket, provider: Provider
) -> None:
    good, bad = provider.bucket("lake", "good.parquet"), provider.bucket("lake", "bad.parquet")

    @pipeline
    def mixed() -> None:
        frame = load(numbers)
        save(frame, good)
        save(failing(frame), bad)

    with pytest.raises(RunError) as caught:
        mixed.run()

    (settle,) = caught.value.run.settles
    failed = [query for query in settle.queries if query.has_failed]
    assert {write.task: write.is_committed for write in settle.writes} == {
        "save": True,
        "save#2": False,
    }
    assert failed[-1].uris == (bad.get_uri(),)
    assert failed[-1].plan == ""


def test_settles_of_a_job_are_recorded_with_its_executor(
    numbers: Bucket, provider: Provider, far: Executor
) -> None:
    target = provider.bucket("lake", "copy.parquet")

    @task(executor=far)
    def save_there(frame: pl.LazyFrame) -> None:
        target.write(frame)

    @pipeline
    def copying() -> None:
        save_there(load(numbers))

    with copying.run() as run:
        (settle,) = run.settles

    assert "'far'" in settle.executor
    assert [(write.task, write.rows) for write in settle.writes] == [("save_there", 3)]
    assert "SCAN" in settle.queries[0].plan


def test_plan_holds_no_secret_of_a_config(numbers: Bucket, provider: Provider) -> None:
    config = GuardedConfig(token=SecretStr("canary-in-a-plan"))

    @task
    def tell(frame: pl.LazyFrame) -> pl.LazyFrame:
        return frame.with_columns(token=pl.lit(config.token.get_secret_value()))

    @pipeline
    def telling() -> None:
        save(tell(load(numbers)), provider.bucket("lake", "copy.parquet"))

    plan = telling.run().settles[0].queries[0].plan

    assert "(hidden)" in plan
    assert "canary" not in plan


def steps(count: int) -> pl.LazyFrame:
    """Return a frame of so many filters, each of which the optimiser moves before all others."""
    frame = pl.LazyFrame({"a": [1]})
    for number in range(count):
        frame = frame.with_columns(pl.col("a") + number).filter(pl.col("a") > number)
    return frame


def test_plans_are_kept_no_more_once_they_have_taken_long() -> None:
    frame, texts = steps(MOST_STEPS // 6), PlanTexts(Room())

    kept = [texts.of([frame], 0.001) for _ in range(100)]

    assert kept[0]
    assert kept[-1] == ""


def test_plan_of_many_steps_is_not_optimised_again() -> None:
    assert PlanTexts(Room()).of([steps(MOST_STEPS)], 1.0) == ""


def test_plan_of_many_expressions_is_not_optimised_again() -> None:
    """They are one step."""
    wide = pl.LazyFrame({"a": [1]}).select(
        (pl.col("a") + number).alias(f"a name of some length, {number}")
        for number in range(LONGEST_PLAN_CHARACTERS // 20)
    )

    assert PlanTexts(Room()).of([wide], 1.0) == ""


@pytest.mark.parametrize("executed_seconds", [0.001, 1.0], ids=["quick", "slow"])
def test_text_of_a_plan_asks_a_source_in_python_for_its_schema_at_most_once(
    executed_seconds: float,
) -> None:
    """What it asks may be a service, and Polars remembers no answer."""
    asked = 0

    def schema() -> pl.Schema:
        nonlocal asked
        asked += 1
        return pl.Schema({"a": pl.Int64})

    frame = register_io_source(lambda *_: iter([pl.DataFrame({"a": [1]})]), schema=schema)
    asked = 0

    PlanTexts(Room()).of([frame], executed_seconds)

    assert asked == 1


def test_plans_are_kept_while_there_is_room() -> None:
    frame = pl.LazyFrame({"a": [1]}).filter(pl.col("a") > 0)
    texts = PlanTexts(Room(2 * getsizeof(frame.explain())))

    kept = [bool(texts.of([frame], 1.0)) for _ in range(5)]

    assert kept == [True, True, False, False, False]


def test_records_of_jobs_share_the_room_of_the_run() -> None:
    def settle() -> SettleRun:
        query = QueryRun(("a", "b"), 0.0, 1.0, plan="x" * 1000)
        write = WriteRun("save", "a", "overwrite", filled=Filled(9, 1, footers=(b"y" * 1000,)))
        return SettleRun("the end of the run", 0.0, queries=[query], writes=[write])

    room, settles = Room(3500), [settle(), settle()]

    for one in settles:
        room.fit(one)

    assert [len(one.queries[0].plan) for one in settles] == [1000, 1000]
    assert [len(one.writes[0].filled.footers) for one in settles] == [1, 0]
    assert settles[1].writes[0].size_bytes == 9


def test_plan_is_kept_up_to_a_length() -> None:
    wide = pl.scan_parquet("wide.parquet", schema={"a": pl.Int64}).select(
        (pl.col("a") + number).alias("x" * 100 + str(number))
        for number in range(LONGEST_PLAN_CHARACTERS // 100)
    )

    plan = PlanTexts(Room()).of([wide], 0.001)

    assert len(plan) < LONGEST_PLAN_CHARACTERS + 100
    assert plan.endswith("characters left out ...]")


def test_outline_tells_what_calls_needed(numbers: Bucket, provider: Provider) -> None:
    @pipeline
    def copying() -> None:
        save(load(numbers), provider.bucket("lake", "copy.parquet"))

    outline = copying.run().outline

    assert list(outline.names) == ["load", "save"]
    assert list(outline.data) == [(), (0,)]
    assert list(outline.after) == [(), ()]
