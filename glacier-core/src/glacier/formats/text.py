"""What the text formats share: they are compressed as a whole, and a suffix says how."""

from collections.abc import Mapping
from typing import Any

from glacier.formats.base import FileFormat

SUFFIX_OF_COMPRESSION = {"gzip": ".gz", "zstd": ".zst"}


class TextFormat(FileFormat):
    """A format of lines of text, whose files keep their partition columns.

    Polars takes partition columns from directory names for binary formats only.
    """

    keeps_partition_columns = True

    def suffix_for(self, options: Mapping[str, Any]) -> str:
        """Return the format's suffix, followed by that of a compression."""
        return self.suffix + SUFFIX_OF_COMPRESSION.get(options.get("compression", ""), "")

    def options_for(self, uri: str) -> dict[str, Any]:
        """Return the compression that a file's name asks for: `.gz` or `.zst`, else none."""
        for compression, suffix in SUFFIX_OF_COMPRESSION.items():
            if uri.lower().endswith(suffix):
                return {"compression": compression}
        return {}
