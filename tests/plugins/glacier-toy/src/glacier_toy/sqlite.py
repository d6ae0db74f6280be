"""Databases of the toy platform: SQLite in memory."""

import sqlite3
import weakref
from typing import TYPE_CHECKING

import polars as pl

from glacier.errors import GlacierError
from glacier_toy.database import Database, DatabaseAdapter

if TYPE_CHECKING:
    from glacier.provider import Provider


class SqliteDatabaseAdapter(DatabaseAdapter):
    """A database that lives as long as its resource."""

    def __init__(self, resource: Database, provider: "Provider") -> None:
        super().__init__(resource, provider)
        self._connection: sqlite3.Connection | None = None

    def deploy(self) -> None:
        """Create the database, empty; one that is there is kept."""
        if self._connection is None:
            self._connection = sqlite3.connect(":memory:", check_same_thread=False)
            weakref.finalize(self, self._connection.close)

    def execute(self, statement: str, values: tuple[object, ...]) -> None:
        """Run a statement that returns nothing, in a transaction of its own."""
        with self._connected() as connection:
            connection.execute(statement, values)

    def query(self, statement: str, values: tuple[object, ...]) -> pl.DataFrame:
        """Return the rows of a query."""
        cursor = self._connected().execute(statement, values)
        columns = [column[0] for column in cursor.description]
        return pl.DataFrame(cursor.fetchall(), schema=columns, orient="row")

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            raise GlacierError(
                f"The database {self.resource.database_name!r} is not deployed. "
                "Call deploy() on it first."
            )
        return self._connection
