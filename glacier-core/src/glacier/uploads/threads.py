"""The threads that talk to a store, and how much they may have in their hands."""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from functools import cache
from typing import TypeVar

THREADS = 16
"""How many requests of one kind are under way at once, in the whole process."""

IN_FLIGHT_BYTES = 128 * 1024 * 1024
"""How many bytes of parts are under way at once, in the whole process."""

T = TypeVar("T")


class Budget:
    """Bytes that may be in use at once; who asks for more waits, in order of arrival.

    Args:
        limit: How many. Who alone asks for more than all of them gets them.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._used = 0
        self._turn = threading.Lock()  # who waits for much is not overtaken by who wants little
        self._changed = threading.Condition()

    def take(self, size: int) -> None:
        """Wait until so many bytes are free, and take them."""
        with self._turn, self._changed:
            self._changed.wait_for(lambda: self._used == 0 or self._used + size <= self._limit)
            self._used += size

    def give(self, size: int) -> None:
        """Give bytes back."""
        with self._changed:
            self._used -= size
            self._changed.notify_all()


_in_flight = Budget(IN_FLIGHT_BYTES)


def send(work: Callable[[], T], size: int) -> "Future[T]":
    """Have a thread send something, once few enough bytes are under way.

    What waits here can't wait for ever: all that is under way are requests, and each of them
    comes to an end by itself.

    Args:
        work: Sends it.
        size: How many bytes it keeps in memory until then.
    """
    _in_flight.take(size)
    try:
        future = _senders().submit(work)
    except BaseException:  # such as the end of the process
        _in_flight.give(size)
        raise
    future.add_done_callback(lambda _: _in_flight.give(size))
    return future


def for_all(work: Callable[[T], None], items: Iterable[T]) -> None:
    """Do some work on every item, several at a time.

    Raises:
        Exception: The first error. What had not begun by then is not done.
    """
    everything = list(items)
    if len(everything) < 2:
        for item in everything:
            work(item)
        return
    with ThreadPoolExecutor(min(THREADS, len(everything)), "glacier-store") as threads:
        futures = [threads.submit(work, item) for item in everything]
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
        finally:
            for future in futures:
                future.cancel()
    for future in futures:
        if not future.cancelled():
            future.result()


@cache
def _senders() -> ThreadPoolExecutor:
    """Return the threads that send parts, of all writes together."""
    return ThreadPoolExecutor(THREADS, "glacier-upload")
