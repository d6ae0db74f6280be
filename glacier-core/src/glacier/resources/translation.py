"""Errors of Polars, of the system and of SDKs, turned into Glacier's at a bucket's border."""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import polars as pl

from glacier.errors import (
    AccessDeniedError,
    EmptyDatasetError,
    FormatError,
    GlacierError,
    ObjectNotFoundError,
    SchemaMismatchError,
    WriteError,
)
from glacier.storage import RESERVED_PREFIX

if TYPE_CHECKING:
    from glacier.resources.bucket import Bucket

FAILURES = (Exception, pl.exceptions.PanicException)
"""What executing a plan may raise; a panic in Polars' engine is not an `Exception`."""


@contextmanager
def translated(bucket: "Bucket", *, is_read: bool = False) -> Iterator[None]:
    """Turn errors of Polars, of the system and of an SDK into Glacier's, naming the bucket.

    Args:
        bucket: What the work is about.
        is_read: Whether the work reads this bucket and does nothing else, so that an error of
            Polars can only mean that the bytes are not what they should be.
    """
    try:
        yield
    except GlacierError as error:
        # A format says that no table is there; the store may know that no bucket is.
        found = _of_missing_store(bucket, error)
        if found is None:
            raise
        raise found from error
    except FAILURES as error:
        known = translate(bucket, error)
        if known is None and is_read:
            known = _of_unreadable_bytes(bucket, error)
        if known is None:
            raise
        raise known from error


def translate(bucket: "Bucket", error: BaseException) -> GlacierError | None:
    """Return Glacier's error for another one; None for one that says nothing about the bucket."""
    if isinstance(error, GlacierError):
        return error
    known = bucket.adapter.translate(error) if isinstance(error, Exception) else None
    if known is not None:
        return known
    uri = bucket.get_uri()
    if isinstance(error, FileNotFoundError) and bucket.is_dataset:
        return _empty_dataset(uri)
    if isinstance(error, FileNotFoundError):
        return ObjectNotFoundError(
            f"Nothing is at {uri}. Check the bucket's name and path, or write it first.", uri=uri
        )
    if isinstance(error, PermissionError):
        return AccessDeniedError(
            f"Access to {uri} is denied: {error}. Check the permissions of the identity that the "
            "provider's config stands for.",
            uri=uri,
        )
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}:
        return WriteError(f"There is no room to write {uri}; it is as it was: {error}", uri=uri)
    return _of_compute_error(bucket, uri, error)


def _of_missing_store(bucket: "Bucket", error: GlacierError) -> GlacierError | None:
    """Return the store's own error where a format found nothing for the want of a bucket."""
    cause = error.__cause__
    if isinstance(error, ObjectNotFoundError) and isinstance(cause, FileNotFoundError):
        return bucket.adapter.translate(cause)
    return None


def _of_compute_error(bucket: "Bucket", uri: str, error: BaseException) -> GlacierError | None:
    if not isinstance(error, pl.exceptions.ComputeError):
        return None
    text = str(error)
    if "expanded paths were empty" in text:
        return _empty_dataset(uri)
    if any(sign in text for sign in _SIGNS_OF_WRONG_FORMAT):
        return FormatError(
            f"{uri} is not {bucket.format}: {_quoted(error)}. Name the right format with "
            "format= on the bucket.",
            uri=uri,
        )
    return None


def _of_unreadable_bytes(bucket: "Bucket", error: BaseException) -> GlacierError | None:
    # Polars tells of an IPC file that is none by an OSError of the number EINVAL.
    is_polars = isinstance(error, pl.exceptions.PolarsError) or "os error 22" in str(error)
    if not is_polars:
        return None
    uri, text = bucket.get_uri(), _quoted(error)
    if bucket.schema is not None:
        return SchemaMismatchError(
            f"What {uri} holds does not fit the schema declared on its bucket: {text}. Correct "
            "schema=, or write the data anew.",
            uri=uri,
        )
    if bucket.is_dataset and _tells_of_other_columns(error):
        advice = (
            "" if bucket.format == "csv" else ", or scan with missing_columns= and extra_columns="
        )
        return SchemaMismatchError(
            f"The files of {uri} do not have the same columns: {text}. Rewrite those that "
            f"differ{advice}.",
            uri=uri,
        )
    return FormatError(
        f"{uri} can't be read as {bucket.format}: {text}. Name the right format with format= on "
        "the bucket.",
        uri=uri,
    )


def _tells_of_other_columns(error: BaseException) -> bool:
    """Return whether a dataset's files differ, by what reading them has raised."""
    kinds = (
        pl.exceptions.ColumnNotFoundError,
        pl.exceptions.SchemaError,
        pl.exceptions.ShapeError,
    )
    # How Polars says it of CSV.
    return isinstance(error, kinds) or bool(re.match(r"schema (lengths|names) differ", str(error)))


def of_source(target: "Bucket", error: BaseException) -> GlacierError | None:
    """Return the error of a write whose rows come from a file that is missing or unreadable.

    A write looks for nothing at its target, and its stage is made before, so that what is not
    found is always a source. None for an error that says nothing about one.
    """
    text, uri = str(error), target.get_uri()
    if isinstance(error, GlacierError) or f"{RESERVED_PREFIX}/" in text:
        return None
    start = f"Writing {uri} failed and left it as it was: a file that its rows come from"
    if isinstance(error, FileNotFoundError) or "expanded paths were empty" in text:
        return ObjectNotFoundError(
            f"{start} is not there: {_missing_path(error)}. Check that bucket's name and path, or "
            "write it first.",
            uri=uri,
        )
    is_polars = isinstance(error, pl.exceptions.ComputeError)
    if is_polars and any(sign in text for sign in _SIGNS_OF_WRONG_FORMAT):
        return WriteError(
            f"{start} can't be read: {_quoted(error)}. Name the right format with format= on that "
            "bucket, or write it anew.",
            uri=uri,
        )
    return None


def _missing_path(error: BaseException) -> str:
    """Return the path that Polars names, or all that the error says."""
    if isinstance(error, OSError) and error.filename is not None:
        return str(error.filename)
    found = _MISSING_OBJECT.search(str(error))
    if found is not None:
        return f"{found[2]}/{found[1]}"
    found = re.search(r'os error 2\): (.+)|PlRefPath \{ inner: "([^"]+)"', str(error))
    return (found[1] or found[2]) if found else _quoted(error)


def _quoted(error: BaseException) -> str:
    """Return the first line of an error without Polars' own advice and the full stop."""
    line = next(iter(str(error).splitlines()), type(error).__name__)
    return _POLARS_ADVICE.sub("", line).rstrip(" .")


def _empty_dataset(uri: str) -> EmptyDatasetError:
    return EmptyDatasetError(
        f"The dataset {uri} holds no file, so it has no columns either. Write it first, or "
        "declare schema= on the bucket to scan it as an empty frame.",
        uri=uri,
    )


# To the end of the sentence; full stops inside it are Python's, as in `pl.Int64`.
_POLARS_ADVICE = re.compile(r"[,.]? *(?:hint: |consider passing )(?:[^.]|\.(?=\S))*", re.IGNORECASE)

# How Polars tells of an object; the path is that of its first request to the same bucket.
_MISSING_OBJECT = re.compile(
    r"Object at location (.+?) not found.*\(path: (\w+://[^/]+)/", re.DOTALL
)

_SIGNS_OF_WRONG_FORMAT = (
    "File out of specification",
    "not a parquet file",
    "out-of-spec",
    "error deserializing value",
    "InvalidEOF",
)
