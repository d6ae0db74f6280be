"""Where clients get their tokens: the token endpoint, the metadata server, and IAM's credentials.

https://developers.google.com/identity/protocols/oauth2/service-account
https://cloud.google.com/compute/docs/metadata/predefined-metadata-keys
https://cloud.google.com/iam/docs/reference/credentials/rest
"""

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, unquote

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from tests.rigs.gcp.accounts import MACHINE, Accounts
from tests.rigs.gcp.answers import api_error, json_answer, json_body
from tests.rigs.gcp.cloud import Cloud
from tests.rigs.gcp.store import PROJECT

FLAVOR = {"Metadata-Flavor": "Google"}
METADATA = "/computeMetadata/v1"
REFRESH_TOKEN = "1//rig-refresh-token-of-"
"""A refresh token of an authorized user is this with an e-mail address behind it."""


def routes(cloud: Cloud) -> list[BaseRoute]:
    """Return the routes by which tokens are given out."""
    made = Tokens(cloud)
    machine = f"{METADATA}/instance/service-accounts"
    return [
        Route("/token", made.token, methods=["POST"]),
        Route("/", made.ping),
        Route(f"{machine}/{{account}}/{{what:path}}", made.machine_account),
        Route(f"{METADATA}/{{path:path}}", made.metadata),
        Route("/v1/projects/-/serviceAccounts/{account}", made.credentials, methods=["POST"]),
    ]


class Tokens:
    """Answers who asks for a token."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._accounts: Accounts = cloud.accounts

    async def token(self, request: Request) -> Response:
        """Answer the grants of a service account's key and of a user's refresh token."""
        form = dict(parse_qsl((await request.body()).decode()))
        if form.get("grant_type") == "refresh_token":
            refresh = form.get("refresh_token", "")
            if not refresh.startswith(REFRESH_TOKEN):
                return _invalid_grant("Bad Request")
            return json_answer(self._accounts.issue(refresh.removeprefix(REFRESH_TOKEN)))
        if form.get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer":
            return json_answer({"error": "unsupported_grant_type"}, 400)
        try:
            claims = self._accounts.verify(form.get("assertion", ""))
        except ValueError:
            return _invalid_grant("Invalid JWT Signature.")
        email = str(claims.get("iss", ""))
        if self._accounts.find(email) is None:
            return _invalid_grant("Invalid grant: account not found")
        if audience := claims.get("target_audience"):
            return json_answer({"id_token": self._accounts.id_token(email, str(audience))})
        return json_answer(self._accounts.issue(email))

    async def ping(self, request: Request) -> Response:
        """Say that this is a machine of Google's."""
        if request.headers.get("metadata-flavor") != "Google":
            return Response(status_code=404)
        return PlainTextResponse("computeMetadata/\n", headers=FLAVOR)

    async def machine_account(self, request: Request) -> Response:
        """Answer what a machine is told of its service account, and its tokens."""
        account, what = unquote(request.path_params["account"]), request.path_params["what"]
        if request.headers.get("metadata-flavor") != "Google":
            return _no_flavor()
        if account not in {"default", MACHINE}:
            return PlainTextResponse("Not Found", 404, FLAVOR)
        if what == "token":
            return json_answer(self._accounts.issue(MACHINE), headers=FLAVOR)
        if what == "identity":
            audience = request.query_params.get("audience", "")
            return PlainTextResponse(self._accounts.id_token(MACHINE, audience), headers=FLAVOR)
        if what == "email":
            return PlainTextResponse(MACHINE, headers=FLAVOR)
        scopes = ["https://www.googleapis.com/auth/cloud-platform"]
        content = {"aliases": ["default"], "email": MACHINE, "scopes": scopes}
        return json_answer(content, headers=FLAVOR)

    async def metadata(self, request: Request) -> Response:
        """Answer what a machine is told of itself."""
        if request.headers.get("metadata-flavor") != "Google":
            return _no_flavor()
        known = {
            "project/project-id": PROJECT,
            "project/numeric-project-id": "123456789012",
            "universe/universe-domain": "googleapis.com",
            "instance/zone": "projects/123456789012/zones/europe-west1-b",
            "instance/region": "projects/123456789012/regions/europe-west1",
        }
        found = known.get(request.path_params["path"].rstrip("/"))
        if found is None:
            return PlainTextResponse("Not Found", 404, FLAVOR)
        return PlainTextResponse(found, headers=FLAVOR)

    async def credentials(self, request: Request) -> Response:
        """Answer with a token of an account to whoever may make its tokens."""
        email, _, verb = unquote(request.path_params["account"]).rpartition(":")
        needed = {
            "generateAccessToken": "iam.serviceAccounts.getAccessToken",
            "generateIdToken": "iam.serviceAccounts.getOpenIdToken",
        }.get(verb)
        if needed is None:
            return api_error(404, "NOT_FOUND", f"The rig knows no {verb!r} of service accounts.")
        account = self._accounts.find(email)
        if account is None:
            return api_error(404, "NOT_FOUND", f"Not found; Gaia id not found for email {email}")
        caller = self._accounts.caller(request)
        if not self._cloud.permissions.permits(caller, needed, account.policy):
            message = f"Permission '{needed}' denied on resource (or it may not exist)."
            return api_error(403, "PERMISSION_DENIED", message)
        body = await json_body(request)
        if verb == "generateIdToken":
            return json_answer({"token": self._accounts.id_token(account.email, body["audience"])})
        asked = float(str(body.get("lifetime", "3600s")).removesuffix("s"))
        lifetime = min(asked, self._accounts.lifetime_seconds)
        token = self._accounts.issue(account.email, lifetime)["access_token"]
        expires = datetime.now(UTC) + timedelta(seconds=lifetime)
        text = expires.strftime("%Y-%m-%dT%H:%M:%SZ")
        return json_answer({"accessToken": token, "expireTime": text})


def _invalid_grant(description: str) -> Response:
    return json_answer({"error": "invalid_grant", "error_description": description}, 400)


def _no_flavor() -> Response:
    message = json.dumps("Missing required header 'Metadata-Flavor': 'Google'")
    return PlainTextResponse(message, 403)
