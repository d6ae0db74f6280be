"""Shows what a run is doing: a live display on a terminal, plain lines anywhere else."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from glacier.cli.first_run import FirstRun
from glacier.cli.job_logs import printed_job_logs
from glacier.cli.notebook_progress import NotebookProgress
from glacier.engine import Run, TaskRun, TaskStatus
from glacier.hookspecs import hookimpl
from glacier.plugins import load_plugins
from glacier.storage import new_token

INTERRUPTED = "INTERRUPTED"
_STYLES = {
    "SUCCEEDED": "green",
    "FAILED": "bold red",
    "SKIPPED": "yellow",
    INTERRUPTED: "bold yellow",
}
_REFRESHES_PER_SECOND = 8
_MOST_SHOWN_RUNNING = 5
_BAR_WIDTH = 40


@contextmanager
def shown_progress(console: Console | None = None) -> Iterator[None]:
    """Show the first run that this thread starts in a block, by observing it as a plugin.

    On a terminal and in a notebook that is a bar, and anywhere else a line for each task. Its last
    line is printed at the end of the block: only there it is known that a run was interrupted,
    which the engine calls failed.

    Args:
        console: Where to show it; the standard output where None.
    """
    manager = load_plugins().manager
    console = console or Console()
    # Not `console.is_terminal`, which FORCE_COLOR turns on where logs are collected.
    is_live = console.file.isatty() and not console.is_dumb_terminal
    observer: LiveProgress | NotebookProgress | PlainProgress
    if console.is_jupyter:
        observer, console = NotebookProgress(), Console(force_jupyter=False)
    else:
        observer = LiveProgress(console) if is_live else PlainProgress(console)
    # Blocks may be in one another, and in several threads, so each has a name of its own.
    manager.register(observer, name=f"glacier-progress-{new_token()}")
    is_interrupted = False
    try:
        with printed_job_logs(console):
            yield
    except KeyboardInterrupt:
        is_interrupted = True
        raise
    finally:
        manager.unregister(observer)
        observer.close(is_interrupted=is_interrupted)


class PlainProgress:
    """One line for every task that has ended, and one for the run.

    Tasks that start pipelines of their own are one line each: only the first run is shown.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._first = FirstRun()

    @hookimpl
    def glacier_run_started(self, run: Run) -> None:
        """Take the run, if it is the one to show."""
        self._first.is_taken(run)

    @hookimpl
    def glacier_task_finished(self, run: Run, task: TaskRun) -> None:
        """Print the task's line."""
        if run is self._first.run:
            self._print(task_line(task))

    def close(self, *, is_interrupted: bool) -> None:
        """Print the run's line."""
        if self._first.run is not None:
            self._print(run_line(self._first.run, is_interrupted=is_interrupted))

    def _print(self, text: Text) -> None:
        # Past rich's layout, which would cost ten thousand tiny tasks a second.
        self._console.file.write(f"{text.plain}\n")
        self._console.file.flush()


class LiveProgress:
    """A bar, what is running, and the tasks that failed; gone when the run is over.

    Tasks only count: what is seen is drawn a few times a second by a thread of its own, so
    that ten thousand tiny tasks don't wait for a terminal.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._first = FirstRun()
        self._running: dict[str, None] = {}
        self._done = 0
        self._started = 0.0
        self._spinner = Spinner("dots")
        self._lock = threading.Lock()
        self._live = Live(
            console=console,
            get_renderable=self._render,
            refresh_per_second=_REFRESHES_PER_SECOND,
            transient=True,
        )

    @hookimpl
    def glacier_run_started(self, run: Run) -> None:
        """Start to draw the run, if it is the one to show."""
        if self._first.is_taken(run):
            self._started = time.perf_counter()
            self._live.start()

    @hookimpl
    def glacier_task_started(self, run: Run, task: TaskRun) -> None:
        """Note that the task runs."""
        if run is self._first.run:
            with self._lock:
                self._running[task.name] = None

    @hookimpl
    def glacier_task_finished(self, run: Run, task: TaskRun) -> None:
        """Count the task; print its line if it has not succeeded."""
        if run is not self._first.run:
            return
        with self._lock:
            self._running.pop(task.name, None)
            self._done += 1
        if task.status is not TaskStatus.SUCCEEDED:
            self._console.print(task_line(task), soft_wrap=True)

    def close(self, *, is_interrupted: bool) -> None:
        """Replace the display by the run's line."""
        self._live.stop()
        run = self._first.run
        if run is not None:
            self._console.print(run_line(run, is_interrupted=is_interrupted), soft_wrap=True)

    def _render(self) -> RenderableType:
        run = self._first.run
        if run is None:
            return ""
        with self._lock:
            running = list(self._running)
        bar = Table.grid(padding=(0, 1))
        bar.add_row(
            self._spinner,
            Text(run.pipeline, style="bold"),
            ProgressBar(len(run.tasks), self._done, width=_BAR_WIDTH),
            f"{self._done}/{len(run.tasks)} tasks",
            f"{time.perf_counter() - self._started:.1f} s",
        )
        return Group(bar, Text(_shortened(running), style="dim", no_wrap=True, overflow="ellipsis"))


def task_line(task: TaskRun) -> Text:
    """Return one line on a task that has ended."""
    line = Text.assemble((f"{task.status:<9}", _STYLES.get(task.status, "")), f"  {task.name}")
    if task.status is not TaskStatus.SKIPPED:
        line.append(f"  {task.duration_seconds:.3f} s", style="dim")
    if task.attempts > 1:
        line.append(f"  {task.attempts} attempts", style="dim")
    return line


def run_line(run: Run, *, is_interrupted: bool = False) -> Text:
    """Return one line on a run that is over: its status, its tasks and where the time went."""
    status = INTERRUPTED if is_interrupted else run.status
    counts = [(run.count(one), one.lower()) for one in TaskStatus]
    told = ", ".join(f"{number:,} {status}" for number, status in counts if number)
    return Text.assemble(
        (f"{status:<9}", _STYLES.get(status, "")),
        (f"  {run.pipeline}", "bold"),
        f"  {told or 'no tasks'} in {run.duration_seconds:.3f} s, "
        f"of which {run.settle_seconds:.3f} s writing",
    )


def _shortened(names: list[str]) -> str:
    more = len(names) - _MOST_SHOWN_RUNNING
    shown = ", ".join(names[:_MOST_SHOWN_RUNNING])
    return f"  {shown} and {more} more" if more > 0 else f"  {shown}"
