"""Frames with everything that could get lost on its way to Spark."""

import datetime as dt

import polars as pl

ODD_NAMES = ("a.b", "a b", "`", "A", "a", "", "x,;{}()\n\t=", "^.*$", "_metadata")

EVERY_TYPE = pl.DataFrame(
    {
        "key": pl.Series([1, 2, 2, None], dtype=pl.UInt8),
        "time": [dt.time(1, 2, 3, 4), None, dt.time(2), dt.time(0)],
        "duration": pl.Series([1, None, -3, 0], dtype=pl.Duration("ms")),
        "category": pl.Series(["a", "b", None, "a"], dtype=pl.Categorical),
        "enum": pl.Series(["a", "b", None, "z"], dtype=pl.Enum(["b", "a", "z"])),
        "unsigned": pl.Series([2**64 - 1, 0, None, 1], dtype=pl.UInt64),
        "wide": pl.Series([10**37, -(10**37), None, 0], dtype=pl.Int128),
        "ns": pl.Series([1, None, 3, -1], dtype=pl.Datetime("ns", "Europe/Berlin")),
        "naive": pl.Series([1, None, 3, -1], dtype=pl.Datetime("us")),
        "ms": pl.Series([1, None, 3, -1], dtype=pl.Datetime("ms")),
        "zoned": pl.Series([1, None, 3, -1], dtype=pl.Datetime("us", "Europe/Berlin")),
        "early": [dt.date(1, 1, 1), dt.date(1582, 10, 10), None, dt.date(9999, 12, 31)],
        "nothing": pl.Series([None] * 4, dtype=pl.Null),
        "array": pl.Series([[1, 2], None, [3, 4], [None, 5]], dtype=pl.Array(pl.UInt8, 2)),
        "nested": pl.Series(
            [[{"t": dt.time(1), "d": dt.timedelta(1), "c": "x"}], None, [], [None]],
            dtype=pl.List(pl.Struct({"t": pl.Time, "d": pl.Duration("ns"), "c": pl.Enum(["x"])})),
        ),
        "bytes": [b"\x00\xff", None, b"", b"x"],
        "half": pl.Series([1.5, None, float("nan"), -0.0], dtype=pl.Float16),
        "decimal": pl.Series([1, None, 2, 3], dtype=pl.Decimal(38, 10)),
        "struct": [{"f.g": None, "F.g": "x"}, None, {"f.g": 1, "F.g": None}, {"f.g": 2, "F.g": ""}],
        "map": pl.Series([{"a": 1}, None, {}, {"b": None}], dtype=pl.Map(pl.String, pl.UInt8)),
        "text": ["ü\n", "", None, "x" * 1000],
    }
)
