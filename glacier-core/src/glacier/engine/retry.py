"""Trying again, with a growing pause."""

from typing import TYPE_CHECKING, Any

from tenacity import (
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential,
    wait_random,
)

if TYPE_CHECKING:
    from glacier.pipeline.task import Task

_LONGEST_PAUSE_SECONDS = 300.0


def retrying(
    task: "Task[..., Any] | None", *, spent: int = 0, only: type[Exception] = Exception
) -> Retrying:
    """Return the attempts that a task still has; the last error is raised as it is.

    Args:
        task: The task whose `retries` and `retry_delay_seconds` count; one attempt where None.
        spent: How many attempts were made already.
        only: The errors after which another attempt is made.
    """
    retries = task.retries if task is not None else 0
    delay = task.retry_delay_seconds if task is not None else 0.0
    return Retrying(
        retry=retry_if_exception_type(only),
        stop=stop_after_attempt(max(1 + retries - spent, 1)),
        wait=wait_exponential(multiplier=delay, max=_LONGEST_PAUSE_SECONDS)
        + wait_random(0, delay / 4),
        reraise=True,
    )
