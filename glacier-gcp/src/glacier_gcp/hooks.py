"""What this distribution adds to Glacier."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from glacier.hookspecs import hookimpl

if TYPE_CHECKING:
    from glacier.registry import AdapterSpec
    from glacier_gcp.config import GcpConfig


@hookimpl
def glacier_register_adapters() -> "Iterable[AdapterSpec]":
    """Register Cloud Storage, Cloud Functions and Dataproc."""
    from glacier.registry import AdapterSpec
    from glacier.resources import Bucket, Executor, Serverless
    from glacier_gcp.config import CloudFunctionConfig, DataprocConfig, GcpConfig, GcsConfig

    return [
        AdapterSpec(
            Bucket,
            GcpConfig,
            "glacier_gcp.bucket:GcsAdapter",
            (GcsConfig,),
            check="glacier_gcp.storage.names:check_bucket",
            extra="gcp",
        ),
        AdapterSpec(
            Serverless,
            GcpConfig,
            "glacier_gcp.serverless:CloudFunctionAdapter",
            (CloudFunctionConfig,),
            check="glacier_gcp.function.names:check_function",
            extra="gcp",
        ),
        AdapterSpec(
            Executor,
            DataprocConfig,
            "glacier_gcp.executor:DataprocAdapter",
            (DataprocConfig,),
            providers=(GcpConfig,),
            check="glacier_gcp.job.names:check_executor",
            extra="gcp",
        ),
    ]


@hookimpl
def glacier_register_configs() -> Mapping[str, str]:
    """Offer the Google Cloud configs by name."""
    return {
        "GcpConfig": "glacier_gcp.config:GcpConfig",
        "GcsConfig": "glacier_gcp.config:GcsConfig",
        "CloudFunctionConfig": "glacier_gcp.config:CloudFunctionConfig",
        "DataprocConfig": "glacier_gcp.config:DataprocConfig",
    }


@hookimpl
def glacier_config_from_env(environ: Mapping[str, str]) -> "GcpConfig | None":
    """Claim an environment that sets `GCP_PROJECT` or `GOOGLE_CLOUD_PROJECT`."""
    if not (environ.get("GCP_PROJECT") or environ.get("GOOGLE_CLOUD_PROJECT")):
        return None
    from glacier_gcp.config import GcpConfig

    return GcpConfig.from_env(environ)
