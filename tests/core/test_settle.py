"""Deferred writes: settled together, committed whole, and never read through an old plan."""

import gc
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import polars as pl
import pytest

from glacier import Bucket, Provider, pipeline, task
from glacier.engine.joint import joint_groups
from glacier.errors import (
    ObjectExistsError,
    ObjectNotFoundError,
    PipelineError,
    RunError,
    StaleScanError,
    TaskError,
)


@task
def load(bucket: Bucket) -> pl.LazyFrame:
    return bucket.scan()


@task
def save(frame: pl.LazyFrame, bucket: Bucket) -> None:
    bucket.write(frame)


@task
def failing(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Fail on its last row, when it is executed."""
    return frame.with_columns(pl.col("a").cast(pl.String).str.replace("^3$", "x").cast(pl.Int64))


@pytest.fixture
def numbers(provider: Provider) -> Bucket:
    """A file with the numbers 1, 2 and 3."""
    bucket = provider.bucket("lake", path="numbers.parquet")
    bucket.write(pl.DataFrame({"a": [1, 2, 3]}))
    return bucket


def files_under(path: Path) -> list[str]:
    return sorted(str(file.relative_to(path)) for file in path.rglob("*") if file.is_file())


def test_write_in_a_run_waits_for_the_end(numbers: Bucket, provider: Provider) -> None:
    target = provider.bucket("lake", path="copy.parquet")
    there = []

    @task
    def save_and_look(frame: pl.LazyFrame) -> None:
        target.write(frame)
        there.append(target.exists_now())

    @pipeline
    def copying() -> None:
        save_and_look(load(numbers))

    run = copying.run()

    assert there == [False]
    assert target.read()["a"].to_list() == [1, 2, 3]
    assert run.settle_seconds > 0
    assert run.tasks["load"].reads == (numbers.get_uri(),)
    assert run.tasks["save_and_look"].writes == (target.get_uri(),)


def test_source_is_computed_once_for_two_writes(provider: Provider) -> None:
    computed = []

    def count(frame: pl.DataFrame) -> pl.DataFrame:
        computed.append(1)
        return frame

    one, other = provider.bucket("lake", "one.parquet"), provider.bucket("lake", "other.parquet")

    @task
    def costly() -> pl.LazyFrame:
        return pl.LazyFrame({"a": [1, 2, 3]}).map_batches(count, schema={"a": pl.Int64})

    @pipeline
    def branches() -> None:
        frame = costly()
        save(frame, one)
        save(frame, other)

    branches.run()

    assert computed == [1]
    assert one.read().equals(other.read())


def test_joint_groups_hold_only_sinks_that_share_work(numbers: Bucket, tmp_path: Path) -> None:
    shared = numbers.scan().with_columns(b=pl.col("a").sort() * 2)
    frames = [
        shared.group_by("a").agg(pl.col("b").sum()),
        numbers.scan().filter(pl.col("a") == 1),
        shared.group_by("b").len(),
        numbers.scan().filter(pl.col("a") == 2),
    ]
    sinks = [f.sink_parquet(tmp_path / f"{i}.parquet", lazy=True) for i, f in enumerate(frames)]

    groups = joint_groups(sinks, most=8)

    assert groups == [[0, 2], [1], [3]]


def test_joint_groups_are_no_larger_than_allowed(tmp_path: Path) -> None:
    shared = pl.LazyFrame({"a": [1, 2]}).with_columns(b=pl.col("a").sort() * 2)
    sinks = [
        shared.with_columns(c=pl.col("b") + i).sink_parquet(tmp_path / f"{i}.parquet", lazy=True)
        for i in range(5)
    ]

    groups = joint_groups(sinks, most=2)

    assert groups == [[0, 1], [2, 3], [4]]


def test_dependent_task_sees_committed_data(numbers: Bucket, provider: Provider) -> None:
    target = provider.bucket("lake", path="copy.parquet")

    @task(depends_on=[save])
    def count() -> int:
        return len(target.filesystem.cat(target.adapter.location().path))

    @pipeline
    def ordered() -> Any:
        save(load(numbers), target)
        return count()

    run = ordered.run()

    assert run.result > 0


def test_scan_sees_what_the_run_has_written(numbers: Bucket, provider: Provider) -> None:
    target = provider.bucket("lake", path="copy.parquet")

    @task
    def write_and_scan(frame: pl.LazyFrame) -> int:
        target.write(frame.head(2))
        return target.scan().collect().height

    @pipeline
    def again() -> Any:
        return write_and_scan(load(numbers))

    run = again.run()

    assert run.result == 2


def test_listing_a_dataset_sees_what_the_run_has_written(provider: Provider) -> None:
    dataset = provider.bucket("lake", path="parts/")

    @task
    def write_and_list() -> list[str]:
        dataset.write(pl.DataFrame({"a": [1]}), mode="append")
        return dataset.list()

    @pipeline
    def listing() -> Any:
        return write_and_list()

    run = listing.run()

    assert len(run.result) == 1


def test_reading_and_overwriting_one_path_in_one_task(numbers: Bucket) -> None:
    @task
    def double() -> None:
        numbers.write(numbers.scan().with_columns(pl.col("a") * 2))

    @pipeline
    def doubling() -> None:
        double()

    doubling.run()

    assert numbers.read()["a"].to_list() == [2, 4, 6]


def test_frame_scanned_before_an_overwrite_keeps_the_old_rows(
    numbers: Bucket, provider: Provider
) -> None:
    total = provider.bucket("lake", path="total.parquet")

    @task
    def replace(frame: pl.LazyFrame) -> None:
        numbers.write(frame.with_columns(pl.col("a") + 100))

    @task(depends_on=[replace])
    def add_up(frame: pl.LazyFrame) -> None:
        total.write(frame.sum())

    @pipeline
    def hazard() -> None:
        frame = load(numbers)
        replace(frame)
        add_up(frame)

    hazard.run()

    assert total.read().item() == 6
    assert numbers.read()["a"].sum() == 306


def test_overwrite_and_old_reader_in_one_settle(numbers: Bucket, provider: Provider) -> None:
    total = provider.bucket("lake", path="total.parquet")

    @pipeline
    def hazard() -> None:
        frame = load(numbers)
        save(add(frame), numbers)
        save(sum_of(frame), total)

    hazard.run()

    assert total.read().item() == 6
    assert numbers.read()["a"].sum() == 306


@task
def add(frame: pl.LazyFrame) -> pl.LazyFrame:
    return frame.with_columns(pl.col("a") + 100)


@task
def sum_of(frame: pl.LazyFrame) -> pl.LazyFrame:
    return frame.sum()


def test_overwrite_and_old_reader_when_the_joint_query_fails(
    numbers: Bucket, provider: Provider
) -> None:
    total = provider.bucket("lake", path="total.parquet")
    broken = provider.bucket("lake", path="broken.parquet")

    @pipeline
    def hazard() -> None:
        frame = load(numbers)
        save(add(frame), numbers)
        save(failing(frame), broken)
        save(sum_of(frame), total)

    with pytest.raises(PipelineError, match=r"made by 'failing'"):
        hazard.run()

    assert total.read().item() == 6
    assert numbers.read()["a"].sum() == 306
    assert not broken.exists()


def test_result_scanned_before_an_overwrite_keeps_the_old_rows(numbers: Bucket) -> None:
    @pipeline
    def hazard() -> Any:
        frame = load(numbers)
        save(add(frame), numbers)
        return frame

    with hazard.run() as run:
        rows = run.result.collect()["a"].to_list()

    assert rows == [1, 2, 3]
    assert numbers.read()["a"].to_list() == [101, 102, 103]


def test_frame_scanned_by_the_pipeline_itself_keeps_the_old_rows(
    numbers: Bucket, provider: Provider
) -> None:
    total = provider.bucket("lake", path="total.parquet")

    @task(depends_on=[save])
    def add_up(frame: pl.LazyFrame) -> None:
        total.write(frame.sum())

    @pipeline
    def hazard() -> None:
        frame: Any = numbers.scan().filter(pl.col("a") > 1)
        save(add(frame), numbers)
        add_up(frame)

    hazard.run()

    assert total.read().item() == 5
    assert numbers.read()["a"].to_list() == [102, 103]


@dataclass(frozen=True)
class Sales:
    """A result with a frame in it."""

    label: str
    frame: pl.LazyFrame


class Pair(NamedTuple):
    """Another one."""

    label: str
    frame: pl.LazyFrame


CONTAINERS: dict[str, tuple[Callable[[pl.LazyFrame], Any], Callable[[Any], pl.LazyFrame]]] = {
    "list": (lambda frame: [frame], lambda value: value[0]),
    "dict of tuples": (lambda frame: {"x": (1, frame)}, lambda value: value["x"][1]),
    "dataclass": (lambda frame: Sales("x", frame), lambda value: value.frame),
    "named tuple": (lambda frame: Pair("x", frame), lambda value: value.frame),
}


@pytest.mark.parametrize("container", CONTAINERS)
def test_frame_in_a_container_keeps_the_old_rows(numbers: Bucket, container: str) -> None:
    wrap, unwrap = CONTAINERS[container]

    @task
    def load_wrapped() -> Any:
        return wrap(numbers.scan())

    @task
    def replace(value: Any) -> None:
        numbers.write(unwrap(value).with_columns(pl.col("a") + 100))

    @task(depends_on=[replace])
    def add_up(value: Any) -> int:
        return int(unwrap(value).sum().collect().item())

    @pipeline
    def hazard() -> Any:
        value = load_wrapped()
        replace(value)
        return add_up(value)

    run = hazard.run()

    assert run.result == 6
    assert numbers.read()["a"].sum() == 306


class Holder:
    """A result in which no frame can be exchanged."""

    def __init__(self, frame: pl.LazyFrame) -> None:
        self.frame = frame


HIDING_PLACES: dict[str, tuple[Callable[[pl.LazyFrame], Any], Callable[[Any], pl.LazyFrame]]] = {
    "object": (Holder, lambda value: value.frame),
    "closure": (lambda frame: lambda: frame, lambda value: value()),
    "group_by": (lambda frame: frame.group_by("a"), lambda value: value.agg()),
}


@pytest.mark.parametrize("place", HIDING_PLACES)
def test_frame_out_of_reach_is_refused_after_its_place_was_replaced(
    numbers: Bucket, place: str
) -> None:
    wrap, unwrap = HIDING_PLACES[place]

    @task
    def hide() -> Any:
        return wrap(numbers.scan())

    @task
    def replace(value: Any) -> None:
        numbers.write(unwrap(value).with_columns(pl.col("a") + 100))

    @task(depends_on=[replace])
    def add_up(value: Any) -> int:
        return int(unwrap(value).sum().collect().item())

    @pipeline
    def hazard() -> Any:
        value = hide()
        replace(value)
        return add_up(value)

    with pytest.raises(RunError, match=r"holds a frame scanned from .*numbers\.parquet, which was"):
        hazard.run()

    assert numbers.read()["a"].sum() == 306


def test_dataset_overwritten_while_a_frame_of_it_waits(provider: Provider) -> None:
    dataset = provider.bucket("lake", path="parts/")
    dataset.write(pl.DataFrame({"a": [1, 2, 3], "k": ["x", "x", "y"]}), partition_by="k")
    total = provider.bucket("lake", path="total.parquet")

    @task(depends_on=[save])
    def add_up(frame: pl.LazyFrame) -> None:
        total.write(frame.select(pl.col("a").sum()))

    @pipeline
    def hazard() -> None:
        frame = load(dataset)
        save(add(frame), dataset)
        add_up(frame)

    hazard.run()

    assert total.read().item() == 6
    assert dataset.read()["a"].sum() == 306


def test_deleted_place_can_still_be_read_by_frames_scanned_before(
    numbers: Bucket, provider: Provider
) -> None:
    copy = provider.bucket("lake", path="copy.parquet")

    @task
    def remove() -> None:
        numbers.delete()

    @task(depends_on=[remove])
    def save_late(frame: pl.LazyFrame) -> None:
        copy.write(frame)

    @pipeline
    def moving() -> None:
        frame = load(numbers)
        again = keep(frame)
        remove_after(again)
        save_late(frame)

    @task
    def keep(frame: pl.LazyFrame) -> int:
        return 1

    @task
    def remove_after(_: int) -> None:
        remove.function()

    @pipeline
    def deleting() -> None:
        frame = load(numbers)
        remove_after(keep(frame))
        late(frame)

    @task(depends_on=[remove_after])
    def late(frame: pl.LazyFrame) -> None:
        copy.write(frame)

    deleting.run()

    assert copy.read()["a"].to_list() == [1, 2, 3]
    assert not numbers.exists()


def test_scanning_again_with_an_old_frame_in_hand_is_refused(numbers: Bucket) -> None:
    @task
    def confuse() -> pl.LazyFrame:
        old = numbers.scan()
        numbers.write(old.with_columns(pl.col("a") + 100))
        return pl.concat([old, numbers.scan()])

    @pipeline
    def confusing() -> Any:
        return confuse()

    with pytest.raises(RunError, match=r"holds a frame scanned earlier from") as failure:
        confusing.run()

    assert isinstance(failure.value.run.errors["confuse"].__cause__, StaleScanError)
    assert numbers.read()["a"].to_list() == [1, 2, 3]


def test_settle_waits_for_a_body_that_holds_an_old_frame(
    numbers: Bucket, provider: Provider
) -> None:
    holder_is_in, release = threading.Event(), threading.Event()
    total = provider.bucket("lake", path="total.parquet")
    other = provider.bucket("lake", path="other.parquet")

    @task
    def hold(frame: pl.LazyFrame) -> None:
        holder_is_in.set()
        assert release.wait(30)
        total.write(frame.sum())

    @task
    def replace() -> int:
        assert holder_is_in.wait(30)
        numbers.write(pl.DataFrame({"a": [100]}))
        threading.Timer(0.05, release.set).start()
        return int(numbers.scan().sum().collect().item())

    @pipeline
    def overtaking() -> Any:
        hold(load(numbers))
        save(load(numbers), other)
        return replace()

    run = overtaking.run()

    assert run.result == 100
    assert total.read().item() == 6


def test_failing_sink_leaves_its_target_and_spares_its_siblings(
    numbers: Bucket, provider: Provider, base_path: Path
) -> None:
    good, better, bad = (provider.bucket("lake", f"{n}.parquet") for n in ("good", "better", "bad"))
    bad.write(pl.DataFrame({"old": [1]}))
    before = (base_path / "lake/bad.parquet").read_bytes()

    @pipeline
    def three() -> None:
        frame = load(numbers)
        save(frame, good)
        save(failing(frame), bad)
        save(add(frame), better)

    with pytest.raises(RunError, match=r"The frame that fails is made by 'failing'") as failure:
        three.run()

    run = failure.value.run
    assert [(n, str(t.status)) for n, t in run.tasks.items() if n.startswith("save")] == [
        ("save", "SUCCEEDED"),
        ("save#2", "FAILED"),
        ("save#3", "SUCCEEDED"),
    ]
    error = run.errors["save#2"]
    assert isinstance(error, TaskError)
    assert error.culprit == "failing"
    assert good.read().height == better.read().height == 3
    assert (base_path / "lake/bad.parquet").read_bytes() == before
    assert [name for name in files_under(base_path) if "stage" in name and "lock" not in name] == []


def test_failed_write_skips_the_tasks_that_depend_on_it(
    numbers: Bucket, provider: Provider
) -> None:
    bad = provider.bucket("lake", path="bad.parquet")

    @task(depends_on=[save])
    def after() -> None: ...

    @pipeline
    def ordered() -> None:
        save(failing(load(numbers)), bad)
        after()

    with pytest.raises(RunError) as failure:
        ordered.run()

    assert str(failure.value.run.tasks["after"].status) == "SKIPPED"


def test_retries_cover_the_execution_of_writes(provider: Provider) -> None:
    target = provider.bucket("lake", path="x.parquet")
    executions = []

    def flaky(frame: pl.DataFrame) -> pl.DataFrame:
        executions.append(1)
        if len(executions) < 3:
            raise ConnectionError("again")
        return frame

    @task(retries=2, retry_delay_seconds=0.001)
    def save_flaky() -> None:
        target.write(pl.LazyFrame({"a": [1]}).map_batches(flaky, schema={"a": pl.Int64}))

    @pipeline
    def patient() -> None:
        save_flaky()

    run = patient.run()

    assert target.read().item() == 1
    assert run.tasks["save_flaky"].attempts == 1
    assert len(executions) == 3


def test_timeout_covers_the_execution_of_writes(provider: Provider) -> None:
    target = provider.bucket("lake", path="x.parquet")
    release = threading.Event()

    def stuck(frame: pl.DataFrame) -> pl.DataFrame:
        release.wait(30)
        return frame

    @task(timeout_seconds=0.2)
    def save_stuck() -> None:
        target.write(pl.LazyFrame({"a": [1]}).map_batches(stuck, schema={"a": pl.Int64}))

    @pipeline
    def waiting() -> None:
        save_stuck()

    with pytest.raises(PipelineError, match=r"took longer than timeout_seconds=0.2"):
        waiting.run()
    release.set()

    assert not target.exists()


def test_eager_frame_is_written_as_it_was_when_handed_over(provider: Provider) -> None:
    target = provider.bucket("lake", path="x.parquet")

    @task
    def write_then_change() -> None:
        frame = pl.DataFrame({"a": [1, 2]})
        target.write(frame)
        frame[0, "a"] = 99
        frame.insert_column(1, pl.Series("b", [0, 0]))

    @pipeline
    def changing() -> None:
        write_then_change()

    changing.run()

    assert target.read().to_dict(as_series=False) == {"a": [1, 2]}


def test_foreign_frame_is_written_as_it_was_when_handed_over(provider: Provider) -> None:
    target = provider.bucket("lake", path="x.parquet")

    @task
    def write_then_change() -> None:
        values = pd.array([1, 2], dtype="int64").to_numpy()
        frame = pd.DataFrame({"a": values}, copy=False)
        target.write(frame)
        values[0] = 99

    @pipeline
    def changing() -> None:
        write_then_change()

    changing.run()

    assert target.read()["a"].to_list() == [1, 2]


def test_two_writes_to_one_path_leave_the_later(provider: Provider) -> None:
    target = provider.bucket("lake", path="x.parquet")

    @task
    def write(value: int, _: Any = None) -> int:
        target.write(pl.DataFrame({"a": [value]}))
        return value

    @pipeline
    def twice() -> None:
        write(2, write(1))

    twice.run()

    assert target.read().item() == 2


def test_mode_error_sees_a_write_of_the_same_run(provider: Provider) -> None:
    target = provider.bucket("lake", path="x.parquet")

    @task
    def write(_: Any = None) -> int:
        target.write(pl.DataFrame({"a": [1]}), mode="error")
        return 1

    @pipeline
    def twice() -> None:
        write(write())

    with pytest.raises(RunError, match=r"already holds data") as failure:
        twice.run()

    assert isinstance(failure.value.run.errors["write#2"].__cause__, ObjectExistsError)
    assert target.exists()


def test_failed_body_leaves_no_write(provider: Provider) -> None:
    target = provider.bucket("lake", path="x.parquet")

    @task
    def write_then_fail() -> None:
        target.write(pl.DataFrame({"a": [1]}))
        raise ValueError("too late")

    @pipeline
    def failing_pipeline() -> None:
        write_then_fail()

    with pytest.raises(PipelineError, match=r"too late"):
        failing_pipeline.run()

    assert not target.exists()


def test_broken_frame_that_must_be_kept_fails_its_consumer_by_name(
    numbers: Bucket, provider: Provider
) -> None:
    copy = provider.bucket("lake", path="copy.parquet")

    @task
    def replace() -> None:
        numbers.write(pl.DataFrame({"a": [0]}))

    @task(depends_on=[replace])
    def late(frame: pl.LazyFrame) -> None:
        copy.write(frame)

    @pipeline
    def hazard() -> None:
        broken = failing(load(numbers))
        replace()
        late(broken)

    with pytest.raises(PipelineError, match=r"The result of task 'failing' is needed after"):
        hazard.run()

    assert numbers.read()["a"].to_list() == [0]


def test_function_that_is_invoked_finds_what_the_task_has_written(provider: Provider) -> None:
    target = provider.bucket("lake", path="x.parquet")

    def count(_: dict[str, Any]) -> dict[str, Any]:
        return {"rows": pl.read_parquet(target.adapter.location().path).height}

    function = provider.serverless("count", handler=count)

    @task
    def write_and_invoke() -> dict[str, Any]:
        target.write(pl.DataFrame({"a": [1, 2]}))
        return function.invoke({})

    @pipeline
    def invoking() -> Any:
        return write_and_invoke()

    run = invoking.run()

    assert run.result == {"rows": 2}


def test_run_inside_a_task_finds_what_the_task_has_written(
    numbers: Bucket, provider: Provider
) -> None:
    target = provider.bucket("lake", path="copy.parquet")

    @task
    def total(bucket: Bucket) -> int:
        return int(bucket.scan().sum().collect().item())

    @pipeline
    def inner() -> Any:
        return total(target)

    @task
    def write_and_run(frame: pl.LazyFrame) -> int:
        target.write(frame)
        return int(inner.run().result)

    @pipeline
    def outer() -> Any:
        return write_and_run(load(numbers))

    run = outer.run()

    assert run.result == 6


def breaking(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Return a frame that fails when it is executed."""

    def fail(_: pl.DataFrame) -> pl.DataFrame:
        raise ArithmeticError("no luck")

    return frame.map_batches(fail, schema={"a": pl.Int64})


def test_second_write_that_fails_inside_the_body_fails_its_task(
    numbers: Bucket, provider: Provider
) -> None:
    good, bad = provider.bucket("lake", "good.parquet"), provider.bucket("lake", "bad.parquet")

    @task
    def write_both_and_read_one() -> int:
        bad.write(breaking(numbers.scan()))
        good.write(pl.DataFrame({"a": [1]}))
        return good.read().height

    @pipeline
    def careless() -> None:
        write_both_and_read_one()

    with pytest.raises(RunError, match=r"bad.parquet failed .* no luck") as failure:
        careless.run()

    assert list(failure.value.run.errors) == ["write_both_and_read_one"]
    assert good.read().height == 1


def test_effect_after_a_failed_write_of_the_same_task_is_refused(
    numbers: Bucket, provider: Provider
) -> None:
    bad = provider.bucket("lake", "bad.parquet")
    ran = []

    @task
    def note() -> None:
        ran.append(1)

    @pipeline
    def inner() -> None:
        note()

    @task
    def write_and_run() -> None:
        bad.write(breaking(pl.LazyFrame({"a": [1]})))
        inner.run()

    @pipeline
    def outer() -> None:
        write_and_run()

    with pytest.raises(RunError, match=r"would run .*a write that it made before failed"):
        outer.run()

    assert ran == []


def test_failed_write_is_not_lost_when_another_task_settles_it(provider: Provider) -> None:
    @task
    def write(number: int, run: int) -> None:
        bucket = provider.bucket("lake", f"{run}/{number}.parquet")
        frame = pl.LazyFrame({"a": [number]})
        bucket.write(breaking(frame) if number % 2 else frame)
        if number % 2 == 0:
            bucket.read()

    @pipeline(max_workers=8)
    def racing(run: int) -> None:
        for number in range(8):
            write(number, run)

    failed = []
    for run in range(10):
        with pytest.raises(RunError) as failure:
            racing.run(run=run)
        failed.append(sorted(failure.value.run.errors))

    assert failed == [["write#2", "write#4", "write#6", "write#8"]] * 10


def test_read_waits_for_a_settle_that_another_task_has_begun(provider: Provider) -> None:
    target = provider.bucket("lake", "x.parquet")
    settling, second_is_in = threading.Event(), threading.Event()

    def wait(frame: pl.DataFrame) -> pl.DataFrame:
        settling.set()
        second_is_in.wait(30)
        return frame

    @task
    def write() -> int:
        target.write(pl.LazyFrame({"a": [7]}).map_batches(wait, schema={"a": pl.Int64}))
        return 1

    first_may_read = threading.Event()

    @task
    def read_first(_: int) -> int:
        assert first_may_read.wait(30)
        return int(target.read().item())

    @task
    def read_second(_: int) -> int:
        first_may_read.set()
        assert settling.wait(30)
        threading.Timer(0.05, second_is_in.set).start()
        return int(target.read().item())

    @pipeline
    def reading() -> Any:
        written = write()
        return [read_first(written), read_second(written)]

    run = reading.run()

    assert run.result == [7, 7]


def test_dependent_task_waits_for_the_last_body_that_holds_an_old_frame(numbers: Bucket) -> None:
    holder_is_in, release = threading.Event(), threading.Event()

    @task
    def hold(frame: pl.LazyFrame) -> int:
        holder_is_in.set()
        assert release.wait(30)
        return int(frame.collect()["a"].sum())

    @task
    def replace() -> None:
        assert holder_is_in.wait(30)
        numbers.write(pl.DataFrame({"a": [100]}))
        threading.Timer(0.05, release.set).start()

    @task(depends_on=[replace])
    def after() -> int:
        return int(numbers.read().item())

    @pipeline
    def waiting() -> Any:
        held = hold(load(numbers))
        replace()
        return [held, after()]

    run = waiting.run()

    assert run.result == [6, 100]


def test_tasks_that_wait_for_one_another_in_a_circle_are_told(
    numbers: Bucket, provider: Provider
) -> None:
    other = provider.bucket("lake", "other.parquet")
    other.write(pl.DataFrame({"a": [5]}))
    all_are_in = threading.Barrier(3, timeout=30)

    @task
    def replace() -> int:
        all_are_in.wait()
        numbers.write(pl.DataFrame({"a": [8]}))
        other.write(pl.DataFrame({"a": [9]}))
        return 1

    @task
    def note(_: int) -> None:
        written.set()

    written = threading.Event()

    @task
    def look(frame: pl.LazyFrame, elsewhere: Bucket) -> None:
        all_are_in.wait()
        assert written.wait(30)
        elsewhere.read()

    @pipeline
    def circle() -> None:
        look(load(numbers), other)
        look(load(other), numbers)
        note(replace())

    with pytest.raises(RunError, match=r"would wait for .* in the same way. Say with depends_on="):
        circle.run()


def test_copy_and_delete_in_one_task_moves(numbers: Bucket, provider: Provider) -> None:
    copy = provider.bucket("lake", "copy.parquet")

    @task
    def move() -> None:
        copy.write(numbers.scan())
        numbers.delete()

    @pipeline
    def moving() -> None:
        move()

    moving.run()

    assert copy.read()["a"].to_list() == [1, 2, 3]
    assert not numbers.exists()


def test_source_of_a_pending_write_is_read_before_it_is_opened_for_writing(
    numbers: Bucket, provider: Provider
) -> None:
    copy = provider.bucket("lake", "copy.parquet")

    @task
    def copy_it() -> int:
        copy.write(numbers.scan())
        return 1

    @task
    def rewrite(_: int) -> None:
        with numbers.open("wb") as stream:
            pl.DataFrame({"a": [9]}).write_parquet(stream)

    @pipeline
    def rewriting() -> None:
        rewrite(copy_it())

    rewriting.run()

    assert copy.read()["a"].to_list() == [1, 2, 3]
    assert numbers.read()["a"].to_list() == [9]


def test_source_is_not_deleted_when_its_copy_fails(numbers: Bucket, provider: Provider) -> None:
    copy = provider.bucket("lake", "copy.parquet")

    @task
    def move() -> None:
        copy.write(breaking(numbers.scan()))
        numbers.delete()

    @pipeline
    def moving() -> None:
        move()

    with pytest.raises(RunError, match=r"is left as it is: the task would delete it"):
        moving.run()

    assert numbers.read()["a"].to_list() == [1, 2, 3]


def test_delete_waits_for_bodies_that_hold_frames_of_the_place(numbers: Bucket) -> None:
    holder_is_in, release = threading.Event(), threading.Event()

    @task
    def hold(frame: pl.LazyFrame) -> int:
        holder_is_in.set()
        assert release.wait(30)
        return int(frame.collect()["a"].sum())

    @task
    def remove() -> None:
        assert holder_is_in.wait(30)
        threading.Timer(0.05, release.set).start()
        numbers.delete()

    @pipeline
    def removing() -> Any:
        held = hold(load(numbers))
        remove()
        return held

    run = removing.run()

    assert run.result == 6
    assert not numbers.exists()


@pytest.mark.parametrize("container", [list, tuple, lambda frames: {"frames": list(frames)}])
def test_frame_scanned_by_the_pipeline_keeps_the_old_rows_in_containers(
    numbers: Bucket, container: Any
) -> None:
    @pipeline
    def hazard() -> Any:
        frame: Any = numbers.scan()
        save(add(frame), numbers)
        return container([frame])

    with hazard.run() as run:
        kept = run.result["frames"] if isinstance(run.result, dict) else run.result
        rows = kept[0].collect()["a"].to_list()

    assert rows == [1, 2, 3]


def test_frame_in_a_container_argument_keeps_the_old_rows(
    numbers: Bucket, provider: Provider
) -> None:
    copy = provider.bucket("lake", "copy.parquet")

    @task(depends_on=[save])
    def save_late(frames: dict[str, list[pl.LazyFrame]]) -> None:
        copy.write(frames["these"][0])

    @pipeline
    def hazard() -> None:
        frame: Any = numbers.scan()
        save(add(frame), numbers)
        save_late({"these": [frame]})

    hazard.run()

    assert copy.read()["a"].to_list() == [1, 2, 3]


def test_kept_result_outlives_a_run_that_nobody_holds(numbers: Bucket) -> None:
    @pipeline
    def hazard() -> Any:
        frame = load(numbers)
        save(add(frame), numbers)
        return frame

    frame = hazard.run().result
    gc.collect()

    assert frame.collect()["a"].to_list() == [1, 2, 3]


def test_result_that_can_not_be_kept_names_its_task(numbers: Bucket) -> None:
    @task
    def broken(frame: pl.LazyFrame) -> pl.LazyFrame:
        return breaking(frame)

    @pipeline
    def hazard() -> Any:
        frame = load(numbers)
        save(add(frame), numbers)
        return broken(frame)

    with pytest.raises(RunError, match=r"The result of task 'broken' .* no luck"):
        hazard.run()


@pytest.mark.parametrize("look", [Bucket.list, Bucket.open])
def test_looking_at_a_place_with_an_old_frame_in_hand_is_refused(
    numbers: Bucket, look: Any
) -> None:
    @task
    def write_and_look() -> None:
        numbers.write(numbers.scan())
        look(numbers)

    @pipeline
    def looking() -> None:
        write_and_look()

    with pytest.raises(RunError, match=r"StaleScanError: Task 'write_and_look' looks at a place"):
        looking.run()


def test_function_in_a_settled_frame_may_use_buckets(numbers: Bucket, provider: Provider) -> None:
    one, other = provider.bucket("lake", "one.parquet"), provider.bucket("lake", "other.parquet")
    one.write(pl.DataFrame({"a": [0]}))

    def look(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(a=pl.lit(one.read().height, dtype=pl.Int64))

    @task
    def write(frame: pl.LazyFrame) -> int:
        one.write(frame)
        other.write(frame.map_batches(look, schema={"a": pl.Int64}))
        return other.read().height

    @pipeline
    def reentrant() -> Any:
        return write(load(numbers))

    run = reentrant.run()

    assert run.result == 3
    assert one.read().height == 3


def test_missing_source_is_not_taken_for_a_missing_target(
    numbers: Bucket, provider: Provider
) -> None:
    target = provider.bucket("lake", "target.parquet")
    frame = numbers.scan()
    numbers.delete()

    with pytest.raises(
        ObjectNotFoundError, match=r"Writing .*target.parquet failed .*numbers.parquet"
    ):
        target.write(frame)


def test_bodies_go_on_while_a_settle_executes(provider: Provider) -> None:
    one, other = provider.bucket("lake", "one.parquet"), provider.bucket("lake", "other.parquet")
    executing, go_on = threading.Event(), threading.Event()

    def slow(frame: pl.DataFrame) -> pl.DataFrame:
        executing.set()
        assert go_on.wait(30)
        return frame

    @task
    def write_and_read() -> int:
        one.write(pl.LazyFrame({"a": [1]}).map_batches(slow, schema={"a": pl.Int64}))
        return one.read().height

    @task
    def step(_: Any = None) -> int:
        assert executing.wait(30)
        other.write(pl.DataFrame({"a": [1]}))
        return 1

    @task
    def last(_: int) -> int:
        go_on.set()
        return 1

    @pipeline
    def side_by_side() -> Any:
        return [write_and_read(), last(step())]

    run = side_by_side.run()

    assert run.result == [1, 1]
    assert other.exists()


def test_body_that_would_read_what_is_being_replaced_waits_for_it(
    numbers: Bucket, provider: Provider
) -> None:
    executing = threading.Event()

    def slow(frame: pl.DataFrame) -> pl.DataFrame:
        executing.set()
        begun.wait(0.2)  # long enough for the reader's body, if nothing held it back
        return frame

    begun = threading.Event()

    @task
    def replace_and_look() -> int:
        rows = pl.LazyFrame({"a": [100]}).map_batches(slow, schema={"a": pl.Int64})
        numbers.write(rows)
        return numbers.read().height

    @task
    def wait_for_execution(_: Any) -> int:
        assert executing.wait(30)
        return 1

    @task
    def add_up(frame: pl.LazyFrame, _: int) -> int:
        begun.set()
        return int(frame.sum().collect().item())

    @pipeline
    def racing() -> Any:
        frame: Any = load(numbers)
        replaced = replace_and_look()
        return [replaced, add_up(frame, wait_for_execution(1))]

    run = racing.run()

    assert run.result == [1, 6]


def test_run_inside_a_task_spares_what_the_outer_run_still_reads(numbers: Bucket) -> None:
    @task
    def replace() -> None:
        numbers.write(pl.DataFrame({"a": [100, 206]}))

    @pipeline
    def inner() -> None:
        replace()

    @task
    def count(frame: pl.LazyFrame) -> int:
        return 1

    @task
    def run_inner(_: int) -> int:
        inner.run()
        return 0

    @task
    def add_up(frame: pl.LazyFrame, _: int) -> int:
        return int(frame.sum().collect().item())

    @pipeline
    def outer() -> Any:
        frame = load(numbers)
        return add_up(frame, run_inner(count(frame)))

    run = outer.run()

    assert run.result == 6
    assert numbers.read()["a"].sum() == 306


def interrupted(_: pl.DataFrame) -> pl.DataFrame:
    raise KeyboardInterrupt


def leaving(_: pl.DataFrame) -> pl.DataFrame:
    raise SystemExit(1)


def test_interrupt_while_queries_run_commits_nothing(provider: Provider, base_path: Path) -> None:
    good, bad = provider.bucket("lake", "good.parquet"), provider.bucket("lake", "bad.parquet")

    @task
    def write() -> None:
        good.write(pl.LazyFrame({"a": [1]}))
        bad.write(pl.LazyFrame({"a": [1]}).map_batches(interrupted, schema={"a": pl.Int64}))

    @pipeline
    def stopped() -> None:
        write()

    with pytest.raises(KeyboardInterrupt):
        stopped.run()

    assert not good.exists()
    assert not bad.exists()
    assert [name for name in files_under(base_path) if "lock" not in name] == []


def test_write_is_not_committed_when_a_function_in_its_frame_leaves_the_process(
    provider: Provider,
) -> None:
    target = provider.bucket("lake", "x.parquet")

    @task(timeout_seconds=30)
    def write() -> None:
        target.write(pl.LazyFrame({"a": [1]}).map_batches(leaving, schema={"a": pl.Int64}))

    @pipeline
    def left() -> None:
        write()

    with pytest.raises(SystemExit):
        left.run()

    assert not target.exists()


def test_timeout_during_a_settle_spares_the_writes_of_other_tasks(
    numbers: Bucket, provider: Provider, base_path: Path
) -> None:
    good, late, later = (provider.bucket("lake", f"{n}.parquet") for n in ("good", "late", "later"))
    go_on = threading.Event()

    def slow(frame: pl.DataFrame) -> pl.DataFrame:
        go_on.wait(0.5)
        return frame

    @task
    def save_good() -> int:
        good.write(numbers.scan())
        return 1

    @task(timeout_seconds=0.1)
    def read_back(_: int) -> int:
        late.write(pl.LazyFrame({"a": [1]}))
        later.write(pl.LazyFrame({"a": [1]}).map_batches(slow, schema={"a": pl.Int64}))
        return later.read().height

    @pipeline
    def given_up() -> Any:
        return read_back(save_good())

    with pytest.raises(RunError, match=r"took longer than timeout_seconds=0.1") as failure:
        given_up.run()

    assert str(failure.value.run.tasks["save_good"].status) == "SUCCEEDED"
    assert good.read().height == 3
    assert not late.exists()
    assert not later.exists()
    assert [name for name in files_under(base_path) if "stage" in name and "lock" not in name] == []


def test_function_in_a_frame_can_not_change_what_is_being_settled(
    numbers: Bucket, provider: Provider
) -> None:
    one, other = provider.bucket("lake", "one.parquet"), provider.bucket("lake", "other.parquet")

    def remove(frame: pl.DataFrame) -> pl.DataFrame:
        one.delete()
        return frame

    @task
    def write() -> int:
        one.write(numbers.scan())
        return 1

    @task
    def read_back(_: int) -> int:
        other.write(pl.LazyFrame({"a": [1]}).map_batches(remove, schema={"a": pl.Int64}))
        return other.read().height

    @pipeline
    def reentrant() -> Any:
        return read_back(write())

    with pytest.raises(RunError, match=r"would delete or replace .* while its writes are executed"):
        reentrant.run()

    assert one.read().height == 3
    assert not other.exists()


def test_run_inside_a_task_that_timed_out_commits_nothing(provider: Provider) -> None:
    target = provider.bucket("lake", "x.parquet")
    timed_out, ended = threading.Event(), threading.Event()

    @task
    def write() -> None:
        assert timed_out.wait(30)
        target.write(pl.DataFrame({"a": [1]}))

    @pipeline
    def inner() -> None:
        write()

    errors: list[PipelineError] = []

    @task(timeout_seconds=0.1)
    def run_inner() -> None:
        try:
            inner.run()
        except PipelineError as error:
            errors.append(error)
        finally:
            ended.set()

    @pipeline
    def outer() -> None:
        run_inner()

    with pytest.raises(RunError, match=r"took longer than timeout_seconds=0.1"):
        outer.run()
    timed_out.set()
    assert ended.wait(30)

    assert "'run_inner' is over" in str(errors[0])
    assert not target.exists()


def test_delete_by_a_run_inside_a_task_spares_what_the_outer_run_still_reads(
    numbers: Bucket,
) -> None:
    @task
    def remove() -> None:
        numbers.delete()

    @pipeline
    def inner() -> None:
        remove()

    @task
    def run_inner() -> int:
        inner.run()
        return 0

    @task
    def add_up(frame: pl.LazyFrame, _: int) -> int:
        return int(frame.sum().collect().item())

    @pipeline(max_workers=1)
    def outer() -> Any:
        return add_up(load(numbers), run_inner())

    run = outer.run()

    assert run.result == 6
    assert not numbers.exists()


def test_run_inside_a_task_replaces_nothing_when_an_outer_write_from_there_fails(
    numbers: Bucket, provider: Provider
) -> None:
    bad = provider.bucket("lake", "bad.parquet")
    inner_is_in, is_pending = threading.Event(), threading.Event()

    @task
    def replace() -> None:
        inner_is_in.set()
        assert is_pending.wait(30)
        numbers.write(pl.DataFrame({"a": [100]}))

    @pipeline
    def inner() -> None:
        replace()

    @task
    def run_inner() -> int:
        inner.run()
        return 0

    @task
    def save_bad(frame: pl.LazyFrame) -> int:
        assert inner_is_in.wait(30)
        bad.write(frame)
        return 1

    @task
    def tell(_: int) -> None:
        is_pending.set()

    @pipeline
    def outer() -> None:
        run_inner()
        tell(save_bad(failing(load(numbers))))

    with pytest.raises(
        RunError, match=r"numbers.parquet is left as it is: the task would replace it"
    ):
        outer.run()

    assert numbers.read()["a"].to_list() == [1, 2, 3]
