"""Migration of modules from V2 to V3 of Glacier, as `glacier migrate` does it.

Needs libcst, which nothing else in Glacier imports.

Raises:
    MissingPackageError: libcst isn't installed.
"""

from importlib.util import find_spec

from glacier.errors import MissingPackageError

if find_spec("libcst") is None:
    raise MissingPackageError(
        'glacier migrate needs libcst. Run: pip install "glacier-core[migrate]"', extra="migrate"
    )

from glacier.migrate.changes import Finding
from glacier.migrate.files import FileResult, find_files, migrate_file, write_file
from glacier.migrate.module import Migration, migrate_module

__all__ = [
    "FileResult",
    "Finding",
    "Migration",
    "find_files",
    "migrate_file",
    "migrate_module",
    "write_file",
]
