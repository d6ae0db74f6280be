"""Starts the rig's process, makes workspaces in it, and asks it what it was asked."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from glacier.config import DatabricksConfig
from tests.rigs.process import RigProcess, without

VOLUME = "/Volumes/main/etl/jobs"
_HIDDEN = ("AWS_", "AZURE_", "DATABRICKS_", "GCP_", "GOOGLE_", "STORAGE_EMULATOR_")


class DatabricksWorkspace:
    """One workspace, of nobody else.

    Args:
        server: Where it is.
        **fields: Of `workspaces.Workspace`.

    Attributes:
        host: Its address.
        token: A personal access token of it.
        client_id: A service principal of it.
        client_secret: The secret of that.
    """

    def __init__(self, server: "DatabricksServer", **fields: Any) -> None:
        made = server.ask("POST", "workspaces", {"volumes": [VOLUME], **fields})
        self._server = server
        self.host = server.endpoint
        self.token: str = made["token"]
        self.client_id: str = made["client_id"]
        self.client_secret: str = made["client_secret"]

    def config(self, **fields: Any) -> DatabricksConfig:
        """Return a config that enters it by its token."""
        given = {"host": self.host, "token": self.token, "retry_timeout_seconds": 10, **fields}
        return DatabricksConfig.model_validate(given)

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which the SDK enters it."""
        return {"DATABRICKS_HOST": self.host, "DATABRICKS_TOKEN": self.token}

    def runs(self) -> list[dict[str, Any]]:
        """Return its runs, the oldest first, each with the `request` that it was submitted by."""
        found: list[dict[str, Any]] = self._ask("GET", "runs")["runs"]
        return found

    def fault(self, path: str, how: str, times: int = 1) -> None:
        """Have the next requests to what ends in a path go wrong, see `workspaces.Fault`."""
        self._ask("POST", "fault", {"path": path, "how": how, "times": times})

    def expire(self) -> None:
        """Have all tokens that were given out be out of date; the workspace is gone from here."""
        self._ask("POST", "expire")

    def hold(self) -> None:
        """Have no run start or end from now on."""
        self._ask("POST", "hold")

    def go(self) -> None:
        """Have runs go on."""
        self._ask("POST", "go")

    def state(self, job_id: str, state: str) -> None:
        """Have a run in some state, until its process changes it."""
        self._ask("POST", "state", {"run_id": int(job_id), "state": state})

    def set(self, **fields: Any) -> None:
        """Set some of its fields."""
        self._ask("POST", "set", fields)

    def _ask(self, method: str, path: str, content: object = None) -> Any:
        return self._server.ask(method, path, content, token=self.token)


class DatabricksServer(RigProcess):
    """Databricks on one cloud, for a test run; its endpoint is that of all its workspaces.

    Args:
        directory: Where its log lies.
        cloud: The cloud: `aws`, `azure` or `gcp`.
        identity: What a machine there has in its environment, so what clusters may do.
    """

    def __init__(self, directory: Path, cloud: str, identity: Mapping[str, str]) -> None:
        self._cloud = cloud
        # The rig of Google Cloud has no API that tells how buckets are laid out.
        environment = {**without(*_HIDDEN), "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false"}
        log = directory / f"databricks-{cloud}.log"
        super().__init__("tests.rigs.databricks.app", log, {**environment, **identity})

    def workspace(self, **fields: Any) -> DatabricksWorkspace:
        """Return a new workspace."""
        return DatabricksWorkspace(self, **{"cloud": self._cloud, **fields})

    def ask(self, method: str, path: str, content: object = None, *, token: str = "") -> Any:
        """Ask the rig for something that is no API of Databricks."""
        body = None if content is None else json.dumps(content).encode()
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        request = Request(f"{self.endpoint}/rig/{path}", body, headers, method=method)
        with urlopen(request) as answer:
            return json.loads(answer.read() or b"null")
