"""Uploads to S3: nothing is visible before its commit, and what is visible is whole."""

import threading
import time
from collections.abc import Iterator
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from glacier import Provider
from glacier.errors import StorageError
from glacier.uploads.stage import Uploads
from glacier.uploads.upload import PART_BYTES, part_size
from glacier_aws.session import session_of
from glacier_aws.storage.upload import S3Object
from tests.glacier_aws.objects import WORDS, Objects
from tests.rigs.aws.server import AwsServer
from tests.rigs.proxy import Proxy, delay
from tests.stores.upload_cases import TOKEN, Make, UploadsToStores, content, ended, fill

PART = 5 * 1024 * 1024


@pytest.fixture
def objects(aws_server: AwsServer) -> Objects:
    return Objects(aws_server)


@pytest.fixture
def proxy(aws_server: AwsServer) -> Iterator[Proxy]:
    with Proxy(aws_server.endpoint) as made:
        yield made


@pytest.fixture
def make(
    aws_server: AwsServer, proxy: Proxy, objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> Make:
    """Makes the uploads of a stage, through the proxy."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "3")  # less to wait for
    config = aws_server.config(endpoint_url=proxy.endpoint)
    client = session_of(config).client("s3")

    def uploads(token: str = TOKEN, *, is_exclusive: bool = False, **settings: Any) -> Uploads:
        def begin(key: str) -> S3Object:
            return S3Object(client, objects.name, key, token, is_exclusive=is_exclusive)

        return Uploads(
            begin=begin,
            translate=Provider(config).bucket(objects.name, "ds/").adapter.translate,
            **{"part_bytes": PART, **settings},
        )

    return uploads


class TestUploads(UploadsToStores):
    words = WORDS
    part = PART
    refused = (ClientError,)
    exists = (ClientError, "PreconditionFailed")

    def test_last_request_of_an_abort_ends_the_upload(self, make: Make, proxy: Proxy) -> None:
        proxy.on(delay(0.3), query="partNumber")
        uploads = make(root="f.bin")
        fill(uploads, "", content(2 * PART))

        uploads.abort()

        assert ended(uploads)
        last = proxy.requests[-1]
        assert (last.method, last.query.partition("=")[0]) == ("DELETE", "uploadId")


def test_ten_thousand_parts_hold_the_largest_object() -> None:
    sizes = [part_size(number) for number in range(10_000)]

    assert sizes[0] == PART_BYTES
    assert sum(sizes) >= 5 * 1024**4
    assert max(sizes) <= 5 * 1024**3


@pytest.mark.parametrize(
    ("calculation", "algorithm"), [("when_supported", "CRC32"), ("when_required", None)]
)
def test_upload_is_begun_for_the_checksums_that_its_parts_have(
    aws_server: AwsServer,
    objects: Objects,
    monkeypatch: pytest.MonkeyPatch,
    calculation: str,
    algorithm: str | None,
) -> None:
    monkeypatch.setenv("AWS_REQUEST_CHECKSUM_CALCULATION", calculation)
    client = session_of(aws_server.config()).client("s3")
    body = content(PART + 1)
    uploads = Uploads(
        "f.bin", lambda key: S3Object(client, objects.name, key, TOKEN), part_bytes=PART
    )
    fill(uploads, "", body)
    [begun] = objects.client.list_multipart_uploads(Bucket=objects.name)["Uploads"]

    uploads.complete()

    whole = objects.client.head_object(Bucket=objects.name, Key="f.bin", ChecksumMode="ENABLED")
    assert begun.get("ChecksumAlgorithm") == algorithm
    assert ("ChecksumCRC32" in whole) == (algorithm == "CRC32")
    assert objects.bodies() == {"f.bin": body}


def test_parts_grow_after_a_thousand(make: Make, objects: Objects) -> None:
    uploads = make(root="f.bin", part_bytes=10)
    fill(uploads, "", bytes(10_000 + 3 * 20 + 5), 1000)
    upload = cast("Any", uploads._all()[0])
    for part in upload._parts:
        part.result()

    pages = objects.client.get_paginator("list_parts").paginate(
        Bucket=objects.name, Key="f.bin", UploadId=upload._target._upload_id
    )
    sizes = [part["Size"] for page in pages for part in page["Parts"]]
    uploads.abort()

    assert sizes == [10] * 1000 + [20] * 3


def test_abort_reaches_an_upload_that_is_just_being_begun(
    make: Make, proxy: Proxy, objects: Objects
) -> None:
    late = proxy.on(delay(1), method="POST", query="uploads")
    uploads = make(root="f.bin")
    errors: list[BaseException] = []

    def write() -> None:
        try:
            fill(uploads, "", content(2 * PART))
        except StorageError as raised:
            errors.append(raised)

    writer = threading.Thread(target=write)
    writer.start()
    while not late.played:
        time.sleep(0.01)

    uploads.abort()
    writer.join(20)

    assert [str(one) for one in errors] == ["This write was given up."]
    assert (objects.keys(), objects.uploads()) == ([], [])


def test_upload_that_somebody_aborted_is_an_error(make: Make, objects: Objects) -> None:
    objects.put("f.bin", b"old")
    uploads = make(root="f.bin")
    fill(uploads, "", content(PART + 1))
    upload = cast("Any", uploads._all()[0])
    ended(uploads)
    objects.client.abort_multipart_upload(
        Bucket=objects.name, Key="f.bin", UploadId=upload._target._upload_id
    )

    with pytest.raises(ClientError, match="NoSuchUpload"):
        uploads.complete()

    uploads.abort()
    assert objects.bodies() == {"f.bin": b"old"}
