"""What all of Databricks' blocks of Terraform share: the provider, and the names."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from glacier.overrides import overridden
from glacier.terraform import Block, TerraformProvider

if TYPE_CHECKING:
    from glacier.resources import Executor
    from glacier.terraform import Estate
    from glacier_databricks.config import DatabricksConfig

SOURCE = "databricks/databricks"
VERSIONS = ">= 1.99, < 2.0"

Body = dict[str, Any]
"""The arguments of a block."""


class Description:
    """Describes one executor by blocks.

    Args:
        estate: What the adapter was told.
        executor: The executor.
    """

    def __init__(self, estate: "Estate", executor: "Executor") -> None:
        self._owner = repr(executor)
        self.config = cast("DatabricksConfig", executor.config)
        self._provider = databricks_provider(self.config)
        self.tags = dict(estate.provider.tags) or None

    def keyed(self, name: str) -> str:
        """Return a block's key for what every workspace of a document has by the same name."""
        config = self.config
        told = [one for one in (config.host, config.profile, config.client_id) if one]
        return "@".join((name, *told))

    def block(
        self,
        kind: str,
        key: str,
        body: Mapping[str, Any],
        **fields: Any,  # Any: further fields of a block
    ) -> Block:
        """Return a block of the executor, with the config's overrides of its type."""
        whole = overridden(body, self.config.overrides.get(kind, {}))
        return Block(kind, key, whole, self._owner, self._provider, **fields)


def databricks_provider(config: "DatabricksConfig") -> TerraformProvider:
    """Return Terraform's provider, of the same workspace and identity as the config.

    Tokens and secrets stay out: Terraform finds them in the environment, as the SDK does.
    """
    body = {"host": config.host, "profile": config.profile, "client_id": config.client_id}
    return TerraformProvider(SOURCE, VERSIONS, body)
