"""Parquet files."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from glacier.formats.base import FileFormat, SinkTarget, access_options, takes_glob
from glacier.storage import Location

if TYPE_CHECKING:
    from polars._typing import SchemaDict


class ParquetFormat(FileFormat):
    """Parquet: typed, compressed columns; the default format.

    The partition columns of a dataset come from its directory names and stand after the others,
    with the types that their values look like (`month=01` is the number 1); a declared schema
    sets both order and types.
    """

    name = "parquet"
    keeps_types = True
    suffix = ".parquet"

    def scan(
        self, location: Location, schema: "SchemaDict | None", options: Mapping[str, Any]
    ) -> pl.LazyFrame:
        """Return a lazy frame over a file or a dataset; nothing is read before it is resolved."""
        defaults: dict[str, Any] = {
            "glob": takes_glob(location),
            "hive_partitioning": location.is_dataset,
            **access_options(location),
        }
        if schema is not None:
            defaults["schema"] = schema
        if schema is not None and location.is_dataset:
            defaults["hive_schema"] = schema  # those that are no partition columns don't matter
        return pl.scan_parquet(location.uri, **{**defaults, **options})

    def sink_file(
        self,
        frame: pl.LazyFrame,
        target: SinkTarget,
        location: Location,
        options: Mapping[str, Any],
    ) -> pl.LazyFrame:
        """Return a lazy sink."""
        return frame.sink_parquet(
            target, lazy=True, mkdir=True, **{**access_options(location), **options}
        )
