"""Names, paths and formats that a bucket takes."""

import pytest

from glacier import Provider
from glacier.errors import FormatError, PathError


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("", "it names no bucket"),
        ("..", "it names no bucket"),
        ("a/b", "it holds a path separator; put what follows it into path="),
        ("gs://lake", r"it is a URI; expected the name alone: 'lake'\.$"),
        ("s3://lake/", r"it is a URI; expected the name alone: 'lake'\.$"),
        ("gs://lake/a/b.csv", r"it is a URI; expected the name alone: 'lake', path='a/b.csv'\.$"),
        (".glacier", r"names that start with '\.glacier' are reserved"),
        ("a\0b", "it holds a NUL byte"),
        ("C:", "it starts with a drive letter"),
    ],
)
def test_bucket_refuses_a_name_that_is_not_legal(
    provider: Provider, name: str, problem: str
) -> None:
    with pytest.raises(PathError, match=rf"The bucket name .* is not legal: {problem}"):
        provider.bucket(name)


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("/etc/passwd", "it is absolute; paths are relative to their bucket"),
        ("../other", r"it has a '\.' or '\.\.' component"),
        ("a/../../b", r"it has a '\.' or '\.\.' component"),
        ("a//b", r"it has an empty component"),
        ("gs://lake/a.csv", "it is a URI; expected what follows the bucket's name there"),
        ("a/C:/b", "it starts with a drive letter"),
        ("a\0b", "it holds a NUL byte"),
        (".glacier/x", r"paths that start with '\.glacier' are reserved"),
    ],
)
def test_bucket_refuses_a_path_that_leaves_it(provider: Provider, path: str, problem: str) -> None:
    with pytest.raises(PathError, match=rf"would leave its bucket or is not legal: {problem}"):
        provider.bucket("b", path)


@pytest.mark.parametrize(
    ("path", "given", "format"),
    [
        ("x.parquet", None, "parquet"),
        ("x.CSV", None, "csv"),
        ("x.csv.gz", None, "csv"),
        ("events/", None, "parquet"),
        ("events/*.ndjson", None, "ndjson"),
        ("x.parquet", "CSV", "csv"),
    ],
)
def test_bucket_chooses_its_format_by_name_and_else_by_suffix(
    provider: Provider, path: str, given: str | None, format: str
) -> None:
    bucket = provider.bucket("b", path, format=given)

    assert bucket.format == format


def test_bucket_refuses_a_format_that_nobody_offers(provider: Provider) -> None:
    with pytest.raises(
        FormatError, match="Unknown format 'xml'; installed: csv, delta, iceberg, ipc, ndjson"
    ):
        provider.bucket("b", "x.parquet", format="xml")
