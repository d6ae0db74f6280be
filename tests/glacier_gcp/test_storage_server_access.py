"""Who may do what in the rig: policies of buckets, roles, and their conditions."""

import uuid
from collections.abc import Iterator

import pytest
import requests
from google.api_core import exceptions
from google.cloud.storage import Bucket, Client

from tests.glacier_gcp.storage_clients import client_of, get_of, new_bucket, token_of
from tests.rigs.gcp.accounts import DOMAIN
from tests.rigs.gcp.conditions import holds
from tests.rigs.gcp.server import GcpServer


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

    with pytest.raises(exceptions.Forbidden, match=r"storage\.objects\.delete"):
        theirs.blob("y").upload_from_string(b"newer")


def test_missing_object_is_not_told_to_who_may_not_list(
    gcp_server: GcpServer, theirs: Bucket, reader: str
) -> None:
    gcp_server.grant(reader, "roles/storage.legacyObjectReader", bucket=theirs.name)

    with pytest.raises(exceptions.Forbidden, match=r"storage\.objects\.list"):
        theirs.blob("missing").download_as_bytes()


def test_condition_holds_under_a_prefix(gcp_server: GcpServer, theirs: Bucket, reader: str) -> None:
    prefix = f"projects/_/buckets/{theirs.name}/objects/out/"
    condition = (
        f'resource.type == "storage.googleapis.com/Object" && resource.name.startsWith("{prefix}")'
    )
    gcp_server.grant(reader, "roles/storage.objectUser", bucket=theirs.name, condition=condition)

    theirs.blob("out/x").upload_from_string(b"new")

    assert theirs.blob("out/x").download_as_bytes() == b"new"
    with pytest.raises(exceptions.Forbidden, match=r"storage\.objects\.get"):
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
    with pytest.raises(exceptions.Forbidden, match=r"storage\.objects\.list"):
        list(theirs.list_blobs(prefix="out/"))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('resource.name == "a/b" && !resource.name.endsWith("/c")', True),
        ('resource.name != "a/b" || resource.name.startsWith("x && y")', False),
        ('(resource.name == "b" || resource.name == "a/b") && resource.type == "T"', True),
        ('api.getAttribute("known", "") == "value"', True),
        ('api.getAttribute("unknown", "default") == "value"', False),
    ],
)
def test_condition_is_evaluated(expression: str, expected: bool) -> None:
    attributes = {"resource.name": "a/b", "resource.type": "T", "known": "value"}

    assert holds(expression, attributes) is expected


def test_condition_that_the_rig_does_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match="no condition like 'request"):
        holds("request.time < 1", {})


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
