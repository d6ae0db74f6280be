"""Uploads: nothing is visible before its commit, and what is visible is whole."""

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import wait
from functools import partial
from typing import ClassVar

import pytest

from glacier.errors import AccessDeniedError, StorageError, WriteError
from glacier.uploads.stage import Uploads
from tests.rigs.proxy import Proxy, delay, drop
from tests.stores.buckets import Objects, Words

MIB = 1024 * 1024
TOKEN = "0123456789abcdef"
OTHER_TOKEN = "fedcba9876543210"
LIMIT_SECONDS = 20

Make = Callable[..., Uploads]
"""Makes the uploads of a stage.

It takes `root`, and perhaps a `token`, `is_exclusive`, and settings of `Uploads`.
"""

SMALL_AND_LARGE = pytest.mark.parametrize("request_", ["put", "complete"], ids=["small", "large"])
"""What is smaller than a part is put at once; what is larger is completed."""


def content(size: int, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(size)


def fill(uploads: Uploads, path: str, body: bytes, chunk: int = MIB) -> None:
    file = uploads.open(path)
    for start in range(0, len(body), chunk):
        file.write(body[start : start + chunk])


def ended(uploads: Uploads) -> bool:
    """Wait until all parts of the only file have ended; return whether they did."""
    (upload,) = uploads._all()
    return not wait(upload._parts, timeout=LIMIT_SECONDS).not_done


class UploadsToStores:
    """What holds on every store.

    A subclass says how its store talks, and binds `proxy`, `objects` (an empty bucket) and `make`,
    whose uploads go through the proxy and are tried again a few times.

    Attributes:
        words: How the store talks.
        part: The size of parts in bytes; the smallest that the store takes spares time.
        refused: What is raised where it refuses, in its client's words or in Glacier's.
        exists: What its client raises, and says, where somebody else has an object already.
    """

    words: ClassVar[Words]
    part: ClassVar[int]
    refused: ClassVar[tuple[type[Exception], ...]]
    exists: ClassVar[tuple[type[Exception], str]]

    def sized(self, request_: str, seed: int = 0) -> bytes:
        """Return a file that is put at once, or completed."""
        return content(100 if request_ == "put" else self.part + 1, seed)

    def test_small_file_is_one_request_at_its_commit(
        self, make: Make, proxy: Proxy, objects: Objects
    ) -> None:
        uploads = make(root="f.bin")
        fill(uploads, "", b"rows")
        before = list(proxy.requests)

        uploads.complete()

        assert before == []
        assert [(one.method, one.query) for one in proxy.requests] == [("PUT", "")]
        assert objects.bodies() == {"f.bin": b"rows"}

    def test_large_file_is_not_visible_before_its_commit(
        self, make: Make, objects: Objects
    ) -> None:
        objects.put("f.bin", b"old")
        body = content(2 * self.part + 12345)
        uploads = make(root="f.bin")
        fill(uploads, "", body)
        ended(uploads)
        before = objects.bodies()

        uploads.complete()

        assert before == {"f.bin": b"old"}
        assert objects.bodies() == {"f.bin": body}
        assert objects.left_behind() == []

    def test_new_file_is_not_there_before_its_commit(self, make: Make, objects: Objects) -> None:
        uploads = make(root="f.bin")
        fill(uploads, "", content(2 * self.part))
        ended(uploads)

        before = objects.keys()
        uploads.complete()

        assert before == []
        assert objects.keys() == ["f.bin"]

    def test_parts_are_in_order_whatever_the_order_of_their_arrival(
        self, make: Make, proxy: Proxy, objects: Objects
    ) -> None:
        late = proxy.on(delay(0.3), **self.words.requests["part"], times=1)
        body = content(5 * self.part + 1)
        uploads = make(root="f.bin")
        fill(uploads, "", body)

        uploads.complete()

        assert late.played == 1
        assert objects.bodies() == {"f.bin": body}

    @pytest.mark.parametrize("parts_a_write", [0.19, 1, 3.1])
    def test_parts_are_whole_whatever_the_writes(
        self, make: Make, proxy: Proxy, objects: Objects, parts_a_write: float
    ) -> None:
        body = content(3 * self.part)
        sent = proxy.on(delay(0), **self.words.requests["part"])
        uploads = make(root="f.bin")

        fill(uploads, "", body, int(parts_a_write * self.part))
        uploads.complete()

        assert objects.bodies() == {"f.bin": body}
        assert sent.played == 3

    def test_file_without_bytes_is_an_empty_object(self, make: Make, objects: Objects) -> None:
        uploads = make(root="f.bin")
        uploads.open("")

        uploads.complete()

        assert objects.bodies() == {"f.bin": b""}

    def test_many_files_of_a_stage_share_its_memory(self, make: Make, objects: Objects) -> None:
        bodies = {f"{number}.bin": content(40_000, number) for number in range(300)}
        uploads = make(root="ds/", memory_bytes=MIB)
        files = {name: uploads.open(name) for name in bodies}

        for start in range(0, 40_000, 10_000):
            for name, file in files.items():
                file.write(bodies[name][start : start + 10_000])
        uploads.complete()

        assert objects.bodies() == {f"ds/{name}": body for name, body in bodies.items()}
        assert uploads.buffers.disk_bytes > 0

    def test_aborted_upload_leaves_nothing_and_takes_nothing(
        self, make: Make, objects: Objects
    ) -> None:
        objects.put("f.bin", b"old")
        uploads = make(root="f.bin")
        fill(uploads, "", content(2 * self.part + 1))

        uploads.abort()

        with pytest.raises(StorageError, match="given up"):
            uploads._all()[0].write(b"more")
        with pytest.raises(StorageError, match="given up"):
            uploads.open("other")
        with pytest.raises(StorageError, match="given up"):
            uploads.complete()
        assert ended(uploads)
        assert (objects.bodies(), objects.left_behind()) == ({"f.bin": b"old"}, [])

    def test_abort_does_not_wait_for_parts_under_way_and_leaves_none(
        self, make: Make, proxy: Proxy, objects: Objects
    ) -> None:
        late = proxy.on(delay(1), **self.words.requests["part"])
        uploads = make(root="f.bin")
        fill(uploads, "", content(3 * self.part))
        while late.played < 3:
            time.sleep(0.01)

        started = time.monotonic()
        uploads.abort()
        seconds = time.monotonic() - started

        assert seconds < 0.9
        assert ended(uploads)
        assert (objects.keys(), objects.left_behind()) == ([], [])

    def test_writer_in_the_background_ends_with_the_abort(
        self, make: Make, objects: Objects
    ) -> None:
        uploads = make(root="f.bin")
        file, errors, began = uploads.open(""), [], threading.Event()

        def write() -> None:
            try:
                while True:
                    file.write(bytes(self.part))
                    began.set()
            except StorageError as raised:
                errors.append(str(raised))

        writer = threading.Thread(target=write)
        writer.start()
        began.wait(LIMIT_SECONDS)

        uploads.abort()
        writer.join(LIMIT_SECONDS)

        assert errors == ["This write was given up."]
        assert objects.keys() == []

    def test_write_after_an_aborted_one_is_whole(self, make: Make, objects: Objects) -> None:
        given_up = make(root="f.bin")
        fill(given_up, "", content(2 * self.part, seed=1))
        given_up.abort()
        ended(given_up)
        body = content(3 * self.part, seed=2)

        uploads = make(root="f.bin", token=OTHER_TOKEN)
        fill(uploads, "", body)
        uploads.complete()

        assert objects.bodies() == {"f.bin": body}
        assert objects.left_behind() == []

    def test_failed_part_ends_the_write_with_what_the_store_said(
        self, make: Make, proxy: Proxy, objects: Objects
    ) -> None:
        proxy.on(self.words.refusals["denied"], **self.words.requests["part"])
        uploads = make(root="f.bin")
        file = uploads.open("")

        file.write(bytes(self.part))
        while uploads.error is None:
            time.sleep(0.01)  # the answer is on its way
        with pytest.raises(AccessDeniedError, match=self.words.denied):
            file.write(b"more")

        with pytest.raises(AccessDeniedError, match=self.words.denied):
            uploads.complete()
        uploads.abort()
        assert ended(uploads)
        assert (objects.keys(), objects.left_behind()) == ([], [])

    @pytest.mark.parametrize("is_exclusive", [False, True])
    @SMALL_AND_LARGE
    @pytest.mark.parametrize("lost", [1, 2, None])
    def test_commit_whose_answers_are_lost_is_a_success(
        self,
        make: Make,
        proxy: Proxy,
        objects: Objects,
        request_: str,
        is_exclusive: bool,
        lost: int | None,
    ) -> None:
        body = self.sized(request_)
        uploads = make(root="f.bin", is_exclusive=is_exclusive)
        fill(uploads, "", body)
        ended(uploads)
        rule = proxy.on(drop, **self.words.requests[request_], times=lost)

        uploads.complete()

        assert rule.played >= 1
        assert objects.bodies() == {"f.bin": body}
        uploads.abort()
        assert objects.bodies() == {"f.bin": body}

    def test_parts_whose_answers_are_lost_are_sent_again(
        self, make: Make, proxy: Proxy, objects: Objects
    ) -> None:
        body = content(2 * self.part + 1)
        rule = proxy.on(drop, **self.words.requests["part"], times=2)
        uploads = make(root="f.bin")

        fill(uploads, "", body)
        uploads.complete()

        assert rule.played == 2
        assert objects.bodies() == {"f.bin": body}

    @SMALL_AND_LARGE
    def test_lost_commit_is_not_taken_for_that_of_somebody_else(
        self, make: Make, proxy: Proxy, objects: Objects, request_: str
    ) -> None:
        objects.put("f.bin", b"of somebody else")
        uploads = make(root="f.bin")
        fill(uploads, "", self.sized(request_))
        proxy.on(self.words.refusals["503"], **self.words.requests[request_])

        with pytest.raises(self.refused, match=self.words.busy):
            uploads.complete()

        assert objects.bodies() == {"f.bin": b"of somebody else"}

    @SMALL_AND_LARGE
    def test_exclusive_commit_leaves_what_somebody_else_wrote(
        self, make: Make, objects: Objects, request_: str
    ) -> None:
        kind, message = self.exists
        uploads = make(root="f.bin", is_exclusive=True)
        fill(uploads, "", self.sized(request_))
        objects.put("f.bin", b"of somebody else")

        with pytest.raises(kind, match=message):
            uploads.complete()

        uploads.abort()
        assert objects.bodies() == {"f.bin": b"of somebody else"}
        assert objects.left_behind() == []

    def test_racing_writers_leave_one_of_their_files_whole(
        self, make: Make, objects: Objects
    ) -> None:
        bodies = {f"{number:016x}": content(3 * self.part + number, number) for number in range(6)}
        stages = {token: make(root="f.bin", token=token) for token in bodies}
        together = threading.Barrier(len(stages))
        refused: dict[str, str] = {}

        def write(token: str) -> None:
            together.wait(LIMIT_SECONDS)
            fill(stages[token], "", bodies[token])
            try:
                stages[token].complete()
            except WriteError as raised:
                refused[token] = str(raised)

        threads = [threading.Thread(target=partial(write, token)) for token in stages]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(2 * LIMIT_SECONDS)

        won = set(bodies) - set(refused)
        assert won
        assert all("somebody else has written it meanwhile" in text for text in refused.values())
        assert objects.bodies()["f.bin"] in {bodies[token] for token in won}

    def test_file_that_fails_at_its_commit_keeps_the_others_from_beginning(
        self, make: Make, proxy: Proxy, objects: Objects
    ) -> None:
        refusal = self.words.refusals["denied"]
        proxy.on(refusal, **self.words.requests["write"], path="/000.bin")
        uploads = make(root="ds/")
        for number in range(200):
            fill(uploads, f"{number:03}.bin", b"rows")

        with pytest.raises(self.refused, match=self.words.denied):
            uploads.complete()

        uploads.abort()
        assert len(objects.keys()) < 150
