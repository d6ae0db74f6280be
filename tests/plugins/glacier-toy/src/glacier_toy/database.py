"""A resource type that Glacier does not know: a database."""

from abc import abstractmethod
from typing import TYPE_CHECKING, cast

from glacier.adapters import Adapter
from glacier.resources import Resource

# A hook module names this class, so that importing it has to stay cheap.
if TYPE_CHECKING:
    import polars as pl

    from glacier.provider import Provider
    from glacier.resources.base import ConfigArgument


class Database(Resource):
    """A relational database; made by `provider.resource(Database, "name")`.

    Args:
        database_name: Its name on the platform.
        provider: The provider that makes it.
        config: The platform's config for it.
        name: What it is called in plans.
    """

    def __init__(
        self,
        database_name: str,
        provider: "Provider | None" = None,
        config: "ConfigArgument" = None,
        name: str | None = None,
    ) -> None:
        self.database_name = database_name
        super().__init__(provider, config, name)

    def execute(self, statement: str, *values: object) -> None:
        """Run a statement that returns nothing, in a transaction of its own."""
        self.adapter.execute(statement, values)

    def query(self, statement: str, *values: object) -> "pl.DataFrame":
        """Return the rows of a query."""
        return self.adapter.query(statement, values)

    @property
    def adapter(self) -> "DatabaseAdapter":
        """The adapter that serves this database."""
        return cast("DatabaseAdapter", self._get_adapter())

    def _generate_name(self) -> str:
        return self.database_name


class DatabaseAdapter(Adapter[Database]):
    """What a platform implements to offer databases."""

    @abstractmethod
    def execute(self, statement: str, values: tuple[object, ...]) -> None:
        """Run a statement that returns nothing."""

    @abstractmethod
    def query(self, statement: str, values: tuple[object, ...]) -> "pl.DataFrame":
        """Return the rows of a query."""
