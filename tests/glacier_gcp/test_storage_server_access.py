"""Who may do what in the rig, and how long: tokens, keys, policies and their conditions."""

import json
import uuid
from collections.abc import Callable, Iterator

import pytest
import requests
from google.api_core import exceptions
from google.auth import compute_engine, impersonated_credentials
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import Request
from google.cloud.storage import Bucket, Client
from google.oauth2 import service_account
from google.oauth2.credentials import Credentials

from tests.glacier_gcp.storage_clients import (
    SCOPES,
    client_of,
    credentials,
    new_bucket,
    token_of,
)
from tests.rigs.gcp.accounts import DOMAIN, MACHINE, OWNER
from tests.rigs.gcp.identity import REFRESH_TOKEN
from tests.rigs.gcp.server import GcpServer

AUDIENCE = "https://function.test"


@pytest.fixture(scope="module")
def owner(gcp_server: GcpServer) -> Iterator[Client]:
    client = client_of(gcp_server)
    yield client
    client.close()


@pytest.fixture
def bucket(owner: Client) -> Bucket:
    bucket = new_bucket(owner)
    bucket.blob("in/x").upload_from_string(b"abc")
    return bucket


@pytest.fixture
def reader() -> str:
    """An account without any rights."""
    return f"reader-{uuid.uuid4().hex[:8]}@{DOMAIN}"


@pytest.fixture
def theirs(gcp_server: GcpServer, bucket: Bucket, reader: str) -> Iterator[Bucket]:
    """The bucket as the account sees it."""
    client = client_of(gcp_server, reader)
    yield client.bucket(bucket.name)
    client.close()


