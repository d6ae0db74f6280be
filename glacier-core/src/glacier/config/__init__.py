"""The configs: all that is platform-specific in a program that uses Glacier.

`LocalConfig` is built in. The others come from the installed plugins and are looked up when
they are first asked for, so that importing this module loads none of them.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from glacier.config.base import Config, ProviderConfig, ResourceConfig
from glacier.config.local import LocalConfig
from glacier.errors import MissingPackageError

if TYPE_CHECKING:
    # `as` makes them names of this module for type checkers, installed or not.
    from glacier_aws.config import AwsConfig as AwsConfig
    from glacier_aws.config import GlueConfig as GlueConfig
    from glacier_aws.config import LambdaConfig as LambdaConfig
    from glacier_aws.config import S3Config as S3Config
    from glacier_azure.config import AzureConfig as AzureConfig
    from glacier_azure.config import AzureFunctionConfig as AzureFunctionConfig
    from glacier_azure.config import BlobConfig as BlobConfig
    from glacier_azure.config import SynapseConfig as SynapseConfig
    from glacier_databricks.config import DatabricksConfig as DatabricksConfig
    from glacier_gcp.config import CloudFunctionConfig as CloudFunctionConfig
    from glacier_gcp.config import DataprocConfig as DataprocConfig
    from glacier_gcp.config import GcpConfig as GcpConfig
    from glacier_gcp.config import GcsConfig as GcsConfig
    from glacier_spark.config import SparkConfig as SparkConfig

# Core's own: `import *` and documentation tools take every name of this list at once, and the
# others exist only where their package is installed.
__all__ = ["Config", "LocalConfig", "ProviderConfig", "ResourceConfig"]

_EXTRA_OF_CONFIG = {
    "AwsConfig": "aws",
    "S3Config": "aws",
    "LambdaConfig": "aws",
    "GlueConfig": "aws",
    "AzureConfig": "azure",
    "BlobConfig": "azure",
    "AzureFunctionConfig": "azure",
    "SynapseConfig": "azure",
    "GcpConfig": "gcp",
    "GcsConfig": "gcp",
    "CloudFunctionConfig": "gcp",
    "DataprocConfig": "gcp",
    "DatabricksConfig": "databricks",
    "SparkConfig": "spark",
}

# The variables that decide, in the order in which the first set one wins. They are known here
# so that a machine set up for a cloud never falls back to its own disk for want of a package.
_EXTRA_OF_VARIABLE = {
    "AWS_REGION": "aws",
    "AZURE_RESOURCE_GROUP": "azure",
    "GOOGLE_CLOUD_PROJECT": "gcp",
    "GCP_PROJECT": "gcp",
}


def from_environment(environ: Mapping[str, str]) -> ProviderConfig:
    """Return the config of the platform that the environment variables are meant for.

    The seed's order holds for the platforms named here; then come other plugins, of which at
    most one may claim the environment; then this machine.

    Raises:
        MissingPackageError: The variables are meant for a platform whose package isn't installed.
        PluginConflictError: Two third-party plugins claim the same environment.
    """
    from glacier.plugins import load_plugins

    plugins = load_plugins()
    claims = plugins.environment_claims(environ)
    for variable, extra in _EXTRA_OF_VARIABLE.items():
        if extra in claims:
            return claims[extra]
        if environ.get(variable):
            raise MissingPackageError(
                f"The environment variable {variable} asks for a platform that isn't installed. "
                f'Run: pip install "glacier-core[{extra}]", or unset {variable}.'
                + plugins.broken_note(extra),
                extra=extra,
            )
    if len(claims) > 1:
        raise _ambiguous(sorted(claims))
    return next(iter(claims.values()), None) or LocalConfig.from_env(environ)


def _ambiguous(plugins: list[str]) -> Exception:
    from glacier.errors import PluginConflictError

    return PluginConflictError(
        f"The environment is claimed by the plugins {', '.join(plugins)}; at most one may. "
        "Unset the variables of all but one, or pass a config to Provider(config=...).",
        plugins=plugins,
    )


def __getattr__(name: str) -> Any:  # Any: the type of a name that a plugin registers
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from glacier.plugins import load_plugins

    plugins = load_plugins()
    found = plugins.config(name)
    if found is not None:
        globals()[name] = found
        return found
    extra = _EXTRA_OF_CONFIG.get(name)
    if extra is None:
        raise AttributeError(
            f"glacier.config has no config {name!r}; it has {', '.join(plugins.config_names())}."
        )
    raise MissingPackageError(
        f'{name} needs a package that is not installed. Run: pip install "glacier-core[{extra}]"'
        + plugins.broken_note(extra),
        extra=extra,
    )


def __dir__() -> list[str]:
    from glacier.plugins import load_plugins

    return sorted({*globals(), *load_plugins().config_names()})
