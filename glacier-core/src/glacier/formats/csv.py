"""Comma-separated values."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from glacier.formats.base import SinkTarget, access_options, takes_glob
from glacier.formats.text import TextFormat
from glacier.storage import Location

if TYPE_CHECKING:
    from polars._typing import SchemaDict


class CsvFormat(TextFormat):
    """CSV with a header line; compressed where the path ends in `.gz` or `.zst`.

    Types are inferred from the first rows unless a schema is declared. The files of a
    partitioned dataset repeat the partition columns.
    """

    name = "csv"
    suffix = ".csv"

    def scan(
        self, location: Location, schema: "SchemaDict | None", options: Mapping[str, Any]
    ) -> pl.LazyFrame:
        """Return a lazy frame over a file or a dataset; nothing is read before it is resolved."""
        defaults: dict[str, Any] = {"glob": takes_glob(location), **access_options(location)}
        if schema is not None:
            defaults["schema"] = schema
        return pl.scan_csv(location.uri, **{**defaults, **options})

    def sink_file(
        self,
        frame: pl.LazyFrame,
        target: SinkTarget,
        location: Location,
        options: Mapping[str, Any],
    ) -> pl.LazyFrame:
        """Return a lazy sink."""
        return frame.sink_csv(
            target, lazy=True, mkdir=True, **{**access_options(location), **options}
        )
