"""The credential that all clients of a session share, and how its tokens are asked for."""

from collections.abc import Mapping
from threading import RLock
from typing import TYPE_CHECKING, Any

from google.auth.credentials import Credentials
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import Request
from requests import Session
from requests.adapters import HTTPAdapter

if TYPE_CHECKING:
    from google.auth.transport import Response

_CONNECTIONS_TRIED = 3


class TokenRequest(Request):
    """Asks for tokens, in the time that a config leaves; google-auth's own waits for two minutes.

    Args:
        timeout: The seconds to wait for a connection, and for a byte.
    """

    def __init__(self, timeout: tuple[float, float]) -> None:
        session = Session()
        # Not of http: so the metadata server is asked, which is not there on most machines, and
        # google-auth waits three times for it by itself.
        session.mount("https://", HTTPAdapter(max_retries=_CONNECTIONS_TRIED))
        super().__init__(session)
        self._timeout = timeout

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | tuple[float, float] | None = None,
        **more: Any,  # Any: what else requests takes
    ) -> "Response":
        """Make a request, whose time a caller may set too."""
        made: Response = super().__call__(  # type: ignore[no-untyped-call]
            url, method, body, headers, timeout or self._timeout, **more
        )
        return made


class NoTokenError(PermissionError):
    """Google refuses to give a token, for the reason that is this error's cause.

    It is none of google-auth's errors, which gcsfs tries again for half a minute.
    """


class SharedCredentials(Credentials):
    """A credential that many threads ask: one of them gets a new token while the others wait.

    Args:
        source: Whose tokens it gives.
        lock: Held while a token is asked for.

    Attributes:
        refusal: Why no token was given at the last time; None where one was.
    """

    def __init__(self, source: Credentials, lock: RLock) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._source = source
        self._lock = lock
        self.refusal: Exception | None = None

    def before_request(
        self, request: "Request", method: str, url: str, headers: dict[str, str]
    ) -> None:
        """Put a token into the headers of a request that is about to be made."""
        self.ensure_valid(request)
        super().before_request(  # type: ignore[no-untyped-call]
            request, method, url, headers
        )

    def ensure_valid(self, request: "Request") -> None:
        """Get a new token where there is none, or it is about to expire.

        Raises:
            NoTokenError: Google refuses to give one.
            GoogleAuthError: Google did not answer soundly.
        """
        with self._lock:
            if not self.valid:
                self._renew(request)

    def refresh(self, request: "Request") -> None:
        """Get a new token whatever there is, but for one that another thread gets meanwhile.

        Raises:
            NoTokenError: Google refuses to give one.
            GoogleAuthError: Google did not answer soundly.
        """
        before = self.token
        with self._lock:
            if self.token == before:
                self._renew(request)

    def apply(self, headers: dict[str, str], token: str | None = None) -> None:
        """Put the token into the headers of a request, and what else goes with it."""
        self._source.apply(headers, token=token or self.token)

    def _renew(self, request: "Request") -> None:
        try:
            self._source.refresh(request)
        except Exception as error:
            self.refusal = error
            if isinstance(error, RefreshError) and not error.retryable:
                raise NoTokenError(str(error)) from error
            raise
        self.refusal = None
        self.token, self.expiry = self._source.token, self._source.expiry

    def __reduce__(self) -> Any:  # Any: as objects have it
        raise TypeError("A credential of Google Cloud stays in its process.")
