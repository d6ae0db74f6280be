"""What tests ask of the rig itself, under `/rig`."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from tests.rigs.gcp.answers import base_url, json_body
from tests.rigs.gcp.cloud import Cloud


def routes(cloud: Cloud) -> list[BaseRoute]:
    """Return the routes by which a test sets the rig up."""
    made = Control(cloud)
    return [
        Route("/rig/keys", made.key, methods=["POST"]),
        Route("/rig/grants", made.grant, methods=["POST"]),
        Route("/rig/roles", made.define_role, methods=["POST"]),
        Route("/rig/tokens", made.set_lifetime, methods=["POST"]),
        Route("/rig/tokens", made.expire_tokens, methods=["DELETE"]),
        Route("/rig/uploads", made.age_uploads, methods=["POST"]),
        Route("/rig/state", made.forget, methods=["DELETE"]),
    ]


class Control:
    """Sets the rig up."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    async def key(self, request: Request) -> Response:
        """Return the key of an account, which is created where it isn't known."""
        body = await json_body(request)
        token_uri = f"{base_url(request)}/token"
        return PlainTextResponse(self._cloud.accounts.key(body["email"], token_uri))

    async def grant(self, request: Request) -> Response:
        """Add a binding to the policy of a bucket, a service account or the project."""
        body = await json_body(request)
        name, account = body.get("bucket"), body.get("account")
        permissions = self._cloud.permissions
        policy = permissions.project_policy
        if name:
            policy = self._cloud.store.bucket(name).policy
        elif account:
            policy = self._cloud.accounts.add(account).policy
        permissions.grant(policy, body["member"], body["role"], body.get("condition", ""))
        return Response(status_code=204)

    async def define_role(self, request: Request) -> Response:
        """Say what a custom role permits."""
        body = await json_body(request)
        self._cloud.permissions.roles[body["role"]] = frozenset(body["permissions"])
        return Response(status_code=204)

    async def set_lifetime(self, request: Request) -> Response:
        """Say for how many seconds tokens live from now on."""
        self._cloud.accounts.lifetime_seconds = float((await json_body(request))["seconds"])
        return Response(status_code=204)

    async def expire_tokens(self, request: Request) -> Response:
        """Have all tokens, or those of an account, be out of date."""
        self._cloud.accounts.expire_tokens((await json_body(request)).get("email", ""))
        return Response(status_code=204)

    async def age_uploads(self, request: Request) -> Response:
        """Have all multipart uploads begun so many hours earlier."""
        hours = float((await json_body(request))["hours"])
        for one in self._cloud.store.uploads.values():
            one.started -= hours * 3600
        return Response(status_code=204)

    async def forget(self, request: Request) -> Response:
        """Forget what is stored, the accounts and their rights."""
        self._cloud.forget()
        return Response(status_code=204)
