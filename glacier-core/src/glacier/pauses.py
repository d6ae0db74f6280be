"""Waiting for what a platform does in its own time."""

import time
from collections.abc import Iterator

_FIRST_SECONDS, _LONGEST_SECONDS = 0.1, 5.0


def pauses(seconds: float) -> Iterator[float]:
    """Yield at once, then after pauses that grow, until a time is over; the seconds since."""
    start, pause = time.monotonic(), _FIRST_SECONDS
    yield 0.0
    while (since := time.monotonic() - start) < seconds:
        time.sleep(min(pause, seconds - since))
        pause = min(pause * 1.5, _LONGEST_SECONDS)
        yield time.monotonic() - start
