"""Runs the body of one task: with its arguments, its retries and its timeout."""

import threading
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any

from glacier.engine.attempt import NOWHERE, Attempt
from glacier.engine.blame import culprit_of
from glacier.engine.convert import Conversion, Prepared
from glacier.engine.result import TaskRun
from glacier.engine.state import HOLD_NO_FRAMES, RunState
from glacier.engine.task_scope import TaskScope
from glacier.engine.writes import Ledger
from glacier.errors import GlacierError, TaskError, TaskTimeoutError
from glacier.pipeline.containers import leaves
from glacier.pipeline.graph import Call
from glacier.pipeline.task import Task
from glacier.scope import current_scope


class Bodies:
    """Runs bodies of tasks within one run.

    Args:
        state: The run's state.
        ledger: The run's pending writes.
        conversion: Makes frames of the kinds that tasks ask for.
    """

    def __init__(self, state: RunState, ledger: Ledger, conversion: Conversion) -> None:
        self._state = state
        self._ledger = ledger
        self._conversion = conversion

    def run(self, call: Call, task: Task[..., Any], record: TaskRun) -> Attempt:
        """Run a call's body, again if its task allows it, and keep what it returns.

        Raises:
            Exception: Whatever the last attempt has raised.
        """
        if task.retries == 0:
            return self._attempt(call, task, record)
        from glacier.engine.retry import retrying

        for again in retrying(task):
            with again:
                attempt = self._attempt(call, task, record)
        return attempt

    def _attempt(self, call: Call, task: Task[..., Any], record: TaskRun) -> Attempt:
        """Run a body once; what it wrote is forgotten if it fails."""
        record.attempts += 1
        record.reads = record.writes = record.rows_read = ()
        attempt = TaskScope(call, record, self._state, self._ledger, self._conversion)
        try:
            args, kwargs = self._state.begin(attempt)
            body, finish = task.body, None
            if self._conversion.is_needed(task):
                prepared = self._prepared(attempt, task, args, kwargs)
                body, finish = prepared.body, prepared.finish
                args, kwargs = prepared.args, prepared.kwargs
            if task.timeout_seconds is None:
                token = current_scope.set(attempt)
                try:
                    result = body(*args, **kwargs)
                finally:
                    current_scope.reset(token)
            else:
                result = _with_timeout(task, partial(body, *args, **kwargs), attempt)
            if finish is not None:
                result = finish(result)
            if task.persist:
                result = self._state.keep_temporarily(result)
        except BaseException:
            with self._state.lock:  # else another settle could take its writes in between
                self._state.end(attempt)
                self._ledger.drop(attempt)
            raise
        is_temporary = task.persist or task.engine == "spark"
        self._state.finish(attempt, result, is_temporary=is_temporary)
        return attempt

    def _prepared(
        self, attempt: TaskScope, task: Task[..., Any], args: Any, kwargs: Any
    ) -> Prepared:
        """Return the call with frames of the annotated kinds; computed ones read nothing more."""
        try:
            prepared = self._conversion.prepared(task, args, kwargs)
        except GlacierError as error:
            cause = error.__cause__ or error
            error.__dict__["culprit"] = culprit_of(self._state, attempt.call, cause)
            raise
        given = leaves([*prepared.args, *prepared.kwargs.values()])
        if attempt.origins and all(type(one) in HOLD_NO_FRAMES for one in given):
            with self._state.lock:
                attempt.origins = NOWHERE
        return prepared


def task_error(call: Call, error: BaseException) -> TaskError:
    """Return the error of a task whose body has raised."""
    culprit = getattr(error, "culprit", call.name)
    is_timeout = isinstance(error, TaskTimeoutError)
    shown = str(error) if is_timeout else f"{type(error).__name__}: {error}"
    kind = TaskTimeoutError if is_timeout else TaskError
    made = kind(f"Task {call.name!r} failed: {shown}", task=call.name, culprit=culprit)
    made.__cause__ = error
    return made


def _with_timeout(task: Task[..., Any], call: Callable[[], Any], scope: TaskScope) -> Any:
    """Return what the body returns, run in a thread that is given up after the timeout."""
    outcome: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()

    def body() -> None:
        current_scope.set(scope)
        try:
            outcome.put((call(), None))
        except BaseException as error:  # noqa: BLE001 - raised again by the waiting thread
            outcome.put((None, error))

    context = copy_context()
    threading.Thread(
        target=context.run, args=(body,), daemon=True, name=f"glacier-{task.name}"
    ).start()
    try:
        result, error = outcome.get(timeout=task.timeout_seconds)
    except Empty:
        raise TaskTimeoutError(
            f"it took longer than timeout_seconds={task.timeout_seconds}; its thread goes on and "
            "can't write any more",
            task=task.name,
            culprit=task.name,
        ) from None
    if error is not None:
        raise error
    return result
