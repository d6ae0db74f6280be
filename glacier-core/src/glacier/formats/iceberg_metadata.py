"""Iceberg tables that live in a store alone, without a catalog service.

The Iceberg specification calls them file-system tables: version N of a table is the file
`metadata/vN.metadata.json`, and a commit is the creation of the next one, which fails if it is
there already. Since creation is exclusive, no writer can replace another's commit.
"""

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from pyiceberg.catalog.noop import NoopCatalog
from pyiceberg.exceptions import CommitFailedException, NoSuchTableError
from pyiceberg.io.fsspec import FsspecFileIO
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import assign_fresh_schema_ids
from pyiceberg.serializers import FromInputFile
from pyiceberg.table import CommitTableResponse, Table
from pyiceberg.table.metadata import TableMetadata, new_table_metadata
from pyiceberg.table.sorting import UNSORTED_SORT_ORDER
from pyiceberg.table.update import update_table_metadata
from pyiceberg.transforms import IdentityTransform

from glacier.errors import WriteError
from glacier.storage import RESERVED_PREFIX, Location, new_token

if TYPE_CHECKING:
    import pyarrow as pa
    from fsspec import AbstractFileSystem
    from pyiceberg.table.update import TableRequirement, TableUpdate

TABLE_NAME = "glacier.table"
"""What the one table of a `StoreCatalog` is called; pyiceberg wants a name."""

_STORE_VERSION = re.compile(r"v(\d+)\.metadata\.json$")
_CATALOG_VERSION = re.compile(r"(\d+)-[^/]*\.metadata\.json$")


def metadata_files(location: Location) -> list[str]:
    """Return the paths of a table's metadata files.

    Raises:
        FileNotFoundError: There is no directory of them.
    """
    return list(location.filesystem().ls(_metadata_directory(location.path), detail=False))


def newest_metadata(location: Location) -> str | None:
    """Return the path of the newest metadata file of a table; None if there is no table.

    Tables that a catalog service wrote (`00003-<uuid>.metadata.json`) are found as well.
    """
    try:
        paths = metadata_files(location)
    except FileNotFoundError:
        return None
    for pattern in (_STORE_VERSION, _CATALOG_VERSION):
        versions = [(int(m[1]), str(path)) for path in paths if (m := pattern.search(path))]
        if versions:
            return max(versions)[1]
    return None


class StoreCatalog(NoopCatalog):
    """A catalog of one table: the one that lies at a location.

    Args:
        location: Where the table lies, or will lie after its first commit.
    """

    def __init__(self, location: Location) -> None:
        super().__init__(TABLE_NAME)
        self._location = location
        self._io = _StoreIO(location)
        self._created: TableMetadata | None = None

    def table_exists(self, identifier: "str | tuple[str, ...]") -> bool:  # noqa: ARG002
        """Return whether the table has a commit."""
        return newest_metadata(self._location) is not None

    def load_table(self, identifier: "str | tuple[str, ...]") -> Table:  # noqa: ARG002
        """Return the table at its newest version.

        Raises:
            NoSuchTableError: Nothing is there, and nothing was created.
        """
        path, metadata = self._newest()
        if metadata is None:
            raise NoSuchTableError(f"No Iceberg table is at {self._location.uri}")
        return self._table(metadata, path or "")

    def create_partitioned(self, schema: "pa.Schema", partition_by: tuple[str, ...]) -> Table:
        """Return a new table, of which nothing is stored before rows are committed to it."""
        fresh = assign_fresh_schema_ids(self._convert_schema_if_needed(schema))
        spec = PartitionSpec(
            *(
                PartitionField(
                    source_id=fresh.find_field(column).field_id,
                    field_id=1000 + index,  # the specification's first id of a partition field
                    transform=IdentityTransform(),
                    name=column,
                )
                for index, column in enumerate(partition_by)
            )
        )
        root = self._location.uri.rstrip("/")
        self._created = new_table_metadata(fresh, spec, UNSORTED_SORT_ORDER, root, {})
        return self._table(self._created, "")

    def commit_table(
        self,
        table: Table,  # noqa: ARG002 - what counts is what the store holds now
        requirements: "tuple[TableRequirement, ...]",
        updates: "tuple[TableUpdate, ...]",
    ) -> CommitTableResponse:
        """Write the next version of the metadata.

        Raises:
            CommitFailedException: Another writer has committed since the table was loaded.
            WriteError: The table belongs to a catalog service.
        """
        path, base = self._newest()
        for requirement in requirements:
            requirement.validate(base)
        if base is None:
            raise NoSuchTableError(f"No Iceberg table is at {self._location.uri}")
        updated = update_table_metadata(base, updates, metadata_location=path)
        version = self._version_after(path)
        target = f"{_metadata_directory(self._location.uri)}/v{version}.metadata.json"
        try:
            self._create_exclusively(version, updated.model_dump_json(exclude_none=True).encode())
        except FileExistsError as error:
            raise CommitFailedException(f"version {version} was just committed") from error
        return CommitTableResponse.model_validate(
            {"metadata": json.loads(updated.model_dump_json()), "metadata-location": target}
        )

    def _newest(self) -> tuple[str | None, TableMetadata | None]:
        path = newest_metadata(self._location)
        if path is None:
            return None, self._created
        return path, FromInputFile.table_metadata(self._io.new_input(path))

    def _table(self, metadata: TableMetadata, path: str) -> Table:
        return Table(tuple(TABLE_NAME.split(".")), metadata, path, self._io, self)

    def _version_after(self, path: str | None) -> int:
        if path is None:
            return 1
        found = _STORE_VERSION.search(path)
        if found is None:
            raise WriteError(
                f"The Iceberg table {self._location.uri} belongs to a catalog service, which would "
                "not see this write. Pass catalog= and table= to write through it.",
                uri=self._location.uri,
            )
        return int(found[1]) + 1

    def _create_exclusively(self, version: int, content: bytes) -> None:
        """Create a version's file whole, or raise `FileExistsError`."""
        filesystem = self._location.filesystem()
        directory = _metadata_directory(self._location.path)
        target = f"{directory}/v{version}.metadata.json"
        if "file" not in filesystem.protocol:
            try:
                filesystem.pipe_file(target, content, mode="create")
            except FileExistsError:
                # The answer to a first try may have been lost, and a second one finds it done.
                if filesystem.cat_file(target) != content:
                    raise
            return
        # On a disk an exclusive open is not enough: a writer that dies leaves half a file.
        draft = Path(directory) / f"{RESERVED_PREFIX}-{new_token()}"
        draft.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(content)
        try:
            os.link(draft, target)
        finally:
            draft.unlink()


class _StoreIO(FsspecFileIO):
    """Files of a table through the bucket's own filesystem, with its identity."""

    def __init__(self, location: Location) -> None:
        super().__init__({})
        self._filesystem = location.filesystem

    def get_fs(self, scheme: str, hostname: str | None = None) -> "AbstractFileSystem":  # noqa: ARG002
        """Return the bucket's filesystem, whatever the scheme."""
        return self._filesystem()


def _metadata_directory(root: str) -> str:
    return f"{root.rstrip('/')}/metadata"
