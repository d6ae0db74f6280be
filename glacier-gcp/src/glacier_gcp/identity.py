"""Who asks Google Cloud, and what is said where Google gives no token or does not accept one."""

import json
import re
from typing import TYPE_CHECKING

from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError, TransportError

from glacier.errors import AccessDeniedError, ConfigError, GlacierError, StorageError
from glacier.redaction import chain_of
from glacier_gcp.credentials import NoTokenError, SharedCredentials

if TYPE_CHECKING:
    from collections.abc import Iterator

    from glacier_gcp.answers import Answer
    from glacier_gcp.session import GcpSession

_TOKEN_SIGNS = ("NoTokenError", "RefreshError", "Error performing token request")
_NO_CREDENTIAL_SIGNS = ("DefaultCredentialsError", "default credentials were not found")
_IMPERSONATION = "impersonated credentials"
_LOGIN = "Log in again: gcloud auth application-default login."
_REASONS = {
    "account not found": (
        "the account of the key is unknown: it was deleted, or is of another universe",
        "Set a key of an account that is there.",
    ),
    "Invalid JWT Signature": (
        "the key is none of that account's: it was deleted, or is damaged",
        "Make a new key and set it.",
    ),
    "iat and exp": (
        "the clock of this machine is wrong",
        "Set the clock, by NTP for example.",
    ),
    "disabled": ("the account is disabled", "Enable it, or use another one."),
    "expired or revoked": ("the login has expired or was revoked", _LOGIN),
    "eauthentication": ("the login is too old", _LOGIN),
    "invalid_rapt": ("the login is too old", _LOGIN),
    "": ("Google does not say why", f"Check the credential. {_LOGIN}"),
}
"""What Google's token service says, what it means, and what to do."""


def identity_of(session: "GcpSession") -> str:
    """Return how errors call the identity of a session: never a secret."""
    account = session.config.impersonate_service_account
    return own_identity_of(session) if account is None else f"the service account {account}"


def own_identity_of(session: "GcpSession") -> str:
    """Return how errors call who is there before another account is acted as."""
    try:
        credentials = session.own_credentials
    except (ConfigError, GoogleAuthError):
        return "the identity of the environment"
    email = str(getattr(credentials, "service_account_email", None) or "")
    if "@" in email:
        return f"the service account {email}"
    user = str(getattr(credentials, "account", None) or "")
    if user:
        return f"the user {user}"
    if session.is_anonymous:
        return "an anonymous caller"
    return "the identity of the environment"


def secrets_of(session: "GcpSession") -> "Iterator[str]":
    """Yield the secrets of a session that errors may repeat."""
    key = session.config.service_account_key
    if key is not None:
        fields = json.loads(key.get_secret_value())
        yield from (str(fields[one]) for one in ("private_key", "private_key_id") if one in fields)
    try:
        yield str(session.shared_credentials.token or "")
    except (ConfigError, GoogleAuthError):  # there is none, which is what the error is about
        return


def of_unavailable_identity(
    error: BaseException, what: str, session: "GcpSession"
) -> GlacierError | None:
    """Return Glacier's error where no token is to be had; None for other errors.

    Args:
        error: What was raised: by google-auth, or by Polars with that one's text in its own.
        what: What was asked for, such as a URI.
        session: Whose identity has asked.
    """
    chain, text = list(chain_of(error)), str(error)
    is_none = any(isinstance(one, DefaultCredentialsError) for one in chain)
    if is_none or any(sign in text for sign in _NO_CREDENTIAL_SIGNS):
        return _no_credential(what)
    failures = [one for one in chain if isinstance(one, GoogleAuthError)]
    is_told = any(isinstance(one, NoTokenError) for one in chain)
    if not (failures or is_told or any(sign in text for sign in _TOKEN_SIGNS)):
        return None
    refusal = next(iter(failures), None) or _refusal_of(session)
    told = text if refusal is None else _told_by(refusal)
    if any(isinstance(one, TransportError) for one in (*failures, refusal)):
        return StorageError(
            f"Google's token service can't be reached for {what}, as {own_identity_of(session)}: "
            f"{_one_line(told)}. Check the network, and token_uri of the key.",
            uri=what,
        )
    if _IMPERSONATION in told:
        return _not_impersonated(told, what, session)
    return _no_token(told, what, session)


def of_refused_identity(answer: "Answer", what: str, session: "GcpSession") -> GlacierError | None:
    """Return Glacier's error where Google does not accept who asks; None for other answers.

    Args:
        answer: What Google has answered.
        what: What was asked for, such as a URI.
        session: Whose identity has asked.
    """
    who = identity_of(session)
    if answer.has("RequestTimeTooSkewed"):
        return AccessDeniedError(
            f"The clock of this machine is wrong, and Google refuses what it sends for {what}: "
            f"{answer.told}. Set the clock, by NTP for example.",
            uri=what,
        )
    is_invalid = answer.status == 401 and not answer.says("Anonymous caller")
    if is_invalid or answer.has("ExpiredToken", "SignatureDoesNotMatch", "InvalidSecurity"):
        return AccessDeniedError(
            f"Google does not accept the token of {who} for {what}: {answer.told}. It has expired, "
            "or its account was disabled or deleted. Check the credential.",
            uri=what,
        )
    return None


def _no_credential(what: str) -> GlacierError:
    return AccessDeniedError(
        f"No credential was found for {what}. Set service_account_key or service_account_key_path "
        "in GcpConfig (GOOGLE_APPLICATION_CREDENTIALS), run gcloud auth application-default login, "
        "or run where Google Cloud gives an identity.",
        uri=what,
    )


def _no_token(told: str, what: str, session: "GcpSession") -> GlacierError:
    why, advice = next(found for sign, found in _REASONS.items() if sign in told)
    return AccessDeniedError(
        f"Google gives {own_identity_of(session)} no token for {what}: {why} ({_one_line(told)}). "
        f"{advice}",
        uri=what,
    )


def _not_impersonated(told: str, what: str, session: "GcpSession") -> GlacierError:
    account, who = session.config.impersonate_service_account, own_identity_of(session)
    start = f"{who[:1].upper()}{who[1:]} may not act as {account} to reach {what}"
    reason = _one_line(_message_in(told))
    if "NOT_FOUND" in told:
        return AccessDeniedError(
            f"{start}: there is no such account ({reason}). Correct "
            "GcpConfig(impersonate_service_account=...).",
            uri=what,
        )
    if "has not been used" in told or "SERVICE_DISABLED" in told:
        return AccessDeniedError(
            f"{start}: {reason}. Enable the API: gcloud services enable "
            "iamcredentials.googleapis.com.",
            uri=what,
        )
    return AccessDeniedError(
        f"{start}: {reason}. Give it roles/iam.serviceAccountTokenCreator on that account; a new "
        "role takes some minutes to hold.",
        uri=what,
    )


def _refusal_of(session: "GcpSession") -> Exception | None:
    """Return why Google has given no token at the last time."""
    found = session.shared_credentials
    return found.refusal if isinstance(found, SharedCredentials) else None


def _told_by(refusal: Exception) -> str:
    """Return what google-auth says, without the same answer as data."""
    return " ".join(one for one in refusal.args if isinstance(one, str)) or str(refusal)


def _message_in(told: str) -> str:
    """Return the message of an answer in JSON that a text ends with, else the text."""
    start = told.find("{")
    try:
        return str(json.loads(told[start:])["error"]["message"]) if start >= 0 else told
    except (ValueError, KeyError, TypeError):
        return told


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()[:300].rstrip(". ")
