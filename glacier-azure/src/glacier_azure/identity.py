"""Who asks Azure, and what is said where Azure does not accept it or lets it do nothing."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from azure.core.credentials import AzureNamedKeyCredential, AzureSasCredential
from azure.core.exceptions import ClientAuthenticationError

from glacier.errors import AccessDeniedError, ConfigError, GlacierError
from glacier_azure.answers import code_of
from glacier_azure.storage.signature import part_of, time_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from glacier_azure.answers import Answer
    from glacier_azure.session import AzureSession

REFUSED = {
    *("AuthenticationFailed", "InvalidAuthenticationInfo", "NoAuthenticationInformation"),
    *(
        "InvalidAuthenticationToken",
        "InvalidAuthenticationTokenTenant",
        "ExpiredAuthenticationToken",
    ),
    *("AuthenticationFailedInvalidHeader", "401"),
}
MAY_NOT = {
    *("403", "AuthorizationFailure", "AuthorizationFailed", "AuthorizationPermissionMismatch"),
    *("AuthorizationResourceTypeMismatch", "AuthorizationServiceMismatch"),
    *("AuthorizationProtocolMismatch", "AuthorizationSourceIPMismatch"),
    *("InsufficientAccountPermissions", "UnauthorizedBlobOverwrite", "LinkedAuthorizationFailed"),
    *("KeyBasedAuthenticationNotPermitted", "AccountIsDisabled", "CannotVerifyCopySource"),
}
_NO_CREDENTIAL_SIGNS = ("CredentialUnavailableError", "failed to retrieve a token")
_DIRECTORY_SIGNS = ("ClientAuthenticationError", "AADSTS")


def identity_of(session: "AzureSession") -> str:
    """Return how errors call the identity of a session at its storage account: never a secret."""
    account = session.account
    if isinstance(account.credential, AzureNamedKeyCredential):
        return f"the key of the storage account {account.name!r}"
    if isinstance(account.credential, AzureSasCredential):
        return "the shared access signature"
    return principal_of(session)


def principal_of(session: "AzureSession") -> str:
    """Return how errors call whom the session's tokens are for."""
    config = session.config
    if config.client_secret is not None:
        return f"the service principal {config.client_id}"
    if config.client_id is not None:
        return f"the managed identity {config.client_id}"
    return "the identity of the environment"


def secrets_of(session: "AzureSession") -> "Iterator[str]":
    """Yield the secrets of a session that errors may repeat."""
    config = session.config
    for given in (config.account_key, config.client_secret):
        if given is not None:
            yield given.get_secret_value()
    try:
        credential = session.account.credential
    except ConfigError:  # there is none, which is what the error is about
        return
    if isinstance(credential, AzureNamedKeyCredential):
        yield credential.named_key.key
    elif isinstance(credential, AzureSasCredential):
        yield part_of(credential.signature, "sig")


def of_unavailable_identity(
    error: BaseException, what: str, session: "AzureSession"
) -> GlacierError | None:
    """Return Glacier's error where no token is to be had; None for other errors.

    Args:
        error: What was raised: by azure-identity, or by Polars with that one's text in its own.
        what: What was asked for, such as a URI.
        session: Whose identity has asked.
    """
    text = str(error)
    is_identity = isinstance(error, ClientAuthenticationError) and not code_of(error)
    is_unavailable = type(error).__name__ == "CredentialUnavailableError"
    if is_unavailable or any(sign in text for sign in _NO_CREDENTIAL_SIGNS):
        return AccessDeniedError(
            f"No credential was found for {what}. Set account_key, sas_token or a service "
            "principal in AzureConfig (AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN, or "
            "AZURE_CLIENT_ID, AZURE_CLIENT_SECRET and AZURE_TENANT_ID), run az login, or run "
            "where Azure gives an identity.",
            uri=what,
        )
    if is_identity or any(sign in text for sign in _DIRECTORY_SIGNS):
        who = principal_of(session)
        return AccessDeniedError(
            f"Azure's directory gives {who} no token for {what}: {_reason(text)}. Check client_id, "
            "client_secret and tenant_id.",
            uri=what,
        )
    return None


