"""File and table formats: how bytes become frames, whatever store they lie in."""

from glacier.formats.base import FileFormat, Format, TableFormat
from glacier.formats.table import format_for

__all__ = ["FileFormat", "Format", "TableFormat", "format_for"]
