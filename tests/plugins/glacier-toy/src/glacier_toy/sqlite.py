"""Databases of the toy platform: SQLite in memory."""

import sqlite3
import weakref
from collections.abc import Iterable
from typing import TYPE_CHECKING

import polars as pl

from glacier.drift import Difference, missing
from glacier.errors import GlacierError
from glacier.terraform import Block, Estate, TerraformProvider
from glacier_toy.database import Database, DatabaseAdapter

if TYPE_CHECKING:
    from glacier.provider import Provider


BUILT_IN = TerraformProvider("terraform.io/builtin/terraform", version="", body={})


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

    def drift(self) -> Iterable[Difference]:
        """Yield that the database is not there, as long as that is so."""
        if self._connection is None:
            yield missing(f"database {self.resource.database_name!r}")

    def blocks(self, estate: Estate) -> Iterable[Block]:
        """Yield the database's name, which is all that Terraform can know of it."""
        yield Block(
            type="terraform_data",
            key=self.resource.database_name,
            body={"input": {"name": self.resource.database_name, "tags": self.provider.tags}},
            owner=repr(self.resource),
            provider=BUILT_IN,
            outputs={f"database_{self.resource.database_name}": "output"},
        )

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
