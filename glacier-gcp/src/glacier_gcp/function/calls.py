"""Where functions are called, and the requests that call them: sent once, with an ID token."""

import threading
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from google.cloud.functions_v2 import FunctionServiceClient
from requests import Response, Session
from requests.adapters import HTTPAdapter

from glacier.errors import FunctionError
from glacier_gcp.id_tokens import IdTokens

if TYPE_CHECKING:
    from glacier_gcp.session import GcpSession

_INVOKERS_SECONDS = 120.0
"""How long a new right to call a function may take to be known everywhere:
https://cloud.google.com/iam/docs/access-change-propagation"""

_KEPT_CONNECTIONS = 32


@dataclass(frozen=True, slots=True)
class Caller:
    """What sends the calls of a session.

    Attributes:
        http: Sends requests, and nothing else with them.
        tokens: Tells functions who calls.
    """

    http: Session
    tokens: IdTokens


class _Entrances:
    """The addresses of functions that were called before, so that only the first call asks."""

    def __init__(self) -> None:
        self._known: dict[tuple[GcpSession, str], str] = {}
        self._new_invokers: dict[tuple[GcpSession, str], float] = {}
        self._lock = threading.Lock()

    def find(self, session: "GcpSession", name: str) -> str:
        """Return a function's address.

        Raises:
            FunctionError: It has none yet, or has never been built.
            GoogleAPIError: Google knows no such function, or refuses.
        """
        with self._lock:
            found = self._known.get((session, name))
        if found is None:
            config = session.config
            known = session.client(FunctionServiceClient).get_function(
                name=f"projects/{config.project}/locations/{config.region}/functions/{name}",
                retry=session.retry,
                timeout=config.read_timeout_seconds,
            )
            found = known.service_config.uri
            if not found:
                raise FunctionError(
                    f"The function {name!r} could not be called: it is {known.state.name}, and has "
                    "no address yet. Deploy it: function.deploy(); it waits for another deployment "
                    "that goes on.",
                    function_name=name,
                )
            with self._lock:
                self._known[session, name] = found
        return found

    def forget(self, session: "GcpSession", name: str) -> None:
        """Forget what may have changed."""
        with self._lock:
            self._known.pop((session, name), None)

    def note_invokers(self, session: "GcpSession", name: str) -> None:
        """Note that others may call a function from now on."""
        with self._lock:
            self._new_invokers[session, name] = time.monotonic()

    def has_new_invokers(self, session: "GcpSession", name: str) -> bool:
        """Return whether not all of Google may know yet who may call a function."""
        with self._lock:
            since = self._new_invokers.get((session, name))
        return since is not None and time.monotonic() - since < _INVOKERS_SECONDS


entrances = _Entrances()


def send_call(
    session: "GcpSession", uri: str, content: bytes, *, read_timeout_seconds: float
) -> Response:
    """Call a function once, and return the answer, whatever its status is.

    Args:
        session: Whose identity and timeouts count.
        uri: The function's address.
        content: The payload.
        read_timeout_seconds: How long is waited for the answer.

    Raises:
        GoogleAuthError: Google gives the identity no token.
        RequestException: No answer came.
    """
    caller = caller_of(session)
    token = caller.tokens.find(uri)
    headers = {"Content-Type": "application/json"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    return caller.http.post(
        uri,
        data=content,
        headers=headers,
        timeout=(session.config.connect_timeout_seconds, read_timeout_seconds),
        allow_redirects=False,
    )


@lru_cache(maxsize=64)
def caller_of(session: "GcpSession") -> Caller:
    """Return what sends the calls of a session; the same for all of them."""
    http = Session()
    http.auth = lambda request: request  # else a .netrc of the user's would replace the token
    for scheme in ("http://", "https://"):
        http.mount(scheme, HTTPAdapter(pool_maxsize=_KEPT_CONNECTIONS, max_retries=0))
    return Caller(http, IdTokens(session))
