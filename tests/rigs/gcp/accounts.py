"""The service accounts of the rig, their keys, and the tokens that it gave out."""

import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import crypt, jwt
from starlette.requests import HTTPConnection

from tests.rigs.gcp.answers import ApiError
from tests.rigs.gcp.store import PROJECT

DOMAIN = f"{PROJECT}.iam.gserviceaccount.com"
OWNER = f"owner@{DOMAIN}"
MACHINE = f"machine@{DOMAIN}"
LIFETIME_SECONDS = 3600
KEY_ID = "a7c1e0b15dd14f0e8a3f6c2b9d4e5f60718293a4"


@dataclass(slots=True)
class Account:
    """A service account; its policy says who may act as it."""

    email: str
    unique_id: str
    policy: dict[str, Any] = field(default_factory=lambda: {"version": 1, "bindings": []})


@dataclass(slots=True)
class Token:
    """An access token: whose it is, and until when."""

    email: str
    expires: float


class Accounts:
    """Knows the accounts, signs for them and tells whose a token is.

    One RSA key, made when the process starts, is the key of all of them.
    """

    def __init__(self) -> None:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()
        self._public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self._tokens: dict[str, Token] = {}
        self._signer = crypt.RSASigner.from_string(self._pem, KEY_ID)
        self.forget()

    def forget(self) -> None:
        """Know the owner and the machine alone; tokens stay valid."""
        self._known: dict[str, Account] = {}
        self.lifetime_seconds: float = LIFETIME_SECONDS
        for email in (OWNER, MACHINE):
            self.add(email)

    def add(self, email: str) -> Account:
        """Return an account, which is created where it isn't known."""
        number = str(10**20 + len(self._known))
        return self._known.setdefault(email, Account(email, number))

    def find(self, email: str) -> Account | None:
        """Return an account by its e-mail address or its number; None where there is none."""
        by_number = (one for one in self._known.values() if one.unique_id == email)
        return self._known.get(email) or next(by_number, None)

    def remove(self, email: str) -> None:
        """Forget an account."""
        self._known.pop(email, None)

    def key(self, email: str, token_uri: str) -> str:
        """Return an account's key, as the file that Google gives out."""
        account = self.add(email)
        return json.dumps(
            {
                "type": "service_account",
                "project_id": PROJECT,
                "private_key_id": KEY_ID,
                "private_key": self._pem,
                "client_email": email,
                "client_id": account.unique_id,
                "auth_uri": "https://accounts.google.com/o/oauth2/auth",
                "token_uri": token_uri,
                "universe_domain": "googleapis.com",
            }
        )

    def verify(self, assertion: str) -> dict[str, Any]:
        """Return the claims of what was signed with the rig's key and is still valid.

        Raises:
            ValueError: It wasn't, or isn't.
        """
        claims: dict[str, Any] = jwt.decode(assertion, certs=self._public)
        return claims

    def issue(self, email: str, seconds: float | None = None) -> dict[str, Any]:
        """Return a new access token as the token endpoint does."""
        lifetime = self.lifetime_seconds if seconds is None else seconds
        value = f"ya29.c.{secrets.token_urlsafe(40)}"
        self._tokens[value] = Token(email, time.time() + lifetime)
        return {"access_token": value, "expires_in": int(lifetime), "token_type": "Bearer"}

    def id_token(self, email: str, audience: str) -> str:
        """Return a signed token that says who somebody is, for one audience."""
        now = int(time.time())
        account = self.add(email)
        claims = {
            "iss": "https://accounts.google.com",
            "aud": audience,
            "azp": account.unique_id,
            "sub": account.unique_id,
            "email": email,
            "email_verified": True,
            "iat": now,
            "exp": now + max(1, int(self.lifetime_seconds)),
        }
        token: bytes = jwt.encode(self._signer, claims)
        return token.decode()

    def expire_tokens(self, email: str = "") -> None:
        """Have every access token that was given out, or an account's, be out of date."""
        for token in self._tokens.values():
            if email in {"", token.email}:
                token.expires = 0

    def caller(self, request: HTTPConnection) -> str:
        """Return whose token a request carries; empty for an anonymous one.

        Raises:
            ApiError: The token isn't the rig's, or is out of date.
        """
        value = bearer_of(request)
        if not value:
            return ""
        token = self._token(value)
        if token is None or token.expires <= time.time():
            raise ApiError(401, "authError", "Invalid Credentials", code="AuthenticationRequired")
        return token.email

    def holder(self, request: HTTPConnection) -> str:
        """Return whose token a request carries, also where it is out of date."""
        token = self._token(bearer_of(request))
        return token.email if token else ""

    def _token(self, value: str) -> Token | None:
        """Return a token that was given out, or one that an account has signed for itself.

        https://developers.google.com/identity/protocols/oauth2/service-account#jwt-auth
        """
        if value.count(".") == 2 and value not in self._tokens:
            try:
                claims = self.verify(value)
            except ValueError:
                return None
            if self.find(email := str(claims.get("iss", ""))):
                self._tokens[value] = Token(email, float(claims["exp"]))
        return self._tokens.get(value)


def bearer_of(request: HTTPConnection) -> str:
    """Return a request's token."""
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    return value.strip() if kind.lower() == "bearer" else ""
