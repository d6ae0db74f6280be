"""What this distribution adds to Glacier."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from glacier.hookspecs import hookimpl

if TYPE_CHECKING:
    from glacier.registry import AdapterSpec
    from glacier_aws.config import AwsConfig


@hookimpl
def glacier_register_adapters() -> "Iterable[AdapterSpec]":
    """Register S3, Lambda and Glue."""
    from glacier.registry import AdapterSpec
    from glacier.resources import Bucket, Executor, Serverless
    from glacier_aws.config import AwsConfig, GlueConfig, LambdaConfig, S3Config

    return [
        AdapterSpec(
            Bucket,
            AwsConfig,
            "glacier_aws.bucket:S3BucketAdapter",
            (S3Config,),
            check="glacier_aws.storage.names:check_bucket",
            extra="aws",
        ),
        AdapterSpec(
            Serverless,
            AwsConfig,
            "glacier_aws.serverless:LambdaAdapter",
            (LambdaConfig,),
            extra="aws",
        ),
        AdapterSpec(
            Executor,
            GlueConfig,
            "glacier_aws.executor:GlueAdapter",
            (GlueConfig,),
            providers=(AwsConfig,),
            extra="aws",
        ),
    ]


@hookimpl
def glacier_register_configs() -> Mapping[str, str]:
    """Offer the AWS configs by name."""
    return {
        "AwsConfig": "glacier_aws.config:AwsConfig",
        "S3Config": "glacier_aws.config:S3Config",
        "LambdaConfig": "glacier_aws.config:LambdaConfig",
        "GlueConfig": "glacier_aws.config:GlueConfig",
    }


@hookimpl
def glacier_config_from_env(environ: Mapping[str, str]) -> "AwsConfig | None":
    """Claim an environment that sets `AWS_REGION`."""
    if not environ.get("AWS_REGION"):
        return None
    from glacier_aws.config import AwsConfig

    return AwsConfig.from_env(environ)
