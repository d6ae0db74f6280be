"""Service accounts, as IAM's API has them.

https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts
"""

import re
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from tests.rigs.gcp.accounts import DOMAIN, Account
from tests.rigs.gcp.answers import json_body
from tests.rigs.gcp.cloud import Cloud
from tests.rigs.gcp.planes import Policies, RefusedError, answering
from tests.rigs.gcp.store import PROJECT


def routes(cloud: Cloud) -> list[BaseRoute]:
    """Return the routes by which accounts are made and looked at."""
    made = ServiceAccounts(cloud)
    place = "/v1/projects/{project}/serviceAccounts"
    return [
        Route(place, answering(made.create), methods=["POST"]),
        Route(f"{place}/{{email}}", answering(made.get), methods=["GET"]),
        Route(f"{place}/{{email}}", answering(made.delete), methods=["DELETE"]),
    ]


class ServiceAccounts:
    """Makes accounts."""

    def __init__(self, cloud: Cloud) -> None:
        self._accounts = cloud.accounts
        self._policies = Policies(cloud)
        self._fields: dict[str, dict[str, Any]] = {}

    async def create(self, request: Request) -> dict[str, Any]:
        """Make an account."""
        self._policies.require(request, "iam.serviceAccounts.create")
        body = await json_body(request)
        name = str(body.get("accountId", ""))
        if not re.fullmatch(r"[a-z]([-a-z0-9]{4,28}[a-z0-9])", name):
            raise RefusedError(400, "INVALID_ARGUMENT", f"Invalid accountId: {name!r}.")
        email = f"{name}@{DOMAIN}"
        if self._accounts.find(email) is not None:
            message = f"Service account {name} already exists within project projects/{PROJECT}."
            raise RefusedError(409, "ALREADY_EXISTS", message)
        self._fields[email] = body.get("serviceAccount", {})
        return self._told(self._accounts.add(email))

    async def get(self, request: Request) -> dict[str, Any]:
        """Tell of an account."""
        self._policies.require(request, "iam.serviceAccounts.get")
        return self._told(self._found(request))

    async def delete(self, request: Request) -> dict[str, Any]:
        """Forget an account."""
        self._policies.require(request, "iam.serviceAccounts.delete")
        email = self._found(request).email
        self._accounts.remove(email)
        self._fields.pop(email, None)
        return {}

    def _found(self, request: Request) -> Account:
        email = unquote(request.path_params["email"])
        found = self._accounts.find(email)
        if found is None:
            raise RefusedError(404, "NOT_FOUND", f"Unknown service account: {email}")
        return found

    def _told(self, account: Account) -> dict[str, Any]:
        return {
            **self._fields.get(account.email, {}),
            "name": f"projects/{PROJECT}/serviceAccounts/{account.email}",
            "projectId": PROJECT,
            "uniqueId": account.unique_id,
            "email": account.email,
        }
