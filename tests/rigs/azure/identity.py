"""The endpoint that gives a machine of Azure the tokens of its managed identity.

azure-identity asks it where `IDENTITY_ENDPOINT` and `IDENTITY_HEADER` are set, as they are in App
Service: https://learn.microsoft.com/azure/app-service/overview-managed-identity
"""

import base64
import json
import time
from typing import Any

from werkzeug.wrappers import Request, Response

from tests.rigs.azure.answers import error
from tests.rigs.planes import json_answer

PATH = "/rig/identity"
HEADER = "glacier-rig-identity"
MANAGED_IDENTITY = "11111111-1111-1111-1111-111111111111"
TENANT = "22222222-2222-2222-2222-222222222222"
LIFETIME_SECONDS = 3600


class Identity:
    """Makes tokens that say who they were made for, and for what; nobody has signed them.

    In the endpoint's query a `lifetime` says for how many seconds they live, and an `audience` that
    they are for something else than was asked for.
    """

    def answer(self, request: Request) -> Response | None:
        """Answer with a token."""
        if request.path != PATH:
            return None
        if request.headers.get("X-IDENTITY-HEADER") != HEADER:
            return json_answer(401, error("Unauthorized", "The identity header is wrong."))
        audience = request.args.get("audience") or request.args.get("resource", "")
        lifetime = int(request.args.get("lifetime", LIFETIME_SECONDS))
        expires = int(time.time()) + lifetime
        return json_answer(
            200,
            {
                "access_token": token(audience, expires),
                "expires_on": str(expires),
                "resource": audience,
                "token_type": "Bearer",
            },
        )

    def close(self) -> None:
        """Do nothing: it has started nothing."""


def token(audience: str, expires: int, who: str = MANAGED_IDENTITY) -> str:
    """Return a token for an audience."""
    claims = {
        "aud": audience,
        "iss": f"https://sts.windows.net/{TENANT}/",
        "nbf": int(time.time()) - 60,
        "iat": int(time.time()) - 60,
        "exp": expires,
        "oid": who,
        "tid": TENANT,
    }
    head = {"alg": "RS256", "typ": "JWT"}
    return ".".join([*(_encoded(one) for one in (head, claims)), "rig"])


def claims_in(request: Request) -> dict[str, Any]:
    """Return the claims of a request's token; none where it has no token of the rig's."""
    value = request.headers.get("Authorization", "")
    parts = value.removeprefix("Bearer ").split(".")
    if not value.startswith("Bearer ") or len(parts) != 3:
        return {}
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(parts[1] + "=="))
    return found


def _encoded(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")
