"""ID tokens, which say who somebody is: what Cloud Run asks of callers, instead of access tokens.

https://cloud.google.com/run/docs/authenticating/service-to-service
"""

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from google.auth import compute_engine, impersonated_credentials, jwt
from google.auth.credentials import AnonymousCredentials, Credentials
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import AuthorizedSession
from google.oauth2 import service_account

from glacier.errors import ConfigError
from glacier_gcp.http import send

if TYPE_CHECKING:
    from glacier_gcp.session import GcpSession

_KINDS = (
    compute_engine.Credentials,
    impersonated_credentials.Credentials,
    service_account.Credentials,
)
CREDENTIALS_ENDPOINT = "https://iamcredentials.googleapis.com"


class IdTokens:
    """The ID tokens of a session, each kept until it is about to expire.

    Args:
        session: Whose identity they tell.
    """

    def __init__(self, session: "GcpSession") -> None:
        self._session = session
        self._known: dict[str, Credentials] = {}
        self._lock = threading.Lock()

    def check(self) -> None:
        """Refuse an identity of a kind to which Google gives no ID tokens; asks nobody.

        Raises:
            ConfigError: It is one.
        """
        found = self._session.credentials
        if not isinstance(found, (*_KINDS, AnonymousCredentials)):
            kind = f"{type(found).__module__}.{type(found).__name__}"
            raise ConfigError(
                "Functions are called with an ID token, which Google gives to service accounts "
                f"alone, and the provider's config stands for {kind}. Set "
                "GcpConfig(impersonate_service_account=...) to an account that may call the "
                "function."
            )

    def find(self, audience: str) -> str | None:
        """Return a token for an audience; None without an identity.

        Raises:
            GoogleAuthError: Google gives none.
        """
        if self._session.is_anonymous:
            return None
        with self._lock:
            found = self._known.get(audience)
            if found is None:
                found = self._known[audience] = _credentials(self._session, audience)
            failure = None if found.valid else _failure_to_renew(found, self._session)
            if failure is not None:
                raise failure
            return str(found.token)

    def forget(self, audience: str) -> None:
        """Forget the token for an audience, which was refused."""
        with self._lock:
            self._known.pop(audience, None)


def _failure_to_renew(found: Credentials, session: "GcpSession") -> RefreshError | None:
    """Get a new token; return why there is none.

    An answer with another token than was asked for is a part of google-auth's error, and would be
    shown with it: the error that is returned has the words alone, and no other one as its context.
    """
    try:
        found.refresh(session.transport)
    except RefreshError as error:
        words = [one for one in error.args if isinstance(one, str)]
        return RefreshError(*words, retryable=error.retryable)
    return None


def _credentials(session: "GcpSession", audience: str) -> Credentials:
    found: Any = session.credentials  # Any: what Google's libraries keep to themselves
    if isinstance(found, impersonated_credentials.Credentials):
        return _ImpersonatedIdToken(session, found, audience)
    if isinstance(found, service_account.Credentials):
        made: Credentials = service_account.IDTokenCredentials(
            found.signer,
            found.service_account_email,
            getattr(found, "_token_uri"),  # noqa: B009 - it has no public name
            audience,
        )
        return made
    return compute_engine.IDTokenCredentials(
        session.transport, audience, use_metadata_identity_endpoint=True
    )


class _ImpersonatedIdToken(Credentials):
    """The ID token of an account that another identity acts as.

    Google's own class for it asks the public address, whatever the endpoint is.
    """

    def __init__(
        self,
        session: "GcpSession",
        credentials: impersonated_credentials.Credentials,
        audience: str,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._session = session
        self._account = credentials.service_account_email
        self._source: Credentials = getattr(credentials, "_source_credentials")  # noqa: B009
        self._audience = audience

    def refresh(self, request: object) -> None:  # noqa: ARG002 - of the base class
        """Ask for a new token.

        Raises:
            GoogleAPICallError: Google refuses.
            NoAnswerError: It can't be reached.
        """
        session = self._session
        place = f"projects/-/serviceAccounts/{self._account}:generateIdToken"
        http: Any = AuthorizedSession(self._source)  # Any: it has annotations for some of its own
        with http:
            answer = send(
                session,
                "POST",
                f"{session.endpoint or CREDENTIALS_ENDPOINT}/v1/{place}",
                through=http,
                json={"audience": self._audience, "includeEmail": True},
            )
        self.token = answer.json()["token"]
        expires = jwt.decode(self.token, verify=False)["exp"]
        self.expiry = datetime.fromtimestamp(expires, UTC).replace(tzinfo=None)  # as google-auth
