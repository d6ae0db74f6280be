"""Values with frames in them, on their way through a place."""

import datetime as dt
import functools
import io
import sys
import threading
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.io.plugins import register_io_source
from polars.testing import assert_frame_equal

from glacier import Bucket, Provider, task
from glacier.config import LocalConfig
from glacier.errors import PackageError, WriteError
from glacier.jobs.plans import plan_of
from glacier.jobs.transfer import LARGEST_VALUE_BYTES, Outbox, unpack
from glacier.resources.scans import scan_of
from tests.core.packaged_jobs import place_in

ROWS = pl.DataFrame({"part": ["a", "b", "a"], "x": [1, 2, 3]})
LATER = pl.LazyFrame({"later": [1]})


def doubled(series: pl.Series) -> pl.Series:
    return series * 2


@task
def kept(frame: pl.LazyFrame) -> pl.LazyFrame:
    return frame


@pytest.fixture
def place(provider: Provider) -> Bucket:
    return place_in(provider)


@pytest.fixture
def bucket(provider: Provider) -> Bucket:
    made = provider.bucket("sales", "rows.parquet")
    made.write(ROWS)
    return made


def carried(place: Bucket, value: Any, folder: Any = "in") -> Any:
    """Return what arrives of a value."""
    outbox = Outbox(place, folder)
    packed = outbox.pack(value)
    outbox.send()
    return unpack(packed.data)


def travels_as(place: Bucket, value: Any, folder: Any = "in") -> list[str]:
    return [frame.travels_as for frame in Outbox(place, folder).pack(value).frames]


def test_untouched_scan_travels_as_its_bucket(place: Bucket, bucket: Bucket) -> None:
    arrived = carried(place, bucket.scan(n_rows=2))

    scan = scan_of(arrived)
    assert scan is not None
    assert (scan.bucket.path, scan.options) == ("rows.parquet", {"n_rows": 2})
    assert_frame_equal(arrived.collect(), ROWS.head(2))
    assert not place.list()


@pytest.mark.parametrize(
    ("path", "format", "partition_by"),
    [
        ("rows.parquet", None, None),
        ("rows/", "parquet", None),
        ("parts/", "parquet", "part"),
        ("rows.csv", None, None),
        ("rows.ndjson", None, None),
        ("rows.arrow", None, None),
        ("all/", "csv", None),
    ],
)
def test_query_of_shared_storage_travels_as_its_plan(
    provider: Provider, place: Bucket, path: str, format: str | None, partition_by: str | None
) -> None:
    bucket = provider.bucket("sales", path, format)
    bucket.write(ROWS, partition_by=partition_by)
    query = bucket.scan().filter(pl.col("x") > 1).group_by("part").agg(pl.col("x").sum())

    packed = Outbox(place, "in").pack(query)

    assert [frame.travels_as for frame in packed.frames] == ["plan"]
    assert not packed.by_value
    expected = pl.DataFrame({"part": ["a", "b"], "x": [3, 2]})
    assert_frame_equal(unpack(packed.data).collect().sort("part"), expected)
    assert not place.list()


def test_query_of_a_glob_travels_as_its_plan(provider: Provider, place: Bucket) -> None:
    provider.bucket("sales", "rows-1.parquet").write(ROWS)
    query = provider.bucket("sales", "rows-*.parquet").scan().select("x")

    assert travels_as(place, query) == ["plan"]


def test_query_whose_schema_was_asked_for_travels_as_its_plan(
    place: Bucket, bucket: Bucket
) -> None:
    query = bucket.scan().select("x")
    query.collect_schema()  # from here on Polars wraps the plan
    longer = query.filter(pl.col("x") > 1)

    packed = Outbox(place, "in").pack([query, longer.join(query, on="x")])

    assert [frame.travels_as for frame in packed.frames] == ["plan", "plan"]
    assert [frame.collect()["x"].sum() for frame in unpack(packed.data)] == [6, 5]


def test_query_of_memory_whose_schema_was_asked_for_travels_as_rows(
    place: Bucket, bucket: Bucket
) -> None:
    memory = pl.LazyFrame({"x": [1]})
    memory.collect_schema()

    assert travels_as(place, bucket.scan().join(memory, on="x")) == ["staged"]


