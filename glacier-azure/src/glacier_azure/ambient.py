"""The identity that the environment has, as azure-identity finds it."""

import os
import time
from collections.abc import Callable
from typing import Any, TypeVar

from azure.core.credentials import AccessToken, AccessTokenInfo
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import DefaultAzureCredential

_SECONDS = 1
"""For how long a search that has found nothing counts: less than anybody waits for a second try."""

T = TypeVar("T")


class AmbientCredential(DefaultAzureCredential):
    """`DefaultAzureCredential`, which looks once and not several times in a row for what is not.

    A search takes seconds where nobody answers at the address of managed identities and programs
    such as az are asked; Polars alone asks for a token four times before it gives up.
    """

    def __init__(self, **settings: Any) -> None:  # Any: azure-identity's own
        super().__init__(**settings)
        self._failures: dict[tuple[str, ...], tuple[float, str]] = {}

    def get_token(self, *scopes: str, **settings: Any) -> AccessToken:
        """Return a token.

        Raises:
            ClientAuthenticationError: There is none.
        """
        return self._found(super().get_token, scopes, settings)

    def get_token_info(self, *scopes: str, **settings: Any) -> AccessTokenInfo:
        """Return a token, and when to get the next one.

        Raises:
            ClientAuthenticationError: There is none.
        """
        return self._found(super().get_token_info, scopes, settings)

    def _found(
        self, look: Callable[..., T], scopes: tuple[str, ...], settings: dict[str, Any]
    ) -> T:
        ended, message = self._failures.get(scopes, (-float("inf"), ""))
        if time.monotonic() - ended < _SECONDS:
            raise ClientAuthenticationError(message=message)
        try:
            return look(*scopes, **settings)
        except ClientAuthenticationError as error:
            self._failures[scopes] = time.monotonic(), str(error.message)
            raise


def ambient_credential(client_id: str | None) -> AmbientCredential:
    """Return what azure-identity finds, as the managed identity where one is named.

    A service principal of the environment counts where it is the named one, or none is.
    """
    chosen: dict[str, Any] = {}
    if client_id is not None:
        chosen["managed_identity_client_id"] = client_id
        if os.environ.get("AZURE_CLIENT_ID") != client_id:
            chosen["exclude_environment_credential"] = True
    return AmbientCredential(**chosen)
