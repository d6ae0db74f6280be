"""What the toy platform adds to Glacier."""

from collections.abc import Iterable, Mapping

from glacier.hookspecs import hookimpl
from glacier.registry import AdapterSpec
from glacier.resources import Bucket, Executor
from glacier_toy.config import ToyBucketConfig, ToyConfig, ToyExecutorConfig
from glacier_toy.database import Database


@hookimpl
def glacier_register_configs() -> Mapping[str, str]:
    """Offer the toy configs by name."""
    return {
        "ToyConfig": "glacier_toy.config:ToyConfig",
        "ToyBucketConfig": "glacier_toy.config:ToyBucketConfig",
        "ToyExecutorConfig": "glacier_toy.config:ToyExecutorConfig",
    }


@hookimpl
def glacier_register_adapters() -> Iterable[AdapterSpec]:
    """Register buckets, databases and the executor."""
    return [
        AdapterSpec(
            Bucket, ToyConfig, "glacier_toy.bucket:ToyBucketAdapter", accepts=(ToyBucketConfig,)
        ),
        AdapterSpec(Database, ToyConfig, "glacier_toy.sqlite:SqliteDatabaseAdapter"),
        AdapterSpec(Executor, ToyExecutorConfig, "glacier_toy.executor:ToyExecutorAdapter"),
    ]


@hookimpl
def glacier_config_from_env(environ: Mapping[str, str]) -> ToyConfig | None:
    """Claim an environment that sets `TOY_REGION`."""
    return ToyConfig.from_env(environ) if environ.get("TOY_REGION") else None
