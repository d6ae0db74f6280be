"""Prints what jobs print, while a run is shown."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

_LOCK = threading.Lock()


@contextmanager
def printed_job_logs(console: Console) -> Iterator[None]:
    """Print what jobs print; the last block that ends puts the logger's level back."""
    jobs = logging.getLogger("glacier.jobs")
    with _LOCK:
        others = _console_handlers(jobs)
        level = others[0].level_before if others else jobs.level
        handler = _ConsoleHandler(console, level_before=level)
        jobs.addHandler(handler)
        jobs.setLevel(logging.INFO)
    try:
        yield
    finally:
        with _LOCK:
            jobs.removeHandler(handler)
            if not _console_handlers(jobs):
                jobs.setLevel(level)


class _ConsoleHandler(logging.Handler):
    """Prints what jobs print, above the progress."""

    def __init__(self, console: Console, *, level_before: int) -> None:
        super().__init__()
        self.level_before = level_before
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        """Print one line."""
        self._console.print(self.format(record), markup=False, highlight=False, soft_wrap=True)


def _console_handlers(logger: logging.Logger) -> list[_ConsoleHandler]:
    return [one for one in logger.handlers if isinstance(one, _ConsoleHandler)]
