"""What Resource Manager of the rig has, seen past Glacier."""

import json
import time
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tests.rigs.azure.azurite import GROUP
from tests.rigs.azure.identity import token
from tests.rigs.azure.server import SUBSCRIPTION, AzureServer

GROUP_ID = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}"
ACCOUNTS = f"{GROUP_ID}/providers/Microsoft.Storage/storageAccounts"
AUDIENCE = "https://management.azure.com"


class Manager:
    """A plain client, with an identity of its own."""

    def __init__(self, server: AzureServer) -> None:
        self._endpoint = server.endpoint
        self.put(GROUP_ID, {"location": "eastus"})

    def get(self, path: str) -> Any:
        """Return what is at an id; None where nothing is."""
        try:
            return self._ask("GET", path)
        except HTTPError as error:
            with error:
                if error.code != 404:
                    raise
            return None

    def put(self, path: str, body: dict[str, Any]) -> Any:
        """Put something at an id."""
        return self._ask("PUT", path, body)

    def properties(self, path: str) -> Any:
        """Return the properties of what is at an id, but for how its making went."""
        found = dict(self.get(path)["properties"])
        del found["provisioningState"]
        return found

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        head = {
            "Authorization": f"Bearer {token(AUDIENCE, int(time.time()) + 3600, 'tests')}",
            "Content-Type": "application/json",
        }
        content = None if body is None else json.dumps(body).encode()
        request = Request(f"{self._endpoint}{path}?api-version=x", content, head, method=method)
        with urlopen(request) as answer:
            return json.loads(answer.read())


def changes(server: AzureServer) -> list[tuple[str, str]]:
    """Return the methods and paths of the requests that changed something, and forget all."""
    return [
        (one["method"], one["path"].rpartition("/storageAccounts/")[2])
        for one in server.requests(forget=True)
        if one["method"] in {"PUT", "PATCH", "POST", "DELETE"} and one["identity"] != "tests"
    ]
