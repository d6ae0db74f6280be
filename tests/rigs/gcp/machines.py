"""The metadata servers of machines on which functions run: each tells of one service account.

Google's clients take a host with a path as well: `GCE_METADATA_HOST=127.0.0.1:1/rig/machines/A@B`.
"""

from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from tests.rigs.gcp.answers import json_answer
from tests.rigs.gcp.cloud import Cloud
from tests.rigs.gcp.identity import FLAVOR, METADATA
from tests.rigs.gcp.store import PROJECT

PATH = "/rig/machines"
_KNOWN = {"project/project-id": PROJECT, "universe/universe-domain": "googleapis.com"}


def routes(cloud: Cloud) -> list[BaseRoute]:
    """Return the routes by which a machine is told of itself."""
    made = Machines(cloud)
    return [
        Route(f"{PATH}/{{email}}", made.ping),
        Route(f"{PATH}/{{email}}/", made.ping),
        Route(
            f"{PATH}/{{email}}{METADATA}/instance/service-accounts/{{account}}/{{what:path}}",
            made.account,
        ),
        Route(f"{PATH}/{{email}}{METADATA}/{{path:path}}", made.metadata),
    ]


def variables(host: str, email: str) -> dict[str, str]:
    """Return the variables by which a process finds the metadata server of its machine."""
    place = f"{host}{PATH}/{email}"
    return {"GCE_METADATA_HOST": place, "GCE_METADATA_IP": place}


class Machines:
    """Answers processes on the machines."""

    def __init__(self, cloud: Cloud) -> None:
        self._accounts = cloud.accounts

    async def ping(self, request: Request) -> Response:
        """Say that this is a machine of Google's."""
        return PlainTextResponse("computeMetadata/\n", headers=FLAVOR)

    async def account(self, request: Request) -> Response:
        """Answer what a machine is told of its service account, and its tokens."""
        email, what = unquote(request.path_params["email"]), request.path_params["what"]
        if what == "token":
            return json_answer(self._accounts.issue(email), headers=FLAVOR)
        if what == "identity":
            audience = request.query_params.get("audience", "")
            return PlainTextResponse(self._accounts.id_token(email, audience), headers=FLAVOR)
        if what == "email":
            return PlainTextResponse(email, headers=FLAVOR)
        scopes = ["https://www.googleapis.com/auth/cloud-platform"]
        content = {"aliases": ["default"], "email": email, "scopes": scopes}
        return json_answer(content, headers=FLAVOR)

    async def metadata(self, request: Request) -> Response:
        """Answer what a machine is told of itself."""
        found = _KNOWN.get(request.path_params["path"].rstrip("/"))
        return PlainTextResponse(found or "Not Found", 200 if found else 404, FLAVOR)