def test_plan_travels_without_a_row_being_read(place: Bucket, bucket: Bucket) -> None:
    query = bucket.scan().select("x")
    file = Path(bucket.adapter.location().path)
    content = bytearray(file.read_bytes())
    footer = int.from_bytes(content[-8:-4], "little") + 8
    content[4:-footer] = bytes(len(content) - footer - 4)
    file.write_bytes(content)

    packed = Outbox(place, "in").pack(query)

    assert [frame.travels_as for frame in packed.frames] == ["plan"]
    with pytest.raises(pl.exceptions.ComputeError):
        unpack(packed.data).collect()


def source_in_memory(bucket: Bucket, outside: Path) -> pl.LazyFrame:
    return ROWS.lazy().filter(pl.col("x") > 0)


def source_joined_with_memory(bucket: Bucket, outside: Path) -> pl.LazyFrame:
    return bucket.scan().join(ROWS.lazy(), on=["part", "x"])


def source_in_bytes(bucket: Bucket, outside: Path) -> pl.LazyFrame:
    return pl.scan_parquet(io.BytesIO(Path(bucket.adapter.location().path).read_bytes()))


def source_in_an_open_file(bucket: Bucket, outside: Path) -> pl.LazyFrame:
    ROWS.write_parquet(outside)
    with outside.open("rb") as file:
        return pl.scan_parquet(file)


def source_in_python(bucket: Bucket, outside: Path) -> pl.LazyFrame:
    return register_io_source(lambda *_: iter([ROWS]), schema=ROWS.schema).select("part", "x")


def source_outside(bucket: Bucket, outside: Path) -> pl.LazyFrame:
    ROWS.write_parquet(outside)
    return pl.scan_parquet(outside)


def source_with_large_literal(bucket: Bucket, outside: Path) -> pl.LazyFrame:
    wanted = pl.Series(range(1_000_000), dtype=pl.Int64).implode()
    return bucket.scan().filter(pl.col("x").is_in(wanted))


def source_of_another_provider(bucket: Bucket, outside: Path) -> pl.LazyFrame:
    elsewhere = Provider(LocalConfig(base_path=outside)).bucket("b", "rows.parquet")
    elsewhere.write(ROWS)
    return elsewhere.scan()


@pytest.mark.parametrize(
    "source",
    [
        source_in_memory,
        source_joined_with_memory,
        source_in_bytes,
        source_in_an_open_file,
        source_in_python,
        source_outside,
        source_with_large_literal,
        source_of_another_provider,
    ],
)
def test_query_of_what_is_not_shared_is_streamed(
    place: Bucket,
    bucket: Bucket,
    tmp_path: Path,
    source: Callable[[Bucket, Path], pl.LazyFrame],
) -> None:
    query = source(bucket, tmp_path / "outside")

    assert travels_as(place, query) == ["staged"]
    arrived = carried(place, query)
    assert isinstance(arrived, pl.LazyFrame)
    assert_frame_equal(arrived.collect().sort("x"), ROWS)


