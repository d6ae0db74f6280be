"""Starts the rig's processes: Azurite for the data, and one for Azure's control planes."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.request import Request, urlopen

from glacier.config import AzureConfig
from tests.rigs.azure.azurite import Azurite
from tests.rigs.azure.identity import HEADER, PATH

ROOT = Path(__file__).resolve().parents[3]
SUBSCRIPTION = "33333333-3333-3333-3333-333333333333"


class AzureServer:
    """One Azure for a test run; a context manager.

    Args:
        directory: Where its logs lie.
        azurite: The storage account.

    Attributes:
        endpoint: The address of Resource Manager, and of all else that is no data.
    """

    def __init__(self, directory: Path, azurite: Azurite) -> None:
        self.azurite = azurite
        self._log = (directory / "azure.log").open("wb")
        kept = {k: v for k, v in os.environ.items() if not k.startswith("AZURE_")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.rigs.azure.app"],
            cwd=ROOT,
            env={**kept, **azurite.environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"the Azure rig did not start; see {self._log.name}"
        self.endpoint = f"http://127.0.0.1:{int(line)}"

    @property
    def environment(self) -> dict[str, str]:
        """What a machine with a managed identity has, beside the storage account's variables."""
        return {
            **self.azurite.environment,
            "AZURE_SUBSCRIPTION_ID": SUBSCRIPTION,
            "AZURE_RESOURCE_MANAGER_ENDPOINT": self.endpoint,
            **self.identity,
        }

    @property
    def identity(self) -> dict[str, str]:
        """The variables by which azure-identity finds the managed identity."""
        return {"IDENTITY_ENDPOINT": f"{self.endpoint}{PATH}", "IDENTITY_HEADER": HEADER}

    def config(self, **fields: object) -> AzureConfig:
        """Return a config that reaches it; the environment has to have `identity`."""
        return self.azurite.config(
            **{"subscription_id": SUBSCRIPTION, "management_endpoint": self.endpoint, **fields}
        )

    def requests(self, *, forget: bool = False) -> list[dict[str, str]]:
        """Return what was asked of the control planes, in order; it may be forgotten then."""
        request = Request(f"{self.endpoint}/rig/requests", method="DELETE" if forget else "GET")
        with urlopen(request) as answer:
            found: list[dict[str, str]] = json.loads(answer.read())
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._log.close()
