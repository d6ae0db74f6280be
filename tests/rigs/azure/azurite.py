"""Azurite, Microsoft's emulator of Blob Storage, as a process on a free port."""

import os
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from azure.storage.blob import generate_account_sas
from glacier.config import AzureConfig
from glacier_azure.storage.connection import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY

PROGRAM = Path(__file__).with_name("node_modules") / ".bin" / "azurite-blob"
GROUP = "glacier-tests"


def missing_azurite() -> str | None:
    """Return why Azurite can't be started here; None if it can."""
    if shutil.which("node") is None:
        return "Azurite needs Node.js, which is not installed"
    if not PROGRAM.exists():
        return "Azurite is not installed; run: make setup (it needs npm)"
    return None


class Azurite:
    """One storage account for a test run, kept in memory; a context manager.

    Args:
        directory: Where its log lies.
        *options: Further options of the program.

    Attributes:
        endpoint: The address of the account's blobs.
    """

    def __init__(self, directory: Path, *options: str) -> None:
        self._log = (directory / "azurite.log").open("wb")
        self._process = subprocess.Popen(
            [
                *(PROGRAM, "--blobHost", "127.0.0.1", "--blobPort", "0", "--disableTelemetry"),
                *("--inMemoryPersistence", "--skipApiVersionCheck", "--silent", *options),
            ],
            cwd=directory,
            env={k: v for k, v in os.environ.items() if not k.startswith("AZURE")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            found = re.search(rb"successfully listens on (\S+)", line)
            if found is not None:
                break
        else:
            raise AssertionError(f"Azurite did not start; see {self._log.name}")
        self.endpoint = f"{found[1].decode()}/{DEVELOPMENT_ACCOUNT}"

    @property
    def environment(self) -> dict[str, str]:
        """The account, its endpoint and its key, as `AzureConfig.from_env` reads them."""
        return {
            "AZURE_RESOURCE_GROUP": GROUP,
            "AZURE_STORAGE_ACCOUNT": DEVELOPMENT_ACCOUNT,
            "AZURE_STORAGE_ENDPOINT": self.endpoint,
            "AZURE_STORAGE_KEY": DEVELOPMENT_KEY,
        }

    @property
    def connection_string(self) -> str:
        """The account with its key, as Microsoft's clients read it."""
        known = f"AccountName={DEVELOPMENT_ACCOUNT};AccountKey={DEVELOPMENT_KEY}"
        return f"{known};BlobEndpoint={self.endpoint};"

    def config(self, **fields: object) -> AzureConfig:
        """Return a config that reaches it with its key."""
        given = {
            "resource_group": GROUP,
            "storage_account": DEVELOPMENT_ACCOUNT,
            "account_key": DEVELOPMENT_KEY,
            "endpoint": self.endpoint,
            **fields,
        }
        kept = {name: value for name, value in given.items() if value is not None}
        return AzureConfig.model_validate(kept)

    def signature(self, permissions: str = "rwdlac", types: str = "co", **fields: Any) -> str:
        """Return a signature of the account, in Azure's letters; it ends in an hour."""
        ends = datetime.now(UTC) + timedelta(hours=1)
        given = {"expiry": ends, **fields}
        return generate_account_sas(
            DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY, types, permissions, **given
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._log.close()
