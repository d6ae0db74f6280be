"""Shows what a run is doing in a notebook: one bar, which the run's card replaces."""

import threading
import time
from html import escape
from typing import TYPE_CHECKING, Any

from glacier.cli.first_run import FirstRun
from glacier.engine import Run, TaskRun, TaskStatus
from glacier.hookspecs import hookimpl
from glacier.known_secrets import Hider

if TYPE_CHECKING:
    from IPython.display import DisplayHandle

_PAUSE_SECONDS = 0.2


class NotebookProgress:
    """A bar that counts tasks.

    Each change of it is a message to the browser, so it is drawn some times a second at most, by
    the tasks that end.
    """

    def __init__(self) -> None:
        self._first = FirstRun()
        self._lock = threading.Lock()
        self._handle: DisplayHandle | None = None
        self._done = self._failed = 0
        self._drawn_at = 0.0
        self._started = 0.0

    @hookimpl
    def glacier_run_started(self, run: Run) -> None:
        """Start to draw the run, if it is the one to show."""
        if self._first.is_taken(run):
            self._started = time.perf_counter()
            self._draw(run)

    @hookimpl
    def glacier_task_finished(self, run: Run, task: TaskRun) -> None:
        """Count the task, which may have ended in a thread of its own."""
        if run is not self._first.run:
            return
        with self._lock:
            self._done += 1
            self._failed += task.status is TaskStatus.FAILED
            if time.perf_counter() - self._drawn_at > _PAUSE_SECONDS:
                self._draw(run)

    def close(self, *, is_interrupted: bool) -> None:
        """Show the bar as it is at the end."""
        run = self._first.run
        if run is not None:
            self._draw(run, "interrupted" if is_interrupted else run.status.lower())

    def _draw(self, run: Run, state: str = "") -> None:
        from IPython.display import display

        self._drawn_at = time.perf_counter()
        content = _Shown(*self._told(run, state))
        if self._handle is None:
            self._handle = display(content, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(content)  # type: ignore[no-untyped-call]

    def _told(self, run: Run, state: str) -> tuple[str, str]:
        total = len(run.tasks)
        seconds = run.duration_seconds or time.perf_counter() - self._started
        text = f"{Hider()(run.pipeline)}: {self._done}/{total} tasks, {seconds:.1f} s"
        text += f", {self._failed} failed" if self._failed else ""
        text += f", {state}" if state else ""
        bar = f'<progress value="{self._done}" max="{max(total, 1)}" aria-hidden="true"></progress>'
        return text, f'<div role="status">{bar} {escape(text)}</div>'


class _Shown:
    """A text for front ends that show no HTML, and HTML for the others."""

    def __init__(self, text: str, html: str) -> None:
        self._text = text
        self._html = html

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:  # Any: what IPython would include
        return {"text/plain": self._text, "text/html": self._html}
