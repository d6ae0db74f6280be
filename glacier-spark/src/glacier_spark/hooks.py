"""What this distribution adds to Glacier."""

from collections.abc import Iterable, Mapping

from glacier.hookspecs import hookimpl
from glacier.registry import AdapterSpec
from glacier.resources import Executor


@hookimpl
def glacier_register_adapters() -> Iterable[AdapterSpec]:
    """Register the executor, which works under any provider."""
    from glacier_spark.config import SparkConfig

    return [AdapterSpec(Executor, SparkConfig, "glacier_spark.executor:SparkExecutorAdapter")]


@hookimpl
def glacier_register_configs() -> Mapping[str, str]:
    """Offer the Spark config by name."""
    return {"SparkConfig": "glacier_spark.config:SparkConfig"}
