"""Runs the body of one task: with its arguments, its retries and its timeout."""

import threading
from contextvars import copy_context
from queue import Empty, SimpleQueue
from typing import Any

from glacier.engine.attempt import NOWHERE, Attempt
from glacier.engine.blame import culprit_of
from glacier.engine.convert import as_annotated
from glacier.engine.frames import frames_in
from glacier.engine.result import TaskRun
from glacier.engine.state import RunState
from glacier.engine.task_scope import TaskScope
from glacier.engine.writes import Ledger
from glacier.errors import GlacierError, PipelineError, TaskError, TaskTimeoutError
from glacier.pipeline.graph import Call
from glacier.pipeline.task import Task
from glacier.scope import current_scope


class Bodies:
    """Runs bodies of tasks within one run."""

    def __init__(self, state: RunState, ledger: Ledger) -> None:
        self._state = state
        self._ledger = ledger

    def run(self, call: Call, task: Task[..., Any], record: TaskRun) -> Attempt:
        """Run a call's body, again if its task allows it, and keep what it returns.

        Raises:
            Exception: Whatever the last attempt has raised.
        """
        if task.executor is not None:
            raise no_executor(task)
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
        record.reads = record.writes = ()
        attempt = TaskScope(call, record, self._state, self._ledger)
        try:
            args, kwargs = self._state.begin(attempt)
            if task.frame_kinds:
                args, kwargs = self._converted(attempt, task, args, kwargs)
            if task.timeout_seconds is None:
                token = current_scope.set(attempt)
                try:
                    result = task.body(*args, **kwargs)
                finally:
                    current_scope.reset(token)
            else:
                result = _with_timeout(task, attempt, args, kwargs)
            if task.persist:
                result = self._state.keep_temporarily(result)
        except BaseException:
            with self._state.lock:  # else another settle could take its writes in between
                self._state.end(attempt)
                self._ledger.drop(attempt)
            raise
        self._state.finish(attempt, result, is_temporary=task.persist)
        return attempt

    def _converted(
        self, attempt: TaskScope, task: Task[..., Any], args: Any, kwargs: Any
    ) -> tuple[Any, Any]:
        """Return arguments of the annotated kinds; frames that were computed read nothing more."""
        try:
            args, kwargs = as_annotated(task, args, kwargs)
        except GlacierError as error:
            cause = error.__cause__ or error
            error.__dict__["culprit"] = culprit_of(self._state, attempt.call, cause)
            raise
        if attempt.origins and not any(True for _ in frames_in([*args, *kwargs.values()])):
            with self._state.lock:
                attempt.origins = NOWHERE
        return args, kwargs


def task_error(call: Call, error: BaseException) -> TaskError:
    """Return the error of a task whose body has raised."""
    culprit = getattr(error, "culprit", call.name)
    is_timeout = isinstance(error, TaskTimeoutError)
    shown = str(error) if is_timeout else f"{type(error).__name__}: {error}"
    kind = TaskTimeoutError if is_timeout else TaskError
    made = kind(f"Task {call.name!r} failed: {shown}", task=call.name, culprit=culprit)
    made.__cause__ = error
    return made


def _with_timeout(task: Task[..., Any], scope: TaskScope, args: Any, kwargs: Any) -> Any:
    """Return what the body returns, run in a thread that is given up after the timeout."""
    outcome: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()

    def body() -> None:
        current_scope.set(scope)
        try:
            outcome.put((task.body(*args, **kwargs), None))
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


def no_executor(task: Task[..., Any]) -> PipelineError:
    """Return the error of a task that is to run where this version can't run any."""
    return PipelineError(
        f"Task {task.name!r} asks for the executor {task.executor!r}; this version runs tasks in "
        "this process only. Take executor= out of its decorator, or submit a script with "
        "executor.submit_job(...)."
    )