def test_frames_of_this_machine_are_streamed_to_a_place_elsewhere(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from glacier_toy import ToyConfig

    monkeypatch.setenv("TOY_HOME", str(tmp_path / "toys"))
    place = place_in(Provider(ToyConfig(region="cellar")))

    arrived = carried(place, [bucket.scan(), bucket.scan().select("x")])

    assert travels_as(place, [bucket.scan(), bucket.scan().select("x")]) == ["staged"] * 2
    assert_frame_equal(arrived[0].collect(), ROWS)
    assert_frame_equal(arrived[1].collect(), ROWS.select("x"))


def test_delta_scan_travels_as_its_bucket_and_its_query_as_rows(
    provider: Provider, place: Bucket
) -> None:
    table = provider.bucket("sales", "table", "delta")
    table.write(ROWS)

    packed = Outbox(place, "in").pack([table.scan(), table.scan().filter(pl.col("x") == 1)])

    assert [frame.travels_as for frame in packed.frames] == ["scan", "staged"]
    assert "delta" in packed.formats
    assert_frame_equal(carried(place, table.scan()).collect(), ROWS)


def test_result_query_is_computed_before_it_travels(place: Bucket, bucket: Bucket) -> None:
    assert travels_as(place, bucket.scan().select("x"), "out") == ["staged"]


def test_result_that_is_an_input_does_not_stay_where_inputs_are(place: Bucket) -> None:
    arrived = carried(place, ROWS.lazy())

    returned = carried(place, arrived, "out")

    (place / "in/").delete()
    assert_frame_equal(returned.collect(), ROWS)


EVERY_TYPE = [
    pl.Series("i8", [1, None, -1], dtype=pl.Int8),
    pl.Series("i128", [2**100, None, -1], dtype=pl.Int128),
    pl.Series("u64", [2**64 - 1, None, 0], dtype=pl.UInt64),
    pl.Series("f16", [1.5, None, 0.0], dtype=pl.Float16),
    pl.Series("f32", [1.5, None, float("inf")], dtype=pl.Float32),
    pl.Series("bool", [True, None, False]),
    pl.Series("text", ["ü", None, ""]),
    pl.Series("bytes", [b"\0\xff", None, b""]),
    pl.Series("date", [dt.date(2024, 1, 1), None, dt.date(1, 1, 1)]),
    pl.Series("time", [dt.time(1, 2, 3, 4), None, dt.time(0)]),
    pl.Series("span_ns", [1, None, -1], dtype=pl.Duration("ns")),
    pl.Series("span_ms", [1, None, -1], dtype=pl.Duration("ms")),
    pl.Series("at_ns", [1, None, 2], dtype=pl.Datetime("ns")),
    pl.Series("at_ms", [1, None, 2], dtype=pl.Datetime("ms")),
    pl.Series("at_zone", [1, None, 2], dtype=pl.Datetime("us", "Europe/Vienna")),
    pl.Series("decimal", [Decimal("1.50"), None, Decimal(0)], dtype=pl.Decimal(38, 2)),
    pl.Series("category", ["a", None, "b"], dtype=pl.Categorical),
    pl.Series("enum", ["b", None, "a"], dtype=pl.Enum(["a", "b", "c"])),
    pl.Series("list", [[1, None], None, []], dtype=pl.List(pl.UInt8)),
    pl.Series("array", [[1, 2], None, [3, 4]], dtype=pl.Array(pl.Int16, 2)),
    pl.Series("struct", [{"a": 1, "b": ["x"]}, None, {"a": None, "b": []}]),
    pl.Series("null", [None, None, None], dtype=pl.Null),
    pl.Series("enums", [["a"], None, []], dtype=pl.List(pl.Enum(["a"]))),
]


@pytest.mark.parametrize("series", EVERY_TYPE, ids=lambda series: series.name)
def test_frame_keeps_its_types(place: Bucket, series: pl.Series) -> None:
    frame = series.to_frame()

    eager, lazy, empty = carried(place, [frame, frame.lazy(), frame.clear()])

    assert_frame_equal(eager, frame)
    assert_frame_equal(lazy.collect(), frame)
    assert_frame_equal(empty, frame.clear())


def test_frame_without_columns_arrives(place: Bucket) -> None:
    assert carried(place, pl.DataFrame()).shape == (0, 0)


def test_frame_of_python_objects_is_refused(place: Bucket) -> None:
    frame = pl.DataFrame({"thing": pl.Series([object()], dtype=pl.Object)})

    with pytest.raises(PackageError, match=r"The column 'thing' is of the type Object, whose Py"):
        Outbox(place, "in").pack(frame)


def test_frame_that_cannot_be_computed_is_told_of_when_it_is_sent(place: Bucket) -> None:
    outbox = Outbox(place, "in")
    outbox.pack([ROWS.lazy().select("nowhere")])

    with pytest.raises(WriteError, match=r'in/0/ failed .* unable to find column "nowhere"'):
        outbox.send()


def test_frame_in_two_places_is_one_frame_again(place: Bucket) -> None:
    first, second, third = carried(place, [ROWS, ROWS, ROWS.clone()])

    assert first is second
    assert first is not third


class Holder:
    def __init__(self, frame: pl.DataFrame) -> None:
        self.frame = frame


def in_a_closure() -> Callable[[], object]:
    rows = ROWS
    return lambda: rows


def in_a_default() -> Callable[[], object]:
    def function(rows: pl.DataFrame = ROWS) -> object:
        return rows

    return function


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"rows": [ROWS]}, lambda value: value["rows"][0]),
        (Holder(ROWS), lambda value: value.frame),
        (in_a_closure(), lambda value: value()),
        (in_a_default(), lambda value: value()),
        (lambda: ROWS, lambda value: value()),
        (functools.partial(dict, rows=ROWS), lambda value: value()["rows"]),
    ],
    ids=["container", "attribute", "closure", "default", "global", "partial"],
)
def test_frame_is_found_wherever_it_is(
    place: Bucket, value: object, found: Callable[[Any], pl.DataFrame]
) -> None:
    outbox = Outbox(place, "in")

    packed = outbox.pack(value)
    outbox.send()

    assert [frame.travels_as for frame in packed.frames] == ["staged"]
    assert_frame_equal(found(unpack(packed.data)), ROWS)


