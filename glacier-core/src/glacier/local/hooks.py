"""What the local platform registers."""

from collections.abc import Iterable, Mapping
from types import NoneType

from glacier.config.local import LocalConfig
from glacier.hookspecs import hookimpl
from glacier.registry import AdapterSpec, FormatSpec
from glacier.resources import Bucket, Executor, Serverless


@hookimpl
def glacier_register_adapters() -> Iterable[AdapterSpec]:
    """Register this machine's buckets, functions and executor."""
    return [
        AdapterSpec(Bucket, LocalConfig, "glacier.local.bucket:LocalBucketAdapter"),
        AdapterSpec(Serverless, LocalConfig, "glacier.local.serverless:LocalServerlessAdapter"),
        AdapterSpec(Executor, NoneType, "glacier.local.executor:LocalExecutorAdapter"),
        AdapterSpec(Executor, LocalConfig, "glacier.local.executor:LocalExecutorAdapter"),
    ]


@hookimpl
def glacier_register_configs() -> Mapping[str, str]:
    """Register the name `LocalConfig`."""
    return {"LocalConfig": "glacier.config.local:LocalConfig"}


@hookimpl
def glacier_register_formats() -> Iterable[FormatSpec]:
    """Register the formats that come with core."""
    return [
        FormatSpec("parquet", (".parquet", ".pq"), "glacier.formats.parquet:ParquetFormat"),
        FormatSpec("csv", (".csv", ".csv.gz", ".csv.zst"), "glacier.formats.csv:CsvFormat"),
        FormatSpec(
            "ndjson",
            (".ndjson", ".jsonl", ".ndjson.gz", ".jsonl.gz", ".ndjson.zst", ".jsonl.zst"),
            "glacier.formats.ndjson:NdjsonFormat",
        ),
        FormatSpec("ipc", (".ipc", ".arrow", ".feather"), "glacier.formats.ipc:IpcFormat"),
        FormatSpec("delta", (".delta",), "glacier.formats.delta:DeltaFormat"),
        FormatSpec("iceberg", (".iceberg",), "glacier.formats.iceberg:IcebergFormat"),
    ]
