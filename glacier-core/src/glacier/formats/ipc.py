"""Arrow IPC files, also known as Feather V2."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from glacier.formats.base import FileFormat, SinkTarget, access_options, takes_glob
from glacier.storage import Location

if TYPE_CHECKING:
    from polars._typing import SchemaDict


class IpcFormat(FileFormat):
    """Arrow IPC: the memory layout of a frame, fast to load; partitions as in Parquet.

    The files carry their own schema, and Polars can't scan them under another: a declared one
    sets the types of the partition columns and is compared with the files' when the frame is
    resolved, so that an empty dataset has no columns even if they are declared.
    """

    name = "ipc"
    keeps_types = True
    suffix = ".ipc"

    def scan(
        self, location: Location, schema: "SchemaDict | None", options: Mapping[str, Any]
    ) -> pl.LazyFrame:
        """Return a lazy frame over a file or a dataset; nothing is read before it is resolved."""
        defaults: dict[str, Any] = {
            "glob": takes_glob(location),
            "hive_partitioning": location.is_dataset,
            **access_options(location),
        }
        if schema is not None and location.is_dataset:
            defaults["hive_schema"] = schema
        frame = pl.scan_ipc(location.uri, **{**defaults, **options})
        return frame if schema is None else frame.match_to_schema(schema)

    def sink_file(
        self,
        frame: pl.LazyFrame,
        target: SinkTarget,
        location: Location,
        options: Mapping[str, Any],
    ) -> pl.LazyFrame:
        """Return a lazy sink."""
        return frame.sink_ipc(
            target, lazy=True, mkdir=True, **{**access_options(location), **options}
        )