def of_refused_identity(
    answer: "Answer", what: str, session: "AzureSession"
) -> GlacierError | None:
    """Return Glacier's error where Azure does not accept who asks, or lets it not do that.

    Args:
        answer: What Azure has answered.
        what: What was asked for, such as a URI.
        session: Whose identity has asked.

    Returns:
        None for an answer about something else.
    """
    is_authentication = answer.code in REFUSED or (
        answer.code == "AuthorizationFailure" and "authenticate" in answer.message
    )
    if is_authentication:
        return _of_refused_credential(answer, what, session)
    if answer.code == "KeyBasedAuthenticationNotPermitted":
        return AccessDeniedError(
            f"The storage account of {what} refuses keys, and signatures made with them: "
            f"{answer.told}. Leave account_key and sas_token out, so that a service principal or "
            "the identity of the environment is used.",
            uri=what,
        )
    if answer.code == "AuthorizationFailure":
        return AccessDeniedError(
            f"Access to {what} is denied to {identity_of(session)}: {answer.told}. The storage "
            "account's firewall may keep this machine out; check its network rules.",
            uri=what,
        )
    if answer.code in MAY_NOT:
        return AccessDeniedError(
            f"Access to {what} is denied to {identity_of(session)}: {answer.told}. "
            f"{_advice_on_permissions(session)}",
            uri=what,
        )
    return None


def _of_refused_credential(answer: "Answer", what: str, session: "AzureSession") -> GlacierError:
    who, told = identity_of(session), _with_detail(answer)
    credential = session.account.credential
    if "date header" in answer.detail.lower():
        return AccessDeniedError(
            f"The clock of this machine is wrong, and Azure refuses what it signs for {what}: "
            f"{told}. Set the clock, by NTP for example.",
            uri=what,
        )
    if isinstance(credential, AzureSasCredential):
        return _of_refused_signature(credential.signature, told, what)
    if isinstance(credential, AzureNamedKeyCredential):
        advice = (
            "Correct account_key (AZURE_STORAGE_KEY in the environment): it is no key of this "
            "account, or was replaced by a new one."
        )
    else:
        advice = "Check tenant_id: the token has to be of the storage account's own directory."
    return AccessDeniedError(f"Azure does not accept {who} for {what}: {told}. {advice}", uri=what)


def _of_refused_signature(signature: str, told: str, what: str) -> GlacierError:
    ends, begins = time_in(signature, "se"), time_in(signature, "st")
    now = datetime.now(UTC)
    how = "set it as sas_token (AZURE_STORAGE_SAS_TOKEN in the environment)"
    if ends is not None and ends <= now:
        return AccessDeniedError(
            f"The shared access signature has expired at {ends:%Y-%m-%d %H:%M} UTC, and {what} "
            f"can't be reached. Get a new one and {how}.",
            uri=what,
        )
    if begins is not None and begins > now:
        return AccessDeniedError(
            f"The shared access signature is not valid before {begins:%Y-%m-%d %H:%M} UTC, and "
            f"{what} can't be reached. Wait, set this machine's clock, or get a new one.",
            uri=what,
        )
    return AccessDeniedError(
        f"Azure does not accept the shared access signature for {what}: {told}. It was changed, is "
        "of another account or container, or its key was replaced since. Get a new one and "
        f"{how}.",
        uri=what,
    )


def _advice_on_permissions(session: "AzureSession") -> str:
    credential = session.account.credential
    if isinstance(credential, AzureSasCredential):
        signature = credential.signature
        allowed = part_of(signature, "sp")
        what = part_of(signature, "srt") or part_of(signature, "sr")
        return (
            f"It allows {allowed!r} on {what!r}, in Azure's letters: get one that allows reading, "
            "writing, listing and deleting (rwdlac) on containers and objects (co)."
        )
    if isinstance(credential, AzureNamedKeyCredential):
        return "Check the storage account's network rules and policies."
    return (
        "Give it a role such as Storage Blob Data Contributor on the container or the account; a "
        "new role takes some minutes to hold."
    )


def _with_detail(answer: "Answer") -> str:
    detail = " ".join(answer.detail.split()).partition(" String to sign")[0].rstrip(". ")
    return f"{answer.told} ({detail})" if detail else answer.told


def _reason(text: str) -> str:
    """Return the line of an error of azure-identity that says why."""
    lines = [one.strip() for one in text.splitlines() if one.strip()]
    return next((one for one in lines if "AADSTS" in one), next(iter(lines), "no answer"))[:300]