@pytest.mark.parametrize(
    "query",
    [
        lambda frame: frame.with_columns(
            pl.col("x").map_elements(lambda x: x, return_dtype=pl.Int64)
        ),
        lambda frame: frame.map_batches(lambda rows: rows),
        lambda frame: frame.group_by("part").map_groups(lambda rows: rows, schema=ROWS.schema),
        lambda frame: frame.select(pl.all().name.map(lambda name: name)),
    ],
    ids=["map_elements", "map_batches", "map_groups", "name.map"],
)
def test_plan_with_python_functions_needs_the_same_python(
    place: Bucket, bucket: Bucket, query: Callable[[pl.LazyFrame], pl.LazyFrame]
) -> None:
    packed = Outbox(place, "in").pack(query(bucket.scan()))

    assert [frame.travels_as for frame in packed.frames] == ["plan"]
    assert packed.by_value
    assert unpack(packed.data).collect().shape == ROWS.shape


def test_plan_names_the_modules_of_its_functions(place: Bucket, bucket: Bucket) -> None:
    query = bucket.scan().with_columns(pl.col("x").map_batches(doubled, return_dtype=pl.Int64))

    packed = Outbox(place, "in").pack(query)

    assert __name__ in packed.modules


def test_plan_of_another_patch_release_of_python_is_accepted(bucket: Bucket) -> None:
    plan = plan_of(bucket.scan().map_batches(lambda rows: rows), lambda _: True)
    assert plan is not None
    minor, micro = sys.version_info[1:3]
    other = plan.data.replace(bytes((1, minor, micro)), bytes((1, minor, 99)))
    foreign = type(plan)(other, plan.paths, plan.modules, True, (minor, 99))

    arrived = foreign.load()

    assert other != plan.data
    assert_frame_equal(arrived.collect(), ROWS)


def credentials() -> Any:
    return {"aws_access_key_id": "key", "aws_secret_access_key": "none"}, None


def test_plan_with_credentials_that_have_a_name_runs_on_any_python() -> None:
    def load(provider: Any) -> pl.LazyFrame:
        return pl.scan_parquet(
            "s3://sales/rows.parquet",
            schema={"x": pl.Int64},
            storage_options={"aws_region": "eu-north-1"},
            credential_provider=provider,
        )

    by_name = plan_of(load(credentials), lambda _: True)
    by_value = plan_of(load(lambda: ({"aws_access_key_id": "key"}, None)), lambda _: True)

    assert by_name is not None
    assert by_value is not None
    assert (by_name.needs_same_python, by_value.needs_same_python) == (False, True)
    assert by_name.paths == ("s3://sales/rows.parquet",)
    assert __name__ in by_name.modules


def test_plan_with_credentials_of_another_minor_release_is_accepted() -> None:
    plan = plan_of(
        pl.scan_parquet(
            "s3://sales/rows.parquet",
            schema={"x": pl.Int64},
            storage_options={"aws_region": "eu-north-1"},
            credential_provider=credentials,
        ),
        lambda _: True,
    )
    assert plan is not None
    other = plan.data.replace(bytes((0, *sys.version_info[1:3])), bytes((0, 99, 0)))
    foreign = type(plan)(other, plan.paths, plan.modules, False, (99, 0))

    arrived = foreign.load()

    assert other != plan.data
    assert arrived.collect_schema() == {"x": pl.Int64}


