"""Threads for independent tasks, started when they are needed."""

import os
import threading
from collections.abc import Callable
from queue import SimpleQueue


class Threads:
    """Carries out calls that don't need one another, and what they make ready, side by side.

    A thread goes on with a call that its last one has made ready, so that a branch stays in
    its thread and costs no hand-over. A plain queue costs about a third of
    `concurrent.futures` for each call, which is what small tasks notice.

    Args:
        advance: Carries out one call and returns those that it makes ready.
        most: How many threads at most; as many as `concurrent.futures` takes where None.
    """

    def __init__(self, advance: Callable[[int], list[int]], most: int | None) -> None:
        self._advance = advance
        self._most = most or min(32, (os.cpu_count() or 1) + 4)
        self._queue: SimpleQueue[int | None] = SimpleQueue()
        self._count = 0
        self._lock = threading.Lock()
        self._open = 0
        self._quiet: SimpleQueue[list[int] | BaseException] = SimpleQueue()

    def run(self, ready: list[int]) -> list[int]:
        """Carry out calls until at most one is left to do, and return that one."""
        self._open = len(ready)
        self._submit(ready)
        left = self._quiet.get()
        if isinstance(left, BaseException):
            raise left
        return left

    def close(self) -> None:
        """Let all threads end when they have done what they are at."""
        for _ in range(self._count):
            self._queue.put(None)

    def _submit(self, indexes: list[int]) -> None:
        with self._lock:
            while self._count < min(self._most, self._open):
                self._count += 1
                threading.Thread(
                    target=self._serve, daemon=True, name=f"glacier-{self._count}"
                ).start()
        for index in indexes:
            self._queue.put(index)

    def _serve(self) -> None:
        while (index := self._queue.get()) is not None:
            try:
                self._follow(index)
            except BaseException as error:  # noqa: BLE001 - raised again by `run`
                self._quiet.put(error)

    def _follow(self, index: int) -> None:
        """Carry out a call and go on with what it makes ready."""
        while True:
            ready = self._advance(index)
            with self._lock:
                self._open += len(ready) - 1
                if self._open == len(ready) and len(ready) <= 1:
                    self._quiet.put(ready)
                    return
            if not ready:
                return
            index = ready[0]
            if len(ready) > 1:
                self._submit(ready[1:])
