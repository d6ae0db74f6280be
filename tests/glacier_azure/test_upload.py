"""Uploads to Azure: nothing is visible before its commit, and what is visible is whole."""

from collections.abc import Iterator
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError

from glacier import Provider
from glacier.errors import StorageError, WriteError
from glacier.uploads.stage import Uploads
from glacier_azure.session import session_of
from glacier_azure.storage.upload import STAGE_METADATA, BlockBlob
from tests.glacier_azure.blobs import WORDS, Blobs
from tests.rigs.azure.azurite import Azurite
from tests.rigs.proxy import Proxy
from tests.stores.upload_cases import (
    OTHER_TOKEN,
    TOKEN,
    Make,
    UploadsToStores,
    content,
    ended,
    fill,
)

PART = 1024 * 1024
REFUSED = (HttpResponseError, StorageError)
"""What Azure says, in the SDK's words or in Glacier's."""


@pytest.fixture
def blobs(azurite: Azurite) -> Blobs:
    return Blobs(azurite)


@pytest.fixture
def proxy(azurite: Azurite) -> Iterator[Proxy]:
    with Proxy(azurite.endpoint) as made:
        yield made


@pytest.fixture
def make(azurite: Azurite, proxy: Proxy, blobs: Blobs) -> Make:
    """Makes the uploads of a stage, through the proxy."""
    config = azurite.config(endpoint=proxy.endpoint, max_retries=1)
    container = session_of(config).blobs.get_container_client(blobs.name)

    def uploads(token: str = TOKEN, *, is_exclusive: bool = False, **settings: Any) -> Uploads:
        def begin(key: str) -> BlockBlob:
            client, uri = container.get_blob_client(key), blobs.uri(key)
            return BlockBlob(client, uri, token, None, is_exclusive=is_exclusive)

        return Uploads(
            begin=begin,
            translate=Provider(config).bucket(blobs.name, "ds/").adapter.translate,
            **{"part_bytes": PART, **settings},
        )

    return uploads


class TestUploads(UploadsToStores):
    words = WORDS
    part = PART
    refused = REFUSED
    exists = (ResourceExistsError, "BlobAlreadyExists")

    @pytest.fixture
    def objects(self, blobs: Blobs) -> Blobs:
        return blobs


def test_blocks_wait_for_their_commit(make: Make, blobs: Blobs) -> None:
    uploads = make(root="f.bin")
    fill(uploads, "", content(2 * PART + 12345))
    ended(uploads)
    sent = blobs.blocks("f.bin")

    uploads.complete()

    assert [size for _, size in sent] == [PART, PART]
    assert blobs.blocks("f.bin") == []


def test_blocks_of_an_aborted_write_go_with_the_next(make: Make, blobs: Blobs) -> None:
    given_up = make(root="f.bin")
    fill(given_up, "", content(2 * PART, seed=1))
    given_up.abort()
    ended(given_up)

    uploads = make(root="f.bin", token=OTHER_TOKEN)
    fill(uploads, "", content(3 * PART, seed=2))
    uploads.complete()

    assert blobs.blocks("f.bin") == []


def test_blob_is_marked_by_its_stage(make: Make, blobs: Blobs) -> None:
    uploads = make(root="ds/")
    fill(uploads, "small.bin", b"rows")
    fill(uploads, "large.bin", content(PART + 1))

    uploads.complete()

    found = {blob.name: blob.metadata for blob in blobs.client.list_blobs(include="metadata")}
    mark = {STAGE_METADATA: TOKEN}
    assert found == {"ds/small.bin": mark, "ds/large.bin": mark}


@pytest.mark.parametrize(
    "left",
    [b"12345678", b"\xff" * 9, b"k" * 16, b"\x00\xff" * 24, b"YWJj" * 16],
    ids=["8 of text", "9", "16 of text", "48", "64 of base64"],
)
def test_blocks_that_another_tool_has_left_are_in_nobodys_way(
    make: Make, blobs: Blobs, left: bytes
) -> None:
    """Azure wants ids of one length from all uncommitted blocks of a blob."""
    blobs.stage("f.bin", left, b"left")
    body = content(5 * PART + 1)
    uploads = make(root="f.bin")

    fill(uploads, "", body)
    uploads.complete()

    assert blobs.bodies() == {"f.bin": body}
    assert blobs.blocks("f.bin") == []


def test_blocks_with_ids_too_short_to_be_told_apart_are_an_error(make: Make, blobs: Blobs) -> None:
    blobs.stage("f.bin", b"01", b"left")
    uploads = make(root="f.bin")

    fill(uploads, "", content(PART))

    with pytest.raises(StorageError, match=r"f\.bin.*blocks.*ids of 2 bytes"):
        uploads.complete()
    uploads.abort()
    assert blobs.keys() == []


def test_small_write_minds_no_blocks_of_others(make: Make, blobs: Blobs) -> None:
    blobs.stage("f.bin", b"01", b"left")
    uploads = make(root="f.bin")
    fill(uploads, "", b"rows")

    uploads.complete()

    assert blobs.bodies() == {"f.bin": b"rows"}


def test_writer_that_comes_second_is_refused_since_its_blocks_are_gone(
    make: Make, blobs: Blobs
) -> None:
    """The first commit drops all blocks of the others."""
    first, second = make(root="f.bin"), make(root="f.bin", token=OTHER_TOKEN)
    fill(second, "", content(PART + 1, seed=2))
    ended(second)
    body = content(PART + 1, seed=1)
    fill(first, "", body)
    first.complete()

    with pytest.raises(WriteError, match="somebody else has written it meanwhile"):
        second.complete()

    second.abort()
    assert blobs.bodies() == {"f.bin": body}


def test_large_blob_of_another_type_is_left(make: Make, blobs: Blobs) -> None:
    blobs.client.upload_blob("f.bin", b"log", blob_type="AppendBlob")
    uploads = make(root="f.bin")
    fill(uploads, "", content(PART + 1))

    with pytest.raises(REFUSED, match="InvalidBlobType"):
        uploads.complete()

    assert blobs.bodies() == {"f.bin": b"log"}
