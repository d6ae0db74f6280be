"""The published table of Polars and Spark types, and the casts that it stands for."""

import re
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from polars.datatypes import DataTypeClass
from polars.testing import assert_frame_equal
from polars.testing.parametric import dataframes

from glacier.errors import PackageError
from glacier.jobs.spark_session import SETTINGS
from glacier.jobs.types import is_read_right, restored, to_wire, wire_frame
from glacier.jobs.wire_schemas import arrow_schema, spark_schema
from tests.distributed.spark import spark_is_there

PAGE = Path(__file__).resolve().parents[2] / "docs" / "spark.md"
ROW = re.compile(r"^\| `(.+?)` \| (none|`.+?`) \| (yes|no|) ?\| (`.+`)? ?\|$", re.MULTILINE)


def dtype_of(text: str) -> pl.DataType:
    """Return the type that the page writes as Polars does."""
    dtype: DataTypeClass | pl.DataType = eval(text, vars(pl))
    return dtype() if isinstance(dtype, type) else dtype


def table() -> str:
    """Return the page's table of types."""
    return PAGE.read_text(encoding="utf-8").partition("| Polars | Spark |")[2].partition("\n\n")[0]


def published() -> dict[str, tuple[str, str, str]]:
    """Return the rows of the page's table of types, by the Polars type."""
    return {row[0]: (row[1].strip("`"), row[2], row[3].strip("`")) for row in ROW.findall(table())}


TYPES = sorted(published())
CROSSING = [name for name in TYPES if published()[name][0] != "none"]
WITHOUT_COUNTERPART = [name for name in TYPES if published()[name][0] == "none"]
LOST = {"UInt128", "Object", "Struct({})", "List(Null)"}


def test_every_row_of_the_table_is_read_by_these_tests() -> None:
    assert len(published()) == table().count("\n| `")


def test_page_has_the_settings_of_the_session() -> None:
    rows = re.findall(r"^\| `(spark\.[\w.]+)` \| `(.+?)` \|", PAGE.read_text("utf-8"), re.MULTILINE)

    assert dict(rows) == SETTINGS


def test_table_has_every_type_of_polars() -> None:
    def leaves(kind: type[pl.DataType]) -> set[type[pl.DataType]]:
        below = kind.__subclasses__()
        return {kind}.union(*map(leaves, below)) if below else {kind}

    named = {type(dtype_of(name)) for name in TYPES}

    public = {kind for kind in leaves(pl.DataType) if getattr(pl, kind.__name__, None) is kind}
    assert public - named - {pl.Unknown, pl.DataType, pl.BaseExtension, pl.Extension} == set()


@pytest.mark.parametrize("name", CROSSING)
def test_table_says_what_a_spark_task_sees(name: str) -> None:
    spark_is_there(needs_java=False)
    schema = pl.Schema({"x": dtype_of(name)})

    wire = to_wire(schema, natural=True)

    spark, read_right, back = published()[name]
    assert spark_schema(wire)["x"].dataType.simpleString() == spark
    assert wire["x"] == dtype_of(back)
    assert is_read_right(schema) == (read_right == "yes")


@pytest.mark.parametrize("name", WITHOUT_COUNTERPART)
def test_table_says_none_where_a_type_is_refused(name: str) -> None:
    schema = pl.Schema({"day": pl.Date(), "x y": dtype_of(name)})

    with pytest.raises(PackageError, match=r"The column 'x y' is .* no counterpart in Spark"):
        to_wire(schema, natural=True)


@pytest.mark.parametrize("name", WITHOUT_COUNTERPART)
def test_transport_refuses_only_what_the_page_says(name: str) -> None:
    schema = pl.Schema({"x": dtype_of(name)})

    try:
        to_wire(schema, natural=False)
        is_refused = False
    except PackageError:
        is_refused = True

    assert is_refused == (name in LOST)


