"""The rig's XML API, request by request: what Polars and other object stores speak."""

import base64
import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from urllib.parse import quote
from xml.etree import ElementTree as ET

import pytest
from google.auth.transport.requests import AuthorizedSession
from requests import Response

from tests.glacier_gcp.storage_clients import client_of, credentials, new_bucket
from tests.rigs.gcp.server import GcpServer

NAMES = ("a b", "a%2Fb", "50%", "a+b", "a#b", "a?b=c", "grün/ö", "a//b", "ends/", "日本")
PART = 5 * 1024 * 1024


class Bucket:
    """A bucket by the XML API."""

    def __init__(self, session: AuthorizedSession, address: str) -> None:
        self._session = session
        self.address = address

    def ask(
        self,
        method: str,
        name: str | None = None,
        data: bytes | None = None,
        query: dict[str, str] | None = None,
        **headers: str,
    ) -> Response:
        """Send a request; underscores in the names of headers stand for hyphens."""
        path = "" if name is None else "/" + quote(name, safe="")
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        answer: Response = self._session.request(
            method, f"{self.address}{path}", data=data, headers=named, params=query
        )
        return answer

    def begin(self, name: str, **headers: str) -> str:
        """Begin a multipart upload and return its id."""
        answer = self.ask("POST", name, None, {"uploads": ""}, **headers)
        return texts(answer, "UploadId")[0]

    def complete(self, name: str, upload_id: str, *tags: str) -> Response:
        """Complete a multipart upload of the parts with these tags."""
        parts = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>"
            for number, tag in enumerate(tags, 1)
        )
        body = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
        return self.ask("POST", name, body, {"uploadId": upload_id})

    def put_part(self, name: str, upload_id: str, number: int, data: bytes) -> str:
        """Upload a part and return its tag."""
        query = {"partNumber": str(number), "uploadId": upload_id}
        return str(self.ask("PUT", name, data, query).headers["ETag"])


def texts(answer: Response, tag: str) -> list[str]:
    """Return what the elements of a name hold."""
    found = ET.fromstring(answer.content).iter()
    return [one.text or "" for one in found if one.tag.rpartition("}")[2] == tag]


@pytest.fixture(scope="module")
def session(gcp_server: GcpServer) -> Iterator[AuthorizedSession]:
    with AuthorizedSession(credentials(gcp_server)) as session:
        yield session


@pytest.fixture
def bucket(session: AuthorizedSession, gcp_server: GcpServer) -> Bucket:
    client = client_of(gcp_server)
    name = new_bucket(client).name
    client.close()
    return Bucket(session, f"{gcp_server.endpoint}/{name}")


@pytest.mark.parametrize("name", NAMES)
def test_object_keeps_its_name(bucket: Bucket, name: str) -> None:
    bucket.ask("PUT", name, name.encode())

    assert bucket.ask("GET", name).content == name.encode()
    assert texts(bucket.ask("GET", query={"list-type": "2"}), "Key") == [name]


@pytest.mark.parametrize("name", ["a//b", "ends/", "a/b.c"])
def test_object_is_found_by_a_path_with_slashes(
    bucket: Bucket, session: AuthorizedSession, name: str
) -> None:
    bucket.ask("PUT", name, b"abc")

    assert session.get(f"{bucket.address}/{name}").content == b"abc"


def test_put_tells_what_it_made(bucket: Bucket) -> None:
    answer = bucket.ask("PUT", "x", b"abc")

    assert answer.headers["ETag"] == f'"{hashlib.md5(b"abc").hexdigest()}"'
    assert answer.headers["x-goog-hash"] == "crc32c=Nks/tw==,md5=kAFQmDzST7DWlj99KOF/cg=="
    assert int(answer.headers["x-goog-generation"]) > 0
    assert answer.headers["x-goog-metageneration"] == "1"
    assert answer.headers["x-goog-stored-content-length"] == "3"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_read_tells_what_it_found(bucket: Bucket, method: str) -> None:
    put = bucket.ask("PUT", "x", b"abc", x_goog_meta_origin="test", content_type="text/plain")

    answer = bucket.ask(method, "x")

    assert answer.headers["Content-Length"] == "3"
    assert answer.headers["Content-Type"] == "text/plain"
    assert answer.headers["Last-Modified"].endswith(" GMT")
    assert answer.headers["x-goog-meta-origin"] == "test"
    for name in ("ETag", "x-goog-generation", "x-goog-hash"):
        assert answer.headers[name] == put.headers[name]


