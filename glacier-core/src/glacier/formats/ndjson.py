"""Newline-delimited JSON."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from glacier.formats.base import SinkTarget, access_options
from glacier.formats.text import TextFormat
from glacier.storage import Location

if TYPE_CHECKING:
    from polars._typing import SchemaDict


class NdjsonFormat(TextFormat):
    """One JSON object a line; compressed where the path ends in `.gz` or `.zst`.

    Types are inferred from the first lines unless a schema is declared; a file without rows
    has no line to infer them from. The files of a partitioned dataset repeat the partition
    columns.
    """

    name = "ndjson"
    suffix = ".ndjson"

    def scan(
        self, location: Location, schema: "SchemaDict | None", options: Mapping[str, Any]
    ) -> pl.LazyFrame:
        """Return a lazy frame over a file or a dataset; nothing is read before it is resolved."""
        defaults = access_options(location)
        if schema is not None:
            defaults["schema"] = schema
        # `scan_ndjson` can't be told to take a name literally, as the other scans can.
        uri = location.uri if location.is_dataset else re.sub(r"([*?[])", r"[\1]", location.uri)
        return pl.scan_ndjson(uri, **{**defaults, **options})

    def sink_file(
        self,
        frame: pl.LazyFrame,
        target: SinkTarget,
        location: Location,
        options: Mapping[str, Any],
    ) -> pl.LazyFrame:
        """Return a lazy sink."""
        return frame.sink_ndjson(
            target, lazy=True, mkdir=True, **{**access_options(location), **options}
        )