@pytest.mark.parametrize(
    ("dtype", "advice"),
    [
        (pl.Datetime("ns"), r"cast it to Datetime\(\"us\"\), or to Int64"),
        (pl.Duration("us"), r"take \.dt\.total_microseconds\(\) of it"),
        (pl.Time(), r"cast it to Int64 \(nanoseconds\) or String"),
        (pl.UInt128(), r"cast it to Decimal\(38, 0\) or to String"),
        (pl.Object(), "turn it into columns of ordinary types"),
        (pl.List(pl.Null), "which holds Null: .* give its values a type"),
        (pl.List(pl.Struct({"t": pl.Time})), r"List\(Struct\(.*which holds Time: .* Int64"),
    ],
)
def test_refused_type_says_what_to_do(dtype: pl.DataType, advice: str) -> None:
    with pytest.raises(PackageError, match=advice):
        to_wire(pl.Schema({"x": dtype}), natural=True)


def test_refused_type_is_a_fact_of_the_error() -> None:
    with pytest.raises(PackageError) as raised:
        to_wire(pl.Schema({"x": pl.Time}), natural=True)

    assert (vars(raised.value)["column"], vars(raised.value)["dtype"]) == ("x", pl.Time)


def test_frame_without_columns_is_refused() -> None:
    with pytest.raises(PackageError, match="without columns can't go to Spark"):
        to_wire(pl.Schema(), natural=False)


@settings(max_examples=150, deadline=None)
@given(
    frame=dataframes(
        min_cols=1,
        max_cols=4,
        max_size=5,
        allow_time_zones=True,
        excluded_dtypes=[pl.Object, pl.UInt128, pl.Int128, pl.Unknown, pl.Null, pl.Extension],
    )
)
def test_transport_loses_nothing(frame: pl.DataFrame) -> None:
    wire = to_wire(frame.schema, natural=False)

    crossed = wire_frame(frame.lazy(), wire).collect()
    back = restored(crossed.lazy(), frame.schema).collect()

    assert list(crossed.schema.items()) == list(wire.items())
    assert list(back.schema.items()) == list(frame.schema.items())
    assert_frame_equal(back, frame)


@pytest.mark.parametrize("name", [name for name in TYPES if name not in LOST])
def test_arrow_of_a_wire_frame_is_what_spark_takes(name: str) -> None:
    spark_is_there(needs_java=False)
    wire = to_wire(pl.Schema({"x": dtype_of(name)}), natural=False)
    frame = pl.DataFrame({"x": [None]}, schema=wire)

    arrow = frame.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(arrow_schema(wire))

    assert "large" not in str(arrow.schema)
    assert "view" not in str(arrow.schema)
    assert pl.DataFrame(arrow).schema == wire


def test_int128_keeps_38_digits_and_refuses_39() -> None:
    schema = pl.Schema({"x": pl.Int128})
    wire = to_wire(schema, natural=False)
    fits = pl.LazyFrame({"x": [10**38 - 1, -(10**38) + 1, None]}, schema=schema)
    too_long = pl.LazyFrame({"x": [10**38]}, schema=schema)

    back = restored(wire_frame(fits, wire), schema).collect()

    assert back.equals(fits.collect())
    with pytest.raises(pl.exceptions.InvalidOperationError, match="conversion from `i128`"):
        wire_frame(too_long, wire).collect()


def test_null_column_comes_back_as_null() -> None:
    frame = pl.DataFrame({"x": [None, None]})
    wire = to_wire(frame.schema, natural=False)

    back = restored(wire_frame(frame.lazy(), wire), frame.schema).collect()

    assert back.equals(frame)
    assert back.schema == {"x": pl.Null}


def test_named_categories_come_back_as_themselves() -> None:
    categories = pl.Categorical(pl.Categories("shops"))
    frame = pl.DataFrame({"x": ["b", None, "a"]}, schema={"x": categories})
    wire = to_wire(frame.schema, natural=False)

    back = restored(wire_frame(frame.lazy(), wire), frame.schema).collect()

    assert back.schema == {"x": categories}
    assert back["x"].to_list() == ["b", None, "a"]


def test_column_whose_name_is_a_pattern_is_cast_alone() -> None:
    frame = pl.LazyFrame({"^.*$": [1], "b": [2]}, schema={"^.*$": pl.UInt8, "b": pl.Int64})

    wired = wire_frame(frame, to_wire(frame.collect_schema(), natural=True))

    assert wired.collect_schema() == {"^.*$": pl.Int16, "b": pl.Int64}