def test_local_base_path_is_absolute_where_it_arrives(
    place: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    provider = Provider(LocalConfig(base_path="here"))

    arrived = carried(place, provider)

    assert arrived.config.base_path == tmp_path / "here"


def test_task_of_a_module_travels_by_its_name(place: Bucket) -> None:
    packed = Outbox(place, "in").pack(kept)

    assert unpack(packed.data) is kept
    assert not packed.by_value
    assert __name__ in packed.functions


def test_task_of_a_closure_travels_by_its_value(place: Bucket, provider: Provider) -> None:
    offset = 5

    @task(executor=provider.executor("jobs"), retries=3)
    def shifted(x: int) -> int:
        return x + offset

    packed = Outbox(place, "in").pack(shifted)
    arrived = unpack(packed.data)

    assert packed.by_value
    assert arrived is not shifted
    assert (arrived(1), arrived.retries, arrived.name) == (6, 3, "shifted")
    assert repr(arrived.executor) == repr(shifted.executor)


def test_function_with_a_cache_travels_by_its_value(place: Bucket) -> None:
    @functools.lru_cache(maxsize=7)
    def squared(x: int) -> int:
        return x * x

    arrived = carried(place, squared)

    assert arrived is not squared
    assert (arrived(3), arrived.cache_parameters()["maxsize"]) == (9, 7)


def test_relative_import_of_code_by_its_value_is_found(place: Bucket) -> None:
    names: dict[str, Any] = {"__package__": "tests.core", "__name__": "__main__"}
    exec("def load():\n    from . import moon\n    return moon", names)

    packed = Outbox(place, "in").pack(names["load"])

    assert "tests.core.moon" in packed.modules


LOCK = threading.Lock()


def a_lock_in_a_closure() -> object:
    lock = threading.Lock()
    return lambda: lock


def a_lock_in_a_default() -> object:
    def function(lock: object = threading.Lock()) -> object:
        return lock

    return function


def a_lock_in_an_attribute() -> object:
    holder = Holder(ROWS)
    holder.__dict__["guard"] = {"inner": threading.Lock()}
    return holder


@pytest.mark.parametrize(
    ("make", "blame"),
    [
        (a_lock_in_a_closure, r": the variable 'lock' is a lock, which can't be pickled \(Type"),
        (a_lock_in_a_default, r": the default of 'lock' is a lock, which"),
        (a_lock_in_an_attribute, r": the item 'inner' of the attribute 'guard' is a lock, which"),
        (lambda: lambda: LOCK, r": the variable 'LOCK' is a lock, which"),
        (lambda: functools.partial(print, LOCK), r": argument 0 is a lock, which"),
        (lambda: functools.partial(print, end=LOCK), r": argument 'end' is a lock, which"),
        (lambda: [1, LOCK], r": item 1 is a lock, which"),
        (lambda: LOCK, r": it is a lock, which"),
    ],
)
def test_value_that_cannot_be_pickled_names_what_is_to_blame(
    place: Bucket, make: Callable[[], object], blame: str
) -> None:
    value = make()

    with pytest.raises(PackageError, match=rf"The job can't be sent to another process{blame}"):
        Outbox(place, "in").pack(value, name="The job")


def test_result_that_is_large_and_no_json_is_refused(place: Bucket) -> None:
    value = (b"x" * LARGEST_VALUE_BYTES,)

    with pytest.raises(
        PackageError, match=r"The result is a tuple of 64 MiB, and what is no frame .* Return a fra"
    ):
        Outbox(place, "out").pack(value, name="The result")


def test_result_that_is_large_and_json_is_taken(place: Bucket) -> None:
    value = {"text": ["x" * LARGEST_VALUE_BYTES]}

    packed = Outbox(place, "out").pack(value)

    assert len(packed.data) > LARGEST_VALUE_BYTES
