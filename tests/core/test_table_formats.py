"""Delta and Iceberg tables, on this machine's disk."""

import sys
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from glacier import Bucket, Provider
from glacier.config import LocalConfig
from glacier.errors import (
    ConfigError,
    ObjectExistsError,
    ObjectNotFoundError,
    PathError,
    SchemaMismatchError,
    WriteError,
)
from glacier.formats import TableFormat
from glacier.storage import WriteRequest
from tests.core.distributions import run_python
from tests.core.writers import started

PACKAGES = {"delta": "deltalake", "iceberg": "pyiceberg"}
FRAME = pl.DataFrame({"code": ["01", "*?[x] ü/%", None], "x": [1, 2, 3]})


@pytest.fixture(params=PACKAGES)
def table_format(request: pytest.FixtureRequest) -> str:
    """The name of a table format whose package is installed."""
    name = str(request.param)
    pytest.importorskip(PACKAGES[name])
    return name


@pytest.fixture
def table(provider: Provider, table_format: str) -> Bucket:
    """A table that isn't there yet."""
    return provider.bucket("b", f"t.{table_format}")


def rows_of(bucket: Bucket) -> list[tuple[object, ...]]:
    return bucket.scan().sort("x").collect().rows()


@pytest.mark.parametrize("name", ["plain", "a b", "ünïcödé", "100%", "a#b+c&d=e", "ds/"])
def test_table_round_trips(provider: Provider, table_format: str, name: str) -> None:
    table = provider.bucket("b", name, table_format)

    table.write(FRAME)

    assert table.exists()
    assert_frame_equal(table.read(), FRAME)


def test_table_knows_that_it_is_one(table: Bucket) -> None:
    assert table.is_table


def test_missing_table_is_not_found(table: Bucket) -> None:
    assert not table.exists()
    with pytest.raises(ObjectNotFoundError, match=r"No (Delta|Iceberg) table is at .*/b/t\."):
        table.read()


def test_append_adds_rows_and_overwrite_replaces_them(table: Bucket) -> None:
    table.write(FRAME, mode="append")
    table.write(FRAME.with_columns(pl.col("x") + 3), mode="append")
    appended = [row[1] for row in rows_of(table)]

    table.write(FRAME.head(1))

    assert appended == [1, 2, 3, 4, 5, 6]
    assert rows_of(table) == [("01", 1)]


def test_error_mode_refuses_and_ignore_keeps_the_table(table: Bucket) -> None:
    table.write(FRAME, mode="error")

    with pytest.raises(ObjectExistsError, match="already holds data, and mode='error' refuses"):
        table.write(FRAME.head(1), mode="error")
    table.write(FRAME.head(1), mode="ignore")

    assert table.read().height == 3


def test_publish_refuses_a_table_that_has_appeared(table: Bucket) -> None:
    table.write(FRAME)
    chosen, location = table.get_format(), table.adapter.location()
    assert isinstance(chosen, TableFormat)

    with pytest.raises(ObjectExistsError, match="table, and mode='error' refuses to replace it"):
        chosen.publish(FRAME.lazy(), location, "error", WriteRequest(mode="error"))


def test_overwrite_replaces_the_columns(table: Bucket) -> None:
    table.write(FRAME)

    table.write(FRAME.select(y="x"))

    assert table.read().columns == ["y"]


@pytest.mark.parametrize("rows", [FRAME, FRAME.clear()])
def test_partitioned_table_round_trips(table: Bucket, rows: pl.DataFrame) -> None:
    table.write(rows, partition_by="code")
    table.write(rows, mode="append")
    appended = table.read().height
    table.write(rows, partition_by="code")

    assert appended == 2 * rows.height
    assert rows_of(table) == rows.sort("x").rows()
    assert table.read().schema == rows.schema


def test_frame_of_the_table_can_replace_it(table: Bucket) -> None:
    table.write(FRAME)

    table.write(table.scan().filter(pl.col("x") > 1))

    assert [row[1] for row in rows_of(table)] == [2, 3]


