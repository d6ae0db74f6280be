"""Names of the files of a partitioned dataset: `column=value/` directories, as Hive has them.

Polars can name them itself, but its names repeat from one write to the next, so that appends
would collide, and it leaves `*`, `?` and `[` in directory names as they are, which a later scan
takes for a pattern and then loses the column.
"""

from typing import TYPE_CHECKING
from urllib.parse import quote

import polars as pl

from glacier.errors import WriteError

if TYPE_CHECKING:
    from collections.abc import Callable

    from polars.io.partition import FileProviderArgs

NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"
"""How the value null is written in a directory name."""

# A scan decodes values but not column names, so these can't be written in a name at all.
_UNSAFE_IN_COLUMN_NAMES = "/=*?[\0"


def partition_file_names(token: str, suffix: str) -> "Callable[[FileProviderArgs], str]":
    """Return what names a partitioned sink's files, with the attempt's token in each name."""

    def name(file: "FileProviderArgs") -> str:
        directories = [_directory(column) for column in file.partition_keys.iter_columns()]
        return "/".join([*directories, f"{token}-{file.index_in_partition:08x}{suffix}"])

    return name


def _directory(column: pl.Series) -> str:
    unsafe = set(column.name) & set(_UNSAFE_IN_COLUMN_NAMES)
    if unsafe or not column.name:
        raise WriteError(
            f"The column name {column.name!r} can't name a partition directory: "
            f"{'it holds ' + ' '.join(sorted(unsafe)) if unsafe else 'it is empty'}. "
            "Rename the column, or partition by another one."
        )
    if not _is_readable(column.dtype):
        raise WriteError(
            f"The column {column.name!r} is {column.dtype}, which no scan can read back from a "
            "directory name. Partition by strings, numbers, booleans, dates or datetimes."
        )
    value = column.cast(pl.String).item()
    if value == NULL_PARTITION:
        raise WriteError(
            f"The column {column.name!r} holds the text {NULL_PARTITION!r}, which means null in "
            "a partition directory. Replace it, or partition by another column."
        )
    return f"{column.name}={NULL_PARTITION if value is None else quote(value, safe=' ')}"


def _is_readable(dtype: pl.DataType) -> bool:
    return dtype in (pl.String, pl.Boolean, pl.Date, pl.Categorical, pl.Enum, pl.Null) or (
        dtype.is_numeric() or isinstance(dtype, pl.Datetime)
    )
