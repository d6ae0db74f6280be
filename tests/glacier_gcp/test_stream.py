"""Uploads that may replace nothing: streams that go on from what Google has."""

import threading
import time
from typing import Any

import pytest
from google.api_core.exceptions import PreconditionFailed

from glacier.errors import AccessDeniedError, StorageError
from glacier.redaction import chain_of
from glacier.uploads.threads import THREADS
from glacier_gcp.storage.exclusive import ExclusiveGcsObject
from glacier_gcp.storage.upload import UploadLostError
from tests.glacier_gcp.objects import Objects
from tests.glacier_gcp.uploads import PART, target_of
from tests.rigs.gcp.server import GcpServer
from tests.rigs.proxy import Answer, Exchange, Fault, Proxy, delay, drop, error, reset_request
from tests.stores.upload_cases import Make, content, ended, fill

SESSION: Any = {"method": "PUT", "query": "upload_id"}


def test_stream_is_not_visible_before_its_commit(make: Make, objects: Objects) -> None:
    body = content(2 * PART + 12345)
    uploads = make(root="f.bin", is_exclusive=True)
    fill(uploads, "", body)
    assert ended(uploads)
    before = objects.keys()

    uploads.complete()

    assert before == []
    assert objects.bodies() == {"f.bin": body}
    assert objects.uploads() == []


@pytest.mark.parametrize("part_bytes", [PART, PART + 1000])
@pytest.mark.parametrize("chunk", [1000 * 1000, PART, 3 * PART + 7])
def test_stream_is_whole_whatever_the_writes(
    make: Make, objects: Objects, part_bytes: int, chunk: int
) -> None:
    body = content(3 * PART)
    uploads = make(root="f.bin", is_exclusive=True, part_bytes=part_bytes)

    fill(uploads, "", body, chunk)
    uploads.complete()

    assert objects.bodies() == {"f.bin": body}


def test_exclusive_file_without_bytes_is_an_empty_object(make: Make, objects: Objects) -> None:
    uploads = make(root="f.bin", is_exclusive=True)
    uploads.open("")

    uploads.complete()

    assert objects.bodies() == {"f.bin": b""}


def test_aborted_stream_leaves_nothing_and_takes_nothing(make: Make, objects: Objects) -> None:
    uploads = make(root="f.bin", is_exclusive=True)
    fill(uploads, "", content(2 * PART + 1))

    uploads.abort()

    with pytest.raises(StorageError, match="given up"):
        uploads._all()[0].write(b"more")
    with pytest.raises(StorageError, match="given up"):
        uploads.open("other")
    with pytest.raises(StorageError, match="given up"):
        uploads.complete()
    assert ended(uploads)
    assert (objects.keys(), objects.uploads()) == ([], [])


def test_abort_does_not_wait_for_what_is_under_way_and_lets_all_parts_end(
    make: Make, proxy: Proxy, objects: Objects
) -> None:
    late = proxy.on(delay(1), method="PUT")
    uploads = make(root="f.bin", is_exclusive=True)
    fill(uploads, "", content(3 * PART))
    while late.played < 1:
        time.sleep(0.01)

    started = time.monotonic()
    uploads.abort()
    seconds = time.monotonic() - started

    assert seconds < 0.9
    assert ended(uploads)
    assert (objects.keys(), objects.uploads()) == ([], [])
    assert "DELETE" in [one.method for one in proxy.requests]


def test_failed_part_of_a_stream_ends_the_write_with_what_google_said(
    make: Make, proxy: Proxy, objects: Objects
) -> None:
    proxy.on(error(403, "AccessDenied"), method="PUT")
    uploads = make(root="f.bin", is_exclusive=True)
    file = uploads.open("")

    file.write(bytes(PART))
    while uploads.error is None:
        time.sleep(0.01)  # the answer is on its way
    with pytest.raises(AccessDeniedError, match="AccessDenied"):
        file.write(b"more")

    with pytest.raises(AccessDeniedError, match="AccessDenied"):
        uploads.complete()
    uploads.abort()
    assert (objects.keys(), objects.uploads()) == ([], [])


def test_part_that_fails_lets_those_end_that_wait_for_their_turn(
    make: Make, proxy: Proxy, objects: Objects
) -> None:
    proxy.on(delay(0.3), **SESSION, times=1)
    proxy.on(error(403, "AccessDenied"), **SESSION)
    uploads = make(root="f.bin", is_exclusive=True)

    fill(uploads, "", content(8 * PART), 8 * PART)
    while uploads.error is None:
        time.sleep(0.01)  # the answer is on its way

    assert ended(uploads)
    assert isinstance(uploads.error, AccessDeniedError)
    uploads.abort()
    assert objects.keys() == []


def test_more_streams_than_threads_come_to_their_ends(make: Make, objects: Objects) -> None:
    """Each part waits for the one before it, and all share few threads."""
    unit, count = 256 * 1024, THREADS + 4
    bodies = {f"{number}.bin": content(3 * unit + 7, number) for number in range(count)}
    uploads = {
        name: make(root=name, is_exclusive=True, part_bytes=unit, token=f"{number:016x}")
        for number, name in enumerate(bodies)
    }
    files = {name: one.open("") for name, one in uploads.items()}

    for start in range(0, 4 * unit, unit):
        for name, file in files.items():
            file.write(bodies[name][start : start + unit])
    for one in uploads.values():
        one.complete()

    assert objects.bodies() == bodies