def test_failing_write_leaves_the_table(table: Bucket) -> None:
    table.write(FRAME)

    with pytest.raises(WriteError, match="failed and left it as it was"):
        table.write(FRAME.lazy().with_columns(pl.col("code").cast(pl.Int64)))

    assert table.read().height == 3


def test_unsigned_integers_are_widened(table: Bucket) -> None:
    table.write(pl.DataFrame({"n": [2**32 - 1]}, schema={"n": pl.UInt32}))
    table.write(pl.DataFrame({"n": [1]}, schema={"n": pl.UInt32}), mode="append")

    assert_frame_equal(table.read().sort("n"), pl.DataFrame({"n": [1, 2**32 - 1]}))


@pytest.mark.parametrize("dtype", [pl.Duration("us"), pl.UInt64, pl.Int128, pl.Datetime("ns")])
def test_type_that_tables_lack_is_refused(table: Bucket, dtype: pl.DataType) -> None:
    frame = pl.DataFrame({"bad": [None]}, schema={"bad": dtype})

    with pytest.raises(WriteError, match=r"(Delta|Iceberg) has no type for bad \("):
        table.write(frame)

    assert not table.exists()


def test_rows_that_do_not_fit_are_refused(table: Bucket) -> None:
    table.write(FRAME)

    with pytest.raises(SchemaMismatchError, match="x: Int64 in the table, String here"):
        table.write(FRAME.with_columns(pl.col("x").cast(pl.String)), mode="append")
    with pytest.raises(SchemaMismatchError, match="code: String in the table, nothing here"):
        table.write(FRAME.select("x"), mode="append")

    assert table.read().height == 3


def test_unknown_partition_column_is_refused(table: Bucket) -> None:
    with pytest.raises(WriteError, match="partition_by names nope, which the rows don't have"):
        table.write(FRAME, partition_by="nope")


def test_other_partitions_than_the_table_has_are_refused(table: Bucket) -> None:
    table.write(FRAME, partition_by="code")

    with pytest.raises(WriteError, match=r"(?s)partition.*(\"x\"|not by x)"):
        table.write(FRAME, mode="append", partition_by="x")


def test_delete_removes_the_table(table: Bucket) -> None:
    table.write(FRAME)

    table.delete()

    assert not table.exists()
    assert table.list() == []


def test_declared_schema_is_checked(provider: Provider, table: Bucket) -> None:
    table.write(FRAME)
    path = table.path

    assert provider.bucket("b", path, schema=FRAME.schema).read().height == 3
    with pytest.raises(SchemaMismatchError, match=r"does not fit the schema declared"):
        provider.bucket("b", path, schema={"code": pl.Date, "x": pl.Int64}).read()


@pytest.mark.skipif(sys.platform == "win32", reason="the writers are forked")
def test_no_append_of_two_processes_is_lost(
    provider: Provider, base_path: Path, table_format: str
) -> None:
    table = provider.bucket("b", "ds/", table_format)

    with started(base_path) as writers:
        writers.order("append", table_format, 2, 8)

    counts = table.scan().group_by("writer", "part").len().collect()
    assert counts.sort("writer", "part")["len"].to_list() == [8, 8, 8, 8]


def test_older_delta_version_stays_readable(provider: Provider) -> None:
    pytest.importorskip("deltalake")
    table = provider.bucket("b", "a table.delta")
    table.write(FRAME)
    table.write(FRAME.head(1))

    assert table.scan(version=0).collect().height == 3


@pytest.mark.parametrize("version", [2, 99, -1])
def test_delta_version_that_was_never_written_names_the_newest(
    provider: Provider, version: int
) -> None:
    pytest.importorskip("deltalake")
    table = provider.bucket("b", "a table.delta")
    table.write(FRAME)
    table.write(FRAME)

    with pytest.raises(ObjectNotFoundError, match=rf"has no version {version}; the newest is 1\."):
        table.scan(version=version)


