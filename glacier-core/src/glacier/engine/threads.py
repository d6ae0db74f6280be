"""Threads for independent tasks, started when they are needed."""

import os
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

_SHORTEST_LOOK_SECONDS = 0.002
_LONGEST_LOOK_SECONDS = 0.05
# Calls that take longer than this gain from another thread; trivial ones take a tenth of it.
_SLOW_CALL_SECONDS = 0.00025
# Once Polars is imported, a wait without an end does not notice Ctrl-C.
INTERRUPTIBLE_SECONDS = 0.2


class Threads:
    """Carries out calls that don't need one another, and what they make ready, side by side.

    A thread goes on with a call that its last one has made ready, so that a branch stays in
    its thread and costs no hand-over. Another thread is started only while calls wait and few
    end: tiny tasks are fastest in one thread, since several would only wait for one another's
    locks, and tasks that take a quarter of a millisecond or more get as many threads as there
    may be.

    Args:
        advance: Carries out one call and returns those that it makes ready.
        most: How many threads at most; as many as `concurrent.futures` takes where None.
    """

    def __init__(self, advance: Callable[[int], list[int]], most: int | None) -> None:
        self._advance = advance
        self._most = most or min(32, (os.cpu_count() or 1) + 4)
        self._queue: SimpleQueue[int | None] = SimpleQueue()
        self._quiet: SimpleQueue[list[int] | BaseException] = SimpleQueue()
        self._lock = threading.Lock()
        self._count = 0
        self._idle = 0
        self._is_closed = False
        self._open = 0
        self._ended = 0

    def run(self, ready: list[int]) -> list[int]:
        """Carry out calls until at most one is left to do, and return that one."""
        self._open = len(ready)
        self._submit(ready)
        look_seconds, ended = _SHORTEST_LOOK_SECONDS, self._ended
        while True:
            can_grow = self._count < self._most
            try:
                left = self._quiet.get(timeout=look_seconds if can_grow else INTERRUPTIBLE_SECONDS)
            except Empty:
                are_slow = self._ended - ended < look_seconds / _SLOW_CALL_SECONDS
                look_seconds = min(2 * look_seconds, _LONGEST_LOOK_SECONDS)
                ended = self._ended
                if can_grow and are_slow and not self._queue.empty():
                    look_seconds = _SHORTEST_LOOK_SECONDS
                    with self._lock:
                        self._start_thread()
            else:
                if isinstance(left, BaseException):
                    raise left
                return left

    def close(self) -> None:
        """Let all threads end when they have done the call that they are at."""
        self._is_closed = True
        for _ in range(self._count):
            self._queue.put(None)

    def _submit(self, indexes: list[int]) -> None:
        for index in indexes:
            self._queue.put(index)
        with self._lock:
            if self._idle == 0:
                self._start_thread()

    def _start_thread(self) -> None:
        if self._count < self._most:
            self._count += 1
            name = f"glacier-{self._count}"
            threading.Thread(target=self._serve, daemon=True, name=name).start()

    def _serve(self) -> None:
        while (index := self._next()) is not None and not self._is_closed:
            try:
                self._follow(index)
            except BaseException as error:  # noqa: BLE001 - raised again by `run`
                self._quiet.put(error)

    def _next(self) -> int | None:
        try:
            return self._queue.get_nowait()
        except Empty:
            with self._lock:
                self._idle += 1
            try:
                return self._queue.get()
            finally:
                with self._lock:
                    self._idle -= 1

    def _follow(self, index: int) -> None:
        """Carry out a call and go on with what it makes ready."""
        while not self._is_closed:
            ready = self._advance(index)
            with self._lock:
                self._ended += 1
                self._open += len(ready) - 1
                if self._open == len(ready) and len(ready) <= 1:
                    self._quiet.put(ready)
                    return
            if not ready:
                return
            index = ready[0]
            if len(ready) > 1:
                self._submit(ready[1:])
