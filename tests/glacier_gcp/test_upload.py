"""Uploads to Cloud Storage: nothing is visible before its commit, and what is visible is whole."""

import threading
import time
from dataclasses import replace

import pytest
from google.api_core.exceptions import GoogleAPICallError, NotFound, PreconditionFailed

from glacier.errors import StorageError
from tests.glacier_gcp.objects import WORDS, Objects
from tests.glacier_gcp.uploads import PART, target_of
from tests.rigs.proxy import Exchange, Proxy, delay
from tests.stores.upload_cases import TOKEN, Make, UploadsToStores, content, ended, fill

both = pytest.mark.parametrize("is_exclusive", [False, True])


class TestUploads(UploadsToStores):
    # What Google's libraries say of an answer is its message, and not its code.
    words = replace(WORDS, busy="The rig says so", denied="The rig says so")
    part = PART
    refused = (GoogleAPICallError,)
    exists = (PreconditionFailed, "(?i)pre-?condition")


@both
@pytest.mark.parametrize("size", [100, PART + 1])
def test_object_is_marked_by_its_stage(
    make: Make, objects: Objects, is_exclusive: bool, size: int
) -> None:
    uploads = make(root="f.bin", is_exclusive=is_exclusive)
    fill(uploads, "", content(size))

    uploads.complete()

    blob = objects.client.bucket(objects.name).get_blob("f.bin")
    assert blob.metadata == {"glacier-stage": TOKEN}
    assert blob.content_type == "application/octet-stream"
    assert target_of(uploads).is_ours()


def test_other_objects_are_not_ours(make: Make, objects: Objects) -> None:
    uploads = make(root="f.bin")
    uploads.open("")
    missing = target_of(uploads).is_ours()

    objects.put("f.bin", b"of somebody else")

    assert not missing
    assert not target_of(uploads).is_ours()


@both
def test_abort_reaches_an_upload_that_is_just_being_begun(
    make: Make, proxy: Proxy, objects: Objects, is_exclusive: bool
) -> None:
    late = proxy.on(delay(1), method="POST", query="^uploads|resumable")
    uploads = make(root="f.bin", is_exclusive=is_exclusive)
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
    assert [one.method for one in proxy.requests][-1] == "DELETE"


def test_upload_that_somebody_aborted_is_an_error(
    make: Make, proxy: Proxy, objects: Objects
) -> None:
    objects.put("f.bin", b"old")
    uploads = make(root="f.bin")
    fill(uploads, "", content(PART + 1))
    assert ended(uploads)
    target_of(uploads).abort()

    with pytest.raises(NotFound, match="requested upload was not found"):
        uploads.complete()

    uploads.abort()
    assert objects.bodies() == {"f.bin": b"old"}


def damage(exchange: Exchange) -> None:
    """Pass a request on with one byte of it changed."""
    body = bytearray(exchange.read())
    body[-1] ^= 1
    exchange.send(exchange._handler.ask_server(bytes(body)))


@pytest.mark.parametrize("size", [100, PART + 1])
@both
def test_bytes_that_arrive_damaged_are_sent_again_or_refused(
    make: Make, proxy: Proxy, objects: Objects, size: int, is_exclusive: bool
) -> None:
    body = content(size)
    uploads = make(root="f.bin", is_exclusive=is_exclusive)
    rule = proxy.on(damage, method="PUT", times=1)

    fill(uploads, "", body)
    if is_exclusive and size > PART:  # what a stream has taken can't be taken back
        with pytest.raises(GoogleAPICallError, match="CRC32C"):
            uploads.complete()
        uploads.abort()
    else:
        uploads.complete()

    assert rule.played == 1
    assert objects.bodies() == ({} if is_exclusive and size > PART else {"f.bin": body})