@pytest.mark.parametrize("name", ["a[1]", "50%41", "t\tb"])
def test_path_that_delta_cannot_have_is_refused(tmp_path: Path, name: str) -> None:
    pytest.importorskip("deltalake")
    table = Provider(config=LocalConfig(base_path=tmp_path / name)).bucket("b", "t.delta")

    with pytest.raises(PathError, match="which Delta can't have in the path of a table"):
        table.write(FRAME)

    assert not (tmp_path / name / "b").exists()


def test_iceberg_table_has_the_metadata_of_a_file_system_table(
    provider: Provider, base_path: Path
) -> None:
    pytest.importorskip("pyiceberg")
    table = provider.bucket("b", "t.iceberg")

    table.write(FRAME)
    table.write(FRAME, mode="append")

    metadata = base_path / "b" / "t.iceberg" / "metadata"
    assert sorted(path.name for path in metadata.glob("*.json")) == [
        "v1.metadata.json",
        "v2.metadata.json",
    ]
    assert not list(metadata.glob(".*"))


def test_iceberg_version_is_never_replaced(provider: Provider, base_path: Path) -> None:
    pytest.importorskip("pyiceberg")
    from glacier.formats.iceberg_metadata import StoreCatalog

    catalog = StoreCatalog(provider.bucket("b", "t.iceberg").adapter.location())
    catalog._create_exclusively(1, b"one")

    with pytest.raises(FileExistsError):
        catalog._create_exclusively(1, b"other")

    written = list((base_path / "b" / "t.iceberg" / "metadata").iterdir())
    assert [path.name for path in written] == ["v1.metadata.json"]
    assert written[0].read_bytes() == b"one"


def test_iceberg_table_of_a_catalog_is_reached_through_it(
    provider: Provider, tmp_path: Path
) -> None:
    sql = pytest.importorskip("pyiceberg.catalog.sql")
    catalog = sql.SqlCatalog("c", uri=f"sqlite:///{tmp_path}/c.db", warehouse=f"file://{tmp_path}")
    catalog.create_namespace("ns")
    table = provider.bucket("b", "t.iceberg")

    table.write(FRAME, catalog=catalog, table="ns.t")
    table.write(FRAME, mode="append", catalog=catalog, table="ns.t")

    assert table.scan(catalog=catalog, table="ns.t").collect().height == 6
    assert catalog.load_table("ns.t").scan().to_arrow().num_rows == 6
    catalog.close()


def test_iceberg_table_of_a_catalog_is_not_written_past_it(
    provider: Provider, base_path: Path
) -> None:
    pytest.importorskip("pyiceberg")
    table = provider.bucket("b", "t.iceberg")
    table.write(FRAME)
    metadata = base_path / "b" / "t.iceberg" / "metadata"
    (metadata / "v1.metadata.json").rename(metadata / "00000-0c-1d.metadata.json")

    with pytest.raises(WriteError, match="belongs to a catalog service, which would not see this"):
        table.write(FRAME, mode="append")

    assert table.read().height == 3


def test_iceberg_catalog_needs_the_name_of_a_table(provider: Provider) -> None:
    pytest.importorskip("pyiceberg")

    with pytest.raises(ConfigError, match=r"needs both options: catalog= .* and table="):
        provider.bucket("b", "t.iceberg").scan(table="ns.t")


@pytest.mark.parametrize("name", PACKAGES)
def test_missing_package_is_named_with_its_command(name: str, tmp_path: Path) -> None:
    package = PACKAGES[name]
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util, sys\n"
        f"sys.modules[{package!r}] = None\n"
        "found = importlib.util.find_spec\n"
        f"importlib.util.find_spec = lambda name: None if name == {package!r} else found(name)\n"
    )

    finished = run_python(
        f"""
        from glacier import Provider
        from glacier.config import LocalConfig

        Provider(config=LocalConfig(base_path={str(tmp_path)!r})).bucket("b", "t.{name}")
        """,
        tmp_path,
    )

    assert "MissingPackageError" in finished.stderr
    assert f'Run: pip install "glacier-core[{name}]"' in finished.stderr
