"""The tokens of the rig: whom it gives one, for how long, and what it takes for one."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import google.auth
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import crypt, impersonated_credentials, jwt
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import Request
from google.cloud.storage import Bucket, Client
from google.oauth2 import service_account
from google.oauth2.credentials import Credentials

from tests.glacier_gcp.storage_clients import (
    SCOPES,
    client_of,
    credentials,
    get_of,
    new_bucket,
    token_of,
)
from tests.rigs.gcp.accounts import DOMAIN, MACHINE, OWNER
from tests.rigs.gcp.identity import REFRESH_TOKEN
from tests.rigs.gcp.server import GcpServer
from tests.rigs.gcp.store import PROJECT

AUDIENCE = "https://function.test"


@pytest.fixture(scope="module")
def owner(gcp_server: GcpServer) -> Iterator[Client]:
    client = client_of(gcp_server)
    yield client
    client.close()


@pytest.fixture(scope="module")
def bucket(owner: Client) -> Bucket:
    bucket = new_bucket(owner)
    bucket.blob("in/x").upload_from_string(b"abc")
    return bucket


@pytest.fixture
def reader() -> str:
    """An account without any rights."""
    return f"reader-{uuid.uuid4().hex[:8]}@{DOMAIN}"


def test_expired_token_is_refused_by_both_apis(gcp_server: GcpServer, bucket: Bucket) -> None:
    token = token_of(gcp_server)

    gcp_server.expire_tokens()

    url = f"{gcp_server.endpoint}/storage/v1/b/{bucket.name}"
    answer = requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=10)
    assert (answer.status_code, answer.json()["error"]["message"]) == (401, "Invalid Credentials")
    assert get_of(gcp_server, bucket, token).status_code == 401


def test_client_gets_another_token_when_one_has_expired(
    gcp_server: GcpServer, bucket: Bucket
) -> None:
    assert bucket.exists()

    gcp_server.expire_tokens()

    assert bucket.blob("in/x").download_as_bytes() == b"abc"


def test_tokens_live_as_long_as_they_are_told_to(gcp_server: GcpServer) -> None:
    gcp_server.set_token_lifetime(7)
    try:
        answer = requests.post(
            f"{gcp_server.endpoint}/token",
            {"grant_type": "refresh_token", "refresh_token": f"{REFRESH_TOKEN}{OWNER}"},
            timeout=10,
        )
    finally:
        gcp_server.set_token_lifetime(3600)

    assert answer.json()["expires_in"] == 7


def test_key_of_another_is_refused(gcp_server: GcpServer) -> None:
    info = json.loads(gcp_server.key()) | {"client_email": f"unheard-of@{DOMAIN}"}
    made = service_account.Credentials.from_service_account_info(info, scopes=SCOPES)

    with pytest.raises(RefreshError, match="account not found"):
        made.refresh(Request())


def test_assertion_of_a_foreign_key_is_refused(gcp_server: GcpServer) -> None:
    key = foreign_key()
    claims = {"iss": OWNER, "iat": 0, "exp": 2**33, "scope": SCOPES[0]}
    assertion = jwt.encode(crypt.RSASigner.from_string(key), claims).decode()
    grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"

    answer = requests.post(
        f"{gcp_server.endpoint}/token",
        {"grant_type": grant, "assertion": assertion},
        timeout=10,
    )

    assert answer.status_code == 400
    assert answer.json() == {
        "error": "invalid_grant",
        "error_description": "Invalid JWT Signature.",
    }


def foreign_key() -> str:
    """Return a new private key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def test_environment_has_the_owner_s_key(
    gcp_server: GcpServer, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in gcp_server.environment.items():
        monkeypatch.setenv(name, value)

    made, project = google.auth.default(scopes=SCOPES)
    made.refresh(Request())

    assert project == PROJECT
    assert get_of(gcp_server, bucket, made.token).content == b"abc"


def test_server_forgets_what_it_is_told_to(tmp_path: Path) -> None:
    with GcpServer(tmp_path) as server:
        client = client_of(server)
        new_bucket(client)
        server.grant("allUsers", "roles/storage.admin")

        server.forget()

        assert list(client.list_buckets()) == []
        client.close()
        answer = requests.get(f"{server.endpoint}/storage/v1/b?project={PROJECT}", timeout=10)
        assert answer.status_code == 401


def test_token_that_an_account_signed_itself_is_taken(
    gcp_server: GcpServer, bucket: Bucket
) -> None:
    made = credentials(gcp_server).with_always_use_jwt_access(True)
    made._create_self_signed_jwt(None)
    made.refresh(Request())

    assert made.token.count(".") == 2
    assert get_of(gcp_server, bucket, made.token).content == b"abc"


def test_authorized_user_has_a_token(gcp_server: GcpServer, bucket: Bucket) -> None:
    user = Credentials(
        None,
        refresh_token=f"{REFRESH_TOKEN}{OWNER}",
        token_uri=f"{gcp_server.endpoint}/token",
        client_id="id",
        client_secret="secret",
    )

    user.refresh(Request())

    assert get_of(gcp_server, bucket, user.token).content == b"abc"


def test_id_token_of_a_key_says_who_and_for_whom(gcp_server: GcpServer) -> None:
    made = service_account.IDTokenCredentials.from_service_account_info(
        json.loads(gcp_server.key()), target_audience=AUDIENCE
    )

    made.refresh(Request())

    claims = jwt.decode(made.token, verify=False)
    assert (claims["email"], claims["aud"]) == (OWNER, AUDIENCE)
    assert claims["iss"] == "https://accounts.google.com"


ON_A_MACHINE = """
import google.auth, google.oauth2.id_token, json, sys
from google.auth import jwt
from google.auth.transport.requests import Request

made, project = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
made.refresh(Request())
claims = jwt.decode(google.oauth2.id_token.fetch_id_token(Request(), sys.argv[1]), verify=False)
print(json.dumps([project, made.token, made.service_account_email, claims["email"], claims["aud"]]))
"""


def test_machine_has_an_identity(gcp_server: GcpServer, bucket: Bucket, tmp_path: Path) -> None:
    """A process of its own, since Google's client reads the variables when it is imported."""
    environment = {**os.environ, **gcp_server.metadata, "CLOUDSDK_CONFIG": str(tmp_path)}

    done = subprocess.run(
        [sys.executable, "-c", ON_A_MACHINE, AUDIENCE],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    project, token, *told = json.loads(done.stdout)
    assert (project, *told) == (PROJECT, MACHINE, MACHINE, AUDIENCE)
    assert get_of(gcp_server, bucket, token).content == b"abc"


def impersonated(
    server: GcpServer, source: str, target: str
) -> impersonated_credentials.Credentials:
    """Return the credentials of one account that acts as another."""
    return impersonated_credentials.Credentials(
        credentials(server, source),
        target,
        SCOPES,
        iam_endpoint_override=(
            f"{server.endpoint}/v1/projects/-/serviceAccounts/{target}:generateAccessToken"
        ),
    )


def test_account_acts_as_another_if_it_may(
    gcp_server: GcpServer, bucket: Bucket, reader: str
) -> None:
    made = impersonated(gcp_server, reader, OWNER)
    with pytest.raises(RefreshError, match=r"iam\.serviceAccounts\.getAccessToken"):
        made.refresh(Request())

    gcp_server.grant(reader, "roles/iam.serviceAccountTokenCreator", account=OWNER)
    made.refresh(Request())

    assert get_of(gcp_server, bucket, made.token).content == b"abc"


def test_acting_as_a_missing_account_is_refused(gcp_server: GcpServer) -> None:
    made = impersonated(gcp_server, OWNER, f"unheard-of@{DOMAIN}")

    with pytest.raises(RefreshError, match="Gaia id not found"):
        made.refresh(Request())