@pytest.mark.parametrize(
    ("asked", "data", "told"),
    [
        ("bytes=2-4", b"cde", "bytes 2-4/10"),
        ("bytes=7-", b"hij", "bytes 7-9/10"),
        ("bytes=7-99", b"hij", "bytes 7-9/10"),
        ("bytes=-3", b"hij", "bytes 7-9/10"),
        ("bytes=-99", b"abcdefghij", "bytes 0-9/10"),
    ],
)
def test_range_is_given(bucket: Bucket, asked: str, data: bytes, told: str) -> None:
    bucket.ask("PUT", "x", b"abcdefghij")

    answer = bucket.ask("GET", "x", range=asked)

    assert (answer.status_code, answer.content) == (206, data)
    assert answer.headers["Content-Range"] == told


def test_range_behind_the_end_is_refused(bucket: Bucket) -> None:
    bucket.ask("PUT", "x", b"abc")

    answer = bucket.ask("GET", "x", range="bytes=3-5")

    assert (answer.status_code, texts(answer, "Code")) == (416, ["InvalidRange"])


def test_missing_object_and_bucket_are_told_apart(
    bucket: Bucket, session: AuthorizedSession
) -> None:
    answer = bucket.ask("GET", "x")
    other = Bucket(session, f"{bucket.address}-of-nobody").ask("GET", "x")

    assert (answer.status_code, texts(answer, "Code")) == (404, ["NoSuchKey"])
    assert texts(answer, "Message") == ["The specified key does not exist."]
    assert (other.status_code, texts(other, "Code")) == (404, ["NoSuchBucket"])
    assert (bucket.ask("HEAD", "x").status_code, bucket.ask("HEAD", "x").content) == (404, b"")


def test_read_of_a_known_tag_is_not_modified(bucket: Bucket) -> None:
    tag = bucket.ask("PUT", "x", b"abc").headers["ETag"]

    assert bucket.ask("GET", "x", if_none_match=tag).status_code == 304
    assert bucket.ask("GET", "x", if_match=tag).status_code == 200
    assert bucket.ask("GET", "x", if_match='"another"').status_code == 412


def test_put_that_may_replace_nothing_is_refused(bucket: Bucket) -> None:
    first = bucket.ask("PUT", "x", b"old", x_goog_if_generation_match="0")
    second = bucket.ask("PUT", "x", b"new", x_goog_if_generation_match="0")

    assert first.status_code == 200
    assert (second.status_code, texts(second, "Code")) == (412, ["PreconditionFailed"])
    assert bucket.ask("GET", "x").content == b"old"


def test_put_with_another_md5_is_refused(bucket: Bucket) -> None:
    digest = base64.b64encode(hashlib.md5(b"other").digest()).decode()

    answer = bucket.ask("PUT", "x", b"abc", content_md5=digest)

    assert (answer.status_code, texts(answer, "Code")) == (400, ["BadDigest"])
    assert bucket.ask("GET", "x").status_code == 404


def test_copy_takes_the_content_along(bucket: Bucket) -> None:
    bucket.ask("PUT", "a b", b"abc", content_type="text/plain")
    source = quote(f"{bucket.address.rpartition('/')[2]}/a b")

    answer = bucket.ask("PUT", "c", x_goog_copy_source=source)

    assert texts(answer, "ETag") == [f'"{hashlib.md5(b"abc").hexdigest()}"']
    assert bucket.ask("GET", "c").content == b"abc"
    assert bucket.ask("GET", "c").headers["Content-Type"] == "text/plain"


def test_delete_is_not_done_twice(bucket: Bucket) -> None:
    bucket.ask("PUT", "x", b"abc")

    assert bucket.ask("DELETE", "x").status_code == 204
    assert bucket.ask("DELETE", "x").status_code == 404


