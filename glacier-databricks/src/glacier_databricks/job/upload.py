"""Where the file of a run lies: in a Unity Catalog volume, or in the provider's staging."""

import io
from typing import TYPE_CHECKING

from glacier.errors import ConfigError
from glacier.jobs.staging import prepared_staging
from glacier.resources.translation import translated

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

    from glacier.provider import Provider
    from glacier_databricks.config import DatabricksConfig

_DIRECTORY = "glacier/databricks"
_SPARKS_SCHEMES = {"abfs": "abfss"}
"""What Databricks calls places by another scheme, over TLS."""


def uploaded(
    name: str,
    content: bytes,
    *,
    config: "DatabricksConfig",
    provider: "Provider",
    workspace: "WorkspaceClient",
) -> str:
    """Upload a file and return how Databricks calls it.

    Args:
        name: Its name.
        content: What it holds.
        config: The executor's config, which may name a volume.
        provider: Its provider, whose staging takes it elsewhere.
        workspace: The client of the workspace.

    Raises:
        ConfigError: Serverless compute reads volumes alone, and none is named.
    """
    if config.volume is not None:
        path = f"{config.volume.rstrip('/')}/{_DIRECTORY}/{name}"
        workspace.files.upload(path, io.BytesIO(content), overwrite=True)
        return path
    if config.serverless:
        raise ConfigError(
            "Serverless compute starts no file of a bucket. Name a Unity Catalog volume for the "
            'files of runs: DatabricksConfig(volume="/Volumes/catalog/schema/volume").'
        )
    place = prepared_staging(provider) / f"databricks/{name}"
    with translated(place), place.adapter.filesystem.open(place.adapter.location().path, "wb") as f:
        f.write(content)
    scheme, _, rest = place.get_uri().partition("://")
    return f"{_SPARKS_SCHEMES.get(scheme, scheme)}://{rest}"
