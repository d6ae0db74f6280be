"""What this distribution adds to Glacier."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from glacier.hookspecs import hookimpl

if TYPE_CHECKING:
    from glacier.registry import AdapterSpec


@hookimpl
def glacier_register_adapters() -> "Iterable[AdapterSpec]":
    """Register Databricks, on whichever cloud."""
    from glacier.registry import AdapterSpec
    from glacier.resources import Executor
    from glacier_databricks.config import DatabricksConfig

    return [
        AdapterSpec(
            Executor,
            DatabricksConfig,
            "glacier_databricks.executor:DatabricksAdapter",
            (DatabricksConfig,),
            check="glacier_databricks.job.clouds:check_executor",
            extra="databricks",
        ),
    ]


@hookimpl
def glacier_register_configs() -> Mapping[str, str]:
    """Offer the Databricks config by name."""
    return {"DatabricksConfig": "glacier_databricks.config:DatabricksConfig"}
