"""Globs as Polars reads them on object stores."""

import pytest

from glacier.globs import polars_glob


@pytest.mark.parametrize(
    ("glob", "polars"),
    [
        ("in/*.parquet", "in/*.parquet"),
        ("in/**/*.parquet", "in/**/*.parquet"),
        ("in/**", "in/**/*"),
        ("**", "**/*"),
        ("in/a?.parquet", "in/a[^/].parquet"),
        ("in/[ab]1.parquet", "in/[ab]1.parquet"),
        ("in/[!ab]1.parquet", "in/[^ab]1.parquet"),
        ("in/[^a]1.parquet", "in/[\\^a]1.parquet"),
        ("in/[]a]", "in/[]a]"),
        ("in/[a&&b]", "in/[a\\&\\&b]"),
        ("in/[a", "in/[\\[]a"),
        ("a+b/c+d*", "a+b/c[\\+]d*"),
        ("{x}(y)|$^*", "[\\{]x[\\}][\\(]y[\\)][\\|][\\$][\\^]*"),
        ("v1.5/*", "v1.5/*"),
    ],
)
def test_glob_is_written_as_polars_reads_it(glob: str, polars: str) -> None:
    assert polars_glob(glob) == polars
