"""The identity of a Spark pool, which has its tokens from a module of its own."""

from typing import Any

from azure.core.credentials import AccessToken, TokenCredential
from azure.identity import CredentialUnavailableError

from glacier_azure.job.launcher import is_pool, pool_token


class PoolCredential:
    """Gets tokens of whoever a job on a Spark pool runs as; a `TokenCredential`."""

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:  # Any: options that it has not
        """Return a token.

        Raises:
            CredentialUnavailableError: The pool has none for the scope.
        """
        found = pool_token(scopes[0])
        if found is None:
            raise CredentialUnavailableError(message=f"This Spark pool has no token for {scopes}.")
        return AccessToken(*found)


def pool_credential() -> TokenCredential | None:
    """Return the credential of the Spark pool that this process runs on; None anywhere else."""
    return PoolCredential() if is_pool() else None
