"""Where credentials come from: a key, a file, or what google-auth finds by itself."""

import json
import os
import time
import warnings
from typing import TYPE_CHECKING, cast

import google.auth
from google.auth.exceptions import DefaultCredentialsError
from google.oauth2 import service_account

from glacier.errors import ConfigError

if TYPE_CHECKING:
    from google.auth.credentials import Credentials
    from google.auth.transport.requests import Request

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
ENVIRONMENT_PATH = "GOOGLE_APPLICATION_CREDENTIALS"
"""The variable that names a file with a credential; google-auth reads it first as well."""

_SECONDS = 1
"""For how long a search that has found nothing counts: less than anybody waits for a second try."""


def credentials_of_key(key: str) -> "Credentials":
    """Return the credential that the JSON text of a service account's key is.

    Raises:
        ConfigError: It is none.
    """
    try:
        fields = json.loads(key)
        made = service_account.Credentials.from_service_account_info(fields, scopes=[SCOPE])
        return cast("Credentials", made)
    except ValueError as error:  # google-auth's own too
        raise ConfigError(
            f"service_account_key is no key of a service account: {error}. Set "
            "GcpConfig(service_account_key=...) to the JSON text that Google gave out."
        ) from error


def credentials_in(path: str) -> "Credentials":
    """Return the credential that a file holds, of whichever kind Google's tools write.

    Raises:
        ConfigError: It holds none, or is not there.
    """
    advice = f"Correct GcpConfig(service_account_key_path=...) or {ENVIRONMENT_PATH}."
    try:
        with warnings.catch_warnings():
            # It warns of files from strangers; this one the user has named.
            warnings.simplefilter("ignore", DeprecationWarning)
            found, _ = google.auth.load_credentials_from_file(path, scopes=[SCOPE])
            return cast("Credentials", found)
    except (DefaultCredentialsError, OSError, ValueError) as error:
        raise ConfigError(
            f"{path!r} is no file with a credential: {_said_by(error)}. {advice}"
        ) from error


def _said_by(error: Exception) -> str:
    """Return what an error says, and that one which google-auth puts among its arguments."""
    parts = error.args if isinstance(error, DefaultCredentialsError) else (error,)
    return ": ".join(str(part).rstrip(". ") for part in parts)


def is_emulator(endpoint: str | None) -> bool:
    """Return whether an address gets no identity that nobody has named.

    What is entered without TLS is no place for the login of a developer or a machine, and a search
    for the machine's own takes seconds where there is none.
    """
    is_plain = endpoint is not None and not endpoint.startswith("https://")
    return is_plain and not any(name.startswith("GCE_METADATA_") for name in os.environ)


class AmbientSearch:
    """What google-auth finds by itself, looked for once and not several times in a row.

    A search takes seconds where nobody answers at the address of the metadata server, and one error
    of Polars is several of them.
    """

    def __init__(self) -> None:
        self._failed = -float("inf")
        self._failure = ""

    def found(self, request: "Request") -> "Credentials":
        """Return the credential.

        Raises:
            DefaultCredentialsError: There is none.
        """
        if time.monotonic() - self._failed < _SECONDS:
            raise DefaultCredentialsError(self._failure)
        try:
            return google.auth.default(scopes=[SCOPE], request=request)[0]
        except DefaultCredentialsError as error:
            self._failed, self._failure = time.monotonic(), str(error)
            raise
