"""Starts the rig's process, gives out its keys and asks it what it was asked."""

import json
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from glacier.config import GcpConfig
from tests.rigs.gcp.accounts import OWNER
from tests.rigs.gcp.store import PROJECT
from tests.rigs.process import RigProcess, without

REGION = "europe-west1"
HIDDEN = ("GOOGLE_", "GCP_", "CLOUDSDK_", "GCE_METADATA_", "STORAGE_EMULATOR_")


class GcpServer(RigProcess):
    """One Google Cloud for a test run; its endpoint is that of every service.

    Args:
        directory: Where its log and its keys lie.
    """

    def __init__(self, directory: Path) -> None:
        super().__init__("tests.rigs.gcp.app", directory / "gcp.log", without(*HIDDEN))
        self._directory = directory
        self._keys: dict[str, str] = {}

    @property
    def environment(self) -> dict[str, str]:
        """The endpoint, the project and the owner's key, as Google's clients read them."""
        path = self._directory / "owner.json"
        if not path.exists():
            path.write_text(self.key())
        return {
            "STORAGE_EMULATOR_HOST": self.endpoint,
            "GOOGLE_APPLICATION_CREDENTIALS": str(path),
            "GOOGLE_CLOUD_PROJECT": PROJECT,
        }

    @property
    def metadata(self) -> dict[str, str]:
        """The variables by which Google's clients find the metadata server of a machine."""
        host = self.endpoint.removeprefix("http://")
        return {"GCE_METADATA_HOST": host, "GCE_METADATA_IP": host}

    def config(self, **fields: object) -> GcpConfig:
        """Return a config that reaches it as the owner."""
        known: dict[str, object] = {
            "project": PROJECT,
            "region": REGION,
            "endpoint": self.endpoint,
        }
        if "service_account_key_path" not in fields:
            known["service_account_key"] = self.key()
        return GcpConfig.model_validate({**known, **fields})

    def key(self, email: str = OWNER) -> str:
        """Return the JSON text of a service account's key; the account is created with it."""
        if email not in self._keys:
            self._keys[email] = self._ask("POST", "keys", email=email).decode()
        return self._keys[email]

    def grant(
        self, member: str, role: str, *, bucket: str = "", account: str = "", condition: str = ""
    ) -> None:
        """Bind a role in the policy of a bucket, a service account, or else the project.

        Args:
            member: The e-mail address of a service account, or a member such as `allUsers`.
            role: Such as `roles/storage.objectViewer`.
            bucket: The bucket's name.
            account: The e-mail address of the service account that is acted as.
            condition: A condition in CEL.
        """
        wanted = {"bucket": bucket, "account": account, "condition": condition}
        self._ask("POST", "grants", member=member, role=role, **wanted)

    def define_role(self, role: str, *permissions: str) -> None:
        """Have a custom role permit some things."""
        self._ask("POST", "roles", role=role, permissions=permissions)

    def expire_tokens(self, email: str = "") -> None:
        """Have every access token that was given out, or an account's, be out of date."""
        self._ask("DELETE", "tokens", email=email)

    def set_token_lifetime(self, seconds: float) -> None:
        """Have tokens that are given out from now on live so long."""
        self._ask("POST", "tokens", seconds=seconds)

    def age_uploads(self, hours: float) -> None:
        """Have all multipart uploads that are under way begun so much earlier."""
        self._ask("POST", "uploads", hours=hours)

    def forget(self) -> None:
        """Forget what is stored, the accounts but the owner and the machine, and all rights."""
        self._ask("DELETE", "state")
        self._keys.clear()

    def _ask(self, method: str, path: str, **content: Any) -> bytes:
        body = json.dumps(content).encode() if content else None
        request = Request(f"{self.endpoint}/rig/{path}", body, method=method)
        with urlopen(request) as answer:
            found: bytes = answer.read()
        return found
