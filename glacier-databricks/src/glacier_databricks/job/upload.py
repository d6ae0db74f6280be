"""Where the file of a run lies: in a Unity Catalog volume, or in the provider's staging."""

import io
from typing import TYPE_CHECKING

from glacier.jobs.staging import prepared_staging, staging_of
from glacier.resources.translation import translated

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

    from glacier.provider import Provider
    from glacier.resources import Bucket
    from glacier_databricks.config import DatabricksConfig

_SPARKS_SCHEMES = {"abfs": "abfss"}
"""What Databricks calls places by another scheme, over TLS."""


class RunFiles:
    """The files of an executor's runs.

    Args:
        config: The executor's config, which may name a volume.
        provider: Its provider, whose staging takes the files elsewhere.
    """

    def __init__(self, config: "DatabricksConfig", provider: "Provider") -> None:
        self._volume = config.volume and f"{config.volume.rstrip('/')}/glacier/runs"
        self._provider = provider

    def path(self, token: str) -> str:
        """Return where the file of a run lies, which has its submission's name."""
        if self._volume is not None:
            return f"{self._volume}/{token}.py"
        return _uri(_place(staging_of(self._provider), token))

    def put(self, token: str, content: bytes, workspace: "WorkspaceClient") -> None:
        """Upload the file of a run.

        Raises:
            DatabricksError: The volume can't be written.
            StorageError: Staging can't be written.
        """
        if self._volume is not None:
            workspace.files.upload(self.path(token), io.BytesIO(content), overwrite=True)
            return
        place = _place(prepared_staging(self._provider), token)
        with translated(place):
            path = place.adapter.location().path
            with place.adapter.filesystem.open(path, "wb") as file:
                file.write(content)

    def discard(self, python_file: str, workspace: "WorkspaceClient") -> None:
        """Remove the file of a run; one that lies elsewhere is left alone.

        Raises:
            DatabricksError: The volume refuses.
            StorageError: Staging refuses.
        """
        _, _, name = python_file.rpartition("/")
        token = name.removesuffix(".py")
        if self.path(token) != python_file:
            return
        if self._volume is not None:
            workspace.files.delete(python_file)
        else:
            _place(staging_of(self._provider), token).delete()


def _place(staging: "Bucket", token: str) -> "Bucket":
    return staging / f"runs/{token}.py"


def _uri(place: "Bucket") -> str:
    scheme, _, rest = place.get_uri().partition("://")
    return f"{_SPARKS_SCHEMES.get(scheme, scheme)}://{rest}"
