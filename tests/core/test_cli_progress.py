"""What is seen of a run while it goes on."""

import io
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from rich.console import Console

from glacier import pipeline, task
from glacier.cli.progress import shown_progress
from glacier.errors import PipelineError
from glacier.plugins import load_plugins


class Terminal(io.StringIO):
    """A text stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@task
def count(number: int) -> int:
    return number


@task
def fail() -> None:
    raise ValueError("no way")


@pipeline
def many(number: int) -> None:
    for one in range(number):
        count(one)


@pipeline
def failing() -> None:
    fail()


@task
def run_another() -> None:
    many.run(number=3)


@task
def interrupt() -> None:
    raise KeyboardInterrupt


@pipeline
def interrupted() -> None:
    count(1)
    interrupt()


@pipeline
def nesting() -> None:
    run_another()


def test_live_display_draws_less_than_it_counts() -> None:
    terminal = Terminal()

    with shown_progress(Console(file=terminal, force_terminal=True, color_system=None)):
        many.run(number=10_000)

    drawn = terminal.getvalue()
    assert "SUCCEEDED  many  10,000 succeeded in " in drawn
    assert drawn.count("\n") < 1_000


def test_live_display_keeps_the_tasks_that_failed() -> None:
    terminal = Terminal()
    console = Console(file=terminal, force_terminal=True, color_system=None)

    with pytest.raises(PipelineError, match="no way"), shown_progress(console):
        failing.run()

    assert "FAILED     fail  " in terminal.getvalue()
    assert "FAILED     failing  1 failed in " in terminal.getvalue()


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_progress_shows_the_outermost_run_only(stream: type[io.StringIO]) -> None:
    out = stream()

    with shown_progress(Console(file=out, color_system=None)):
        nesting.run()

    assert "SUCCEEDED  nesting  1 succeeded in " in out.getvalue()
    assert "count" not in out.getvalue()


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_progress_calls_an_interrupted_run_interrupted(stream: type[io.StringIO]) -> None:
    out = stream()

    with pytest.raises(KeyboardInterrupt), shown_progress(Console(file=out, color_system=None)):
        interrupted.run()

    assert "INTERRUPTED  interrupted  " in out.getvalue()
    assert "FAILED     interrupted" not in out.getvalue()


def test_progress_observes_no_longer_than_asked() -> None:
    manager = load_plugins().manager
    before = manager.get_plugins()

    with shown_progress(Console(file=io.StringIO())):
        during = manager.get_plugins()
        many.run(number=1)

    assert len(during - before) == 1
    assert manager.get_plugins() == before


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_progress_may_be_asked_for_within_a_block_that_shows_it(stream: type[io.StringIO]) -> None:
    outer, inner = stream(), stream()

    with shown_progress(Console(file=outer, color_system=None)):
        many.run(number=1)
        with shown_progress(Console(file=inner, color_system=None)):
            many.run(number=2)

    assert "SUCCEEDED  many  1 succeeded in " in outer.getvalue()
    assert "SUCCEEDED  many  2 succeeded in " in inner.getvalue()


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_progress_shows_what_its_own_thread_has_started(stream: type[io.StringIO]) -> None:
    """Two threads are in their blocks before either starts its run."""
    both_wait = threading.Barrier(2, timeout=30)

    def shown(number: int) -> str:
        out = stream()
        with shown_progress(Console(file=out, color_system=None)):
            both_wait.wait()
            many.run(number=number)
        return out.getvalue()

    with ThreadPoolExecutor(2) as threads:
        one, two = threads.map(shown, [1, 2])

    assert "SUCCEEDED  many  1 succeeded in " in one
    assert "SUCCEEDED  many  2 succeeded in " in two


def test_blocks_that_overlap_leave_the_level_of_the_logger_as_it_was() -> None:
    logger = logging.getLogger("glacier.jobs")
    before = logger.level
    one, two = ExitStack(), ExitStack()
    for stack in (one, two):
        stack.enter_context(shown_progress(Console(file=io.StringIO())))

    one.close()
    between = logger.level
    two.close()

    assert between == logging.INFO
    assert (logger.level, logger.handlers) == (before, [])
