"""Errors of Polars, of the system and of SDKs, turned into Glacier's at a bucket's border."""

import errno
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
    except GlacierError:
        raise
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
    if isinstance(error, pl.exceptions.ComputeError):
        return _of_compute_error(bucket, uri, error)
    return bucket.adapter.translate(error) if isinstance(error, Exception) else None


def _of_compute_error(
    bucket: "Bucket", uri: str, error: pl.exceptions.ComputeError
) -> GlacierError | None:
    text = str(error)
    if "expanded paths were empty" in text:
        return _empty_dataset(uri)
    if any(sign in text for sign in _SIGNS_OF_WRONG_FORMAT):
        return FormatError(
            f"{uri} is not {bucket.format}: {text.splitlines()[0]}. Name the right format with "
            "format= on the bucket.",
            uri=uri,
        )
    return bucket.adapter.translate(error)


def _of_unreadable_bytes(bucket: "Bucket", error: BaseException) -> GlacierError | None:
    # Polars tells of an IPC file that is none by an OSError of the number EINVAL.
    is_polars = isinstance(error, pl.exceptions.PolarsError) or "os error 22" in str(error)
    if not is_polars:
        return None
    uri, text = bucket.get_uri(), str(error).splitlines()[0]
    if bucket.schema is not None:
        return SchemaMismatchError(
            f"What {uri} holds does not fit the schema declared on its bucket: {text}. Correct "
            "schema=, or write the data anew.",
            uri=uri,
        )
    if isinstance(error, pl.exceptions.SchemaError):
        return SchemaMismatchError(
            f"The files of {uri} do not have the same columns: {text}. Rewrite those that differ, "
            "or scan with missing_columns= and extra_columns=.",
            uri=uri,
        )
    return FormatError(
        f"{uri} can't be read as {bucket.format}: {text}. Name the right format with format= on "
        "the bucket.",
        uri=uri,
    )


def _empty_dataset(uri: str) -> EmptyDatasetError:
    return EmptyDatasetError(
        f"The dataset {uri} holds no file, so it has no columns either. Write it first, or "
        "declare schema= on the bucket to scan it as an empty frame.",
        uri=uri,
    )


_SIGNS_OF_WRONG_FORMAT = (
    "File out of specification",
    "not a parquet file",
    "out-of-spec",
    "error deserializing value",
    "InvalidEOF",
)