def test_listing_goes_in_pages(bucket: Bucket) -> None:
    for name in ("a/1", "a/2", "b/1", "c", "d"):
        bucket.ask("PUT", name, b"abc")
    query = {"list-type": "2", "delimiter": "/", "max-keys": "2"}
    found: list[list[str]] = []

    while True:
        answer = bucket.ask("GET", query=query)
        found.append(texts(answer, "Key") + texts(answer, "Prefix")[1:])
        if texts(answer, "IsTruncated") == ["false"]:
            break
        query["continuation-token"] = texts(answer, "NextContinuationToken")[0]

    assert found == [["a/", "b/"], ["c", "d"]]


def test_listing_begins_after_a_name(bucket: Bucket) -> None:
    for name in ("a b", "c d", "e"):
        bucket.ask("PUT", name, b"abc")
    query = {"list-type": "2", "start-after": "a b", "encoding-type": "url"}

    answer = bucket.ask("GET", query=query)

    assert texts(answer, "Key") == ["c%20d", "e"]
    assert texts(answer, "Size") == ["3", "3"]


def test_multipart_upload_becomes_one_object(bucket: Bucket) -> None:
    upload_id = bucket.begin("x", x_goog_storage_class="NEARLINE", x_goog_meta_origin="test")
    tags = [
        bucket.put_part("x", upload_id, number, data)
        for number, data in enumerate((b"1" * PART, b"2" * PART, b"3"), 1)
    ]
    assert bucket.ask("GET", "x").status_code == 404
    assert texts(bucket.ask("GET", "x", query={"uploadId": upload_id}), "ETag") == tags
    assert texts(bucket.ask("GET", query={"uploads": ""}), "UploadId") == [upload_id]

    answer = bucket.complete("x", upload_id, *tags)

    read = bucket.ask("GET", "x")
    for name in ("ETag", "Last-Modified", "x-goog-generation", "x-goog-hash"):
        assert answer.headers[name] == read.headers[name]
    assert read.content == b"1" * PART + b"2" * PART + b"3"
    assert read.headers["x-goog-storage-class"] == "NEARLINE"
    assert read.headers["x-goog-meta-origin"] == "test"
    assert read.headers["x-goog-hash"].startswith("crc32c=")
    assert "md5" not in read.headers["x-goog-hash"]
    assert texts(bucket.ask("GET", query={"uploads": ""}), "UploadId") == []


def test_multipart_upload_refuses_a_small_part(bucket: Bucket) -> None:
    upload_id = bucket.begin("x")
    tags = [bucket.put_part("x", upload_id, number, b"small") for number in (1, 2)]

    answer = bucket.complete("x", upload_id, *tags)

    assert (answer.status_code, texts(answer, "Code")) == (400, ["EntityTooSmall"])
    assert bucket.complete("x", upload_id, tags[0]).status_code == 200


def test_multipart_upload_refuses_another_part(bucket: Bucket) -> None:
    upload_id = bucket.begin("x")
    bucket.put_part("x", upload_id, 1, b"abc")

    answer = bucket.complete("x", upload_id, '"of-another"')

    assert (answer.status_code, texts(answer, "Code")) == (400, ["InvalidPart"])


def test_multipart_upload_takes_no_conditions(bucket: Bucket) -> None:
    answer = bucket.ask("POST", "x", query={"uploads": ""}, x_goog_if_generation_match="0")

    assert (answer.status_code, texts(answer, "Code")) == (400, ["NotImplemented"])


def test_multipart_upload_can_be_aged(bucket: Bucket, gcp_server: GcpServer) -> None:
    bucket.begin("x")
    before = texts(bucket.ask("GET", query={"uploads": ""}), "Initiated")[0]

    gcp_server.age_uploads(hours=48)

    after = texts(bucket.ask("GET", query={"uploads": ""}), "Initiated")[0]
    aged = datetime.fromisoformat(before) - datetime.fromisoformat(after)
    assert aged == timedelta(hours=48)


def test_multipart_upload_is_aborted(bucket: Bucket) -> None:
    upload_id = bucket.begin("x")

    assert bucket.ask("DELETE", "x", query={"uploadId": upload_id}).status_code == 204

    answer = bucket.complete("x", upload_id, '"tag"')
    assert (answer.status_code, texts(answer, "Code")) == (404, ["NoSuchUpload"])
