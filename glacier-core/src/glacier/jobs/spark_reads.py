"""Which frames Spark reads from the store by itself."""

from typing import TYPE_CHECKING

import polars as pl

from glacier.errors import GlacierError
from glacier.jobs.types import is_read_right
from glacier.resources.scans import scan_of
from glacier.resources.translation import FAILURES

if TYPE_CHECKING:
    from glacier.resources import Bucket

_SCHEMES = {"file", "hdfs", "s3", "s3a", "gs", "abfs", "abfss"}
"""Schemes for which Hadoop has a connector; whether a Spark has it is seen there."""


def why_staged(frame: object) -> str | None:
    """Return why a frame goes to Spark through staging; None where Spark reads it by itself.

    It lists the files of a dataset and reads a footer at most, and needs no Spark.
    """
    scan = scan_of(frame)
    if scan is None or not isinstance(frame, pl.LazyFrame):
        return "it is no untouched scan of a bucket"
    if scan.bucket.format != "parquet":
        return f"its format is {scan.bucket.format}, and Spark reads Parquet only as Polars does"
    if scan.options:
        return f"it was scanned with options ({', '.join(scan.options)})"
    if scan.bucket.schema is not None:
        return "its bucket declares a schema"
    return _why_of_place(scan.bucket) or _why_of_types(frame)


def have_same_columns(frame: pl.LazyFrame | pl.DataFrame) -> bool:
    """Return whether all files of a scan have its columns and types; reads their footers.

    Polars refuses a dataset whose files differ. Spark would give nulls for a column that one of
    them lacks, pass over one that others lack, and widen numbers.
    """
    try:
        frame.lazy().filter(pl.lit(False)).collect(engine="streaming")  # noqa: FBT003 - a literal
    except FAILURES:  # staging it raises the error that says why
        return False
    return True


def _why_of_place(bucket: "Bucket") -> str | None:
    location = bucket.adapter.location()
    scheme = location.uri.partition("://")[0] if "://" in location.uri else "file"
    if scheme not in _SCHEMES:
        return f"Spark has no connector for {scheme}://"
    if location.is_glob:
        return "its path is a pattern"
    files = bucket.list_now()
    for file in files:
        path = file.removeprefix(bucket.path) if bucket.is_dataset else file.rpartition("/")[2]
        problem = _why_of_name(path)
        if problem:
            return problem
    return None if files else "there is no file yet"


def _why_of_name(path: str) -> str | None:
    directories = path.split("/")[:-1]
    if any("=" in directory for directory in directories):
        return "its partition columns are in the names of its directories"
    if any(part.startswith(("_", ".")) for part in path.split("/")):
        return f"Spark passes over names such as {path!r}"
    return f"Hadoop can't open {path!r}, for its ':'" if ":" in path else None


def _why_of_types(frame: pl.LazyFrame) -> str | None:
    try:
        schema = frame.collect_schema()
    except (GlacierError, pl.exceptions.PolarsError, OSError):
        return "its columns can't be read"  # Staging it raises the error that says why.
    if not schema:
        return "it has no columns"
    wrong = [name for name, dtype in schema.items() if not is_read_right(pl.Schema({name: dtype}))]
    if wrong:
        return f"Spark does not read {wrong[0]!r} ({schema[wrong[0]]}) as Polars does"
    return None
