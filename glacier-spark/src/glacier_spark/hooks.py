"""What this distribution adds to Glacier."""

from collections.abc import Mapping

from glacier.hookspecs import hookimpl


@hookimpl
def glacier_register_configs() -> Mapping[str, str]:
    """Offer the Spark config by name."""
    return {"SparkConfig": "glacier_spark.config:SparkConfig"}