def test_stream_whose_answers_are_lost_goes_on(make: Make, proxy: Proxy, objects: Objects) -> None:
    body = content(3 * PART + 5)
    uploads = make(root="f.bin", is_exclusive=True)
    rule = proxy.on(drop, method="PUT", times=2)

    fill(uploads, "", body)
    uploads.complete()

    assert rule.played == 2
    assert objects.bodies() == {"f.bin": body}


def test_exclusive_upload_of_what_is_there_already_is_refused_at_its_commit(
    make: Make, proxy: Proxy, objects: Objects
) -> None:
    """Not before, since only then it is known what the mode of the write makes of it."""
    objects.put("f.bin", b"of somebody else")
    uploads = make(root="f.bin", is_exclusive=True)

    fill(uploads, "", content(2 * PART))
    assert ended(uploads)
    with pytest.raises(PreconditionFailed):
        uploads.complete()

    uploads.abort()
    assert [one.method for one in proxy.requests].count("PUT") == 0
    assert objects.bodies() == {"f.bin": b"of somebody else"}


def test_racing_exclusive_writers_leave_one_of_their_files_whole(
    make: Make, objects: Objects
) -> None:
    bodies = [content(PART + 1, seed) for seed in range(4)]
    racing = [make(root="f.bin", is_exclusive=True, token=f"{seed:016x}") for seed in range(4)]
    for uploads, body in zip(racing, bodies, strict=True):
        fill(uploads, "", body)
    outcomes: list[BaseException | None] = [None] * len(racing)

    def complete(number: int) -> None:
        try:
            racing[number].complete()
        except PreconditionFailed as refused:
            outcomes[number] = refused

    threads = [threading.Thread(target=complete, args=(number,)) for number in range(len(racing))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    won = [body for body, outcome in zip(bodies, outcomes, strict=True) if outcome is None]
    assert [objects.bodies()["f.bin"]] == won


@pytest.mark.parametrize("status", [404, 410, 499])
def test_resumable_upload_that_google_has_dropped_is_an_error(
    make: Make, proxy: Proxy, objects: Objects, status: int
) -> None:
    uploads = make(root="f.bin", is_exclusive=True)
    fill(uploads, "", content(PART))
    assert ended(uploads)
    proxy.on(error(status, "Gone"), **SESSION)

    with pytest.raises(UploadLostError, match=f"has dropped the upload.*{status}.*Write it again"):
        uploads.complete()

    assert objects.keys() == []


def without_address(exchange: Exchange) -> None:
    """Begin an upload and do not say where."""
    exchange.forward()
    exchange.send(Answer(200, [("Content-Length", "0")], b""))


def test_upload_that_gets_no_address_is_an_error(make: Make, proxy: Proxy) -> None:
    uploads = make(root="f.bin", is_exclusive=True)
    proxy.on(without_address, method="POST", query="resumable")

    with pytest.raises(StorageError, match=r"given no address to upload http.*/f\.bin to"):
        fill(uploads, "", content(PART))


def keep_half(exchange: Exchange) -> None:
    """Have the server take half of a stream's first bytes, as Google may."""
    body = exchange.read()[: PART // 2]
    headers = exchange._handler.headers
    del headers["Content-Length"], headers["Content-Range"]
    headers["Content-Length"] = str(len(body))
    headers["Content-Range"] = f"bytes 0-{len(body) - 1}/*"
    exchange.send(exchange._handler.ask_server(body))


def test_bytes_that_google_has_not_taken_are_sent_again(
    make: Make, gcp_server: GcpServer, proxy: Proxy, objects: Objects
) -> None:
    body = content(2 * PART + 77)
    uploads = make(root="f.bin", is_exclusive=True)
    proxy.on(keep_half, **SESSION, times=1)
    gcp_server.requests(forget=True)

    fill(uploads, "", body)
    uploads.complete()

    asked = gcp_server.requests()
    ranges = [one["content_range"] for one in asked if "upload_id" in one["query"]]
    half = PART // 2
    assert ranges[:2] == [f"bytes 0-{half - 1}/*", f"bytes {half}-{PART - 1}/*"]
    assert objects.bodies() == {"f.bin": body}


def test_stream_goes_on_from_what_google_has_where_an_answer_is_lost(
    make: Make, gcp_server: GcpServer, proxy: Proxy, objects: Objects
) -> None:
    body = content(2 * PART)
    uploads = make(root="f.bin", is_exclusive=True)
    proxy.on(drop, **SESSION, times=1)
    gcp_server.requests(forget=True)

    fill(uploads, "", body)
    uploads.complete()

    asked = gcp_server.requests()
    ranges = [one["content_range"] for one in asked if "upload_id" in one["query"]]
    assert ranges == [
        f"bytes 0-{PART - 1}/*",
        "bytes */*",
        f"bytes {PART}-{2 * PART - 1}/*",
        f"bytes */{2 * PART}",
    ]
    assert objects.bodies() == {"f.bin": body}


@pytest.mark.parametrize(
    "fault", [reset_request, error(503, "SlowDown"), error(410, "Gone"), error(403, "No")]
)
def test_address_of_a_resumable_upload_is_in_no_error(
    make: Make, proxy: Proxy, caplog: pytest.LogCaptureFixture, fault: Fault
) -> None:
    uploads = make(root="f.bin", is_exclusive=True)
    fill(uploads, "", content(PART))
    assert ended(uploads)
    address = target_of(uploads)._address.partition("upload_id=")[2]
    proxy.on(fault, **SESSION)

    with pytest.raises(ExclusiveGcsObject.failures) as caught:
        uploads.complete()

    errors = list(chain_of(caught.value))
    assert len(address) > 20
    assert address not in " ".join(f"{one} {one!r}" for one in errors)