def get_of(gcp_server: GcpServer, bucket: Bucket, token: str) -> requests.Response:
    """Read the bucket's object by the XML API."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return requests.get(f"{gcp_server.endpoint}/{bucket.name}/in/x", headers=headers, timeout=10)


def test_account_without_rights_is_refused_by_both_apis(
    gcp_server: GcpServer, theirs: Bucket, reader: str
) -> None:
    refused = f"{reader} does not have storage.objects.get access"

    with pytest.raises(exceptions.Forbidden, match=refused):
        theirs.blob("in/x").download_as_bytes()
    answer = get_of(gcp_server, theirs, token_of(gcp_server, reader))

    assert answer.status_code == 403
    assert "<Code>AccessDenied</Code>" in answer.text
    assert refused in answer.text


def test_anonymous_caller_is_refused(gcp_server: GcpServer, bucket: Bucket) -> None:
    url = f"{gcp_server.endpoint}/storage/v1/b/{bucket.name}/o/in%2Fx"

    answer = requests.get(url, timeout=10)

    assert answer.status_code == 401
    assert "Anonymous caller does not have" in answer.json()["error"]["message"]
    assert get_of(gcp_server, bucket, "").status_code == 403


def test_public_bucket_is_read_by_everybody(gcp_server: GcpServer, bucket: Bucket) -> None:
    gcp_server.grant("allUsers", "roles/storage.objectViewer", bucket=bucket.name)

    assert get_of(gcp_server, bucket, "").content == b"abc"


def test_viewer_reads_and_lists_only(gcp_server: GcpServer, theirs: Bucket, reader: str) -> None:
    gcp_server.grant(reader, "roles/storage.objectViewer", bucket=theirs.name)

    assert theirs.blob("in/x").download_as_bytes() == b"abc"
    assert [one.name for one in theirs.list_blobs()] == ["in/x"]
    for refused, permission in (
        (lambda: theirs.blob("y").upload_from_string(b""), "create"),
        (theirs.blob("in/x").delete, "delete"),
    ):
        with pytest.raises(exceptions.Forbidden, match=f"storage.objects.{permission}"):
            refused()


def test_creator_replaces_nothing(gcp_server: GcpServer, theirs: Bucket, reader: str) -> None:
    gcp_server.grant(reader, "roles/storage.objectCreator", bucket=theirs.name)

    theirs.blob("y").upload_from_string(b"new")

    with pytest.raises(exceptions.Forbidden, match="storage.objects.delete"):
        theirs.blob("y").upload_from_string(b"newer")


def test_missing_object_is_not_told_to_who_may_not_list(
    gcp_server: GcpServer, theirs: Bucket, reader: str
) -> None:
    gcp_server.grant(reader, "roles/storage.legacyObjectReader", bucket=theirs.name)

    with pytest.raises(exceptions.Forbidden, match="storage.objects.list"):
        theirs.blob("missing").download_as_bytes()


def test_condition_holds_under_a_prefix(gcp_server: GcpServer, theirs: Bucket, reader: str) -> None:
    prefix = f"projects/_/buckets/{theirs.name}/objects/out/"
    condition = (
        f'resource.type == "storage.googleapis.com/Object" && resource.name.startsWith("{prefix}")'
    )
    gcp_server.grant(reader, "roles/storage.objectUser", bucket=theirs.name, condition=condition)

    theirs.blob("out/x").upload_from_string(b"new")

    assert theirs.blob("out/x").download_as_bytes() == b"new"
    with pytest.raises(exceptions.Forbidden, match="storage.objects.get"):
        theirs.blob("in/x").download_as_bytes()


def test_condition_on_the_listed_prefix_holds(
    gcp_server: GcpServer, theirs: Bucket, reader: str
) -> None:
    attribute = 'api.getAttribute("storage.googleapis.com/objectListPrefix", "")'
    gcp_server.grant(
        reader,
        "roles/storage.objectViewer",
        bucket=theirs.name,
        condition=f'{attribute}.startsWith("in/")',
    )

    assert [one.name for one in theirs.list_blobs(prefix="in/")] == ["in/x"]
    with pytest.raises(exceptions.Forbidden, match="storage.objects.list"):
        list(theirs.list_blobs(prefix="out/"))


def test_policy_is_set_by_google_s_client(bucket: Bucket, theirs: Bucket, reader: str) -> None:
    policy = bucket.get_iam_policy(requested_policy_version=3)
    binding = {"role": "roles/storage.objectViewer", "members": {f"serviceAccount:{reader}"}}
    policy.bindings.append(binding)

    bucket.set_iam_policy(policy)

    wanted = ["storage.objects.get", "storage.objects.delete"]
    assert theirs.test_iam_permissions(wanted) == ["storage.objects.get"]
    with pytest.raises(exceptions.PreconditionFailed, match="conditions specified"):
        bucket.set_iam_policy(policy)


def test_custom_role_permits_what_it_says(
    gcp_server: GcpServer, theirs: Bucket, reader: str
) -> None:
    role = "projects/glacier-test/roles/getter"
    gcp_server.define_role(role, "storage.objects.get")
    gcp_server.grant(reader, role, bucket=theirs.name)

    assert theirs.blob("in/x").download_as_bytes() == b"abc"


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
    info = json.loads(gcp_server.key()) | {"client_email": f"nobody@{DOMAIN}"}
    made = service_account.Credentials.from_service_account_info(info, scopes=SCOPES)

    with pytest.raises(RefreshError, match="account not found"):
        made.refresh(Request())


def test_assertion_of_a_foreign_key_is_refused(gcp_server: GcpServer) -> None:
    from google.auth import crypt, jwt

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
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


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


def id_token_by_key(server: GcpServer) -> str:
    made = service_account.IDTokenCredentials.from_service_account_info(
        json.loads(server.key()), target_audience=AUDIENCE
    )
    made.refresh(Request())
    return str(made.token)


def id_token_by_metadata(server: GcpServer) -> str:
    made = compute_engine.IDTokenCredentials(
        Request(), target_audience=AUDIENCE, use_metadata_identity_endpoint=True
    )
    made.refresh(Request())
    return str(made.token)


@pytest.mark.parametrize(
    ("get", "email"), [(id_token_by_key, OWNER), (id_token_by_metadata, MACHINE)]
)
def test_id_token_says_who_and_for_whom(
    gcp_server: GcpServer,
    metadata_server: None,
    get: Callable[[GcpServer], str],
    email: str,
) -> None:
    from google.auth import jwt

    claims = jwt.decode(get(gcp_server), verify=False)

    assert (claims["email"], claims["aud"]) == (email, AUDIENCE)
    assert claims["iss"] == "https://accounts.google.com"


@pytest.fixture
def metadata_server(gcp_server: GcpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have this machine be one of Google's."""
    from google.auth.compute_engine import _metadata

    host = gcp_server.metadata["GCE_METADATA_HOST"]
    monkeypatch.setattr(_metadata, "_GCE_METADATA_HOST", host)
    for name, value in gcp_server.metadata.items():
        monkeypatch.setenv(name, value)


def test_machine_has_a_token(gcp_server: GcpServer, metadata_server: None, bucket: Bucket) -> None:
    machine = compute_engine.Credentials()

    machine.refresh(Request())

    assert machine.service_account_email == MACHINE
    assert get_of(gcp_server, bucket, machine.token).content == b"abc"


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
    made = impersonated(gcp_server, OWNER, f"nobody@{DOMAIN}")

    with pytest.raises(RefreshError, match="Gaia id not found"):
        made.refresh(Request())
