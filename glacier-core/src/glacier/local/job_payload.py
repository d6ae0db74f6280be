"""A callable as bytes for another process, or an error that says why it can't be."""

import functools
import inspect
from collections.abc import Callable, Iterator

from glacier.errors import JobError


def pickled(job: Callable[[], object]) -> bytes:
    """Return a callable that another process can load and call without arguments.

    What a module defines travels by its name; what `__main__`, a notebook or a closure defines
    travels by value.

    Raises:
        JobError: It needs arguments, or holds something that can't be pickled, which is named.
    """
    import cloudpickle

    _refuse_arguments(job)
    try:
        return bytes(cloudpickle.dumps(job))
    except Exception as error:  # objects decide themselves what their pickling raises
        raise JobError(
            f"The job {_name_of(job)} can't be sent to another process: {_blame(job)} "
            f"({type(error).__name__}: {error}). Make it inside the job, or put the job into a "
            "module, from which it is imported.",
        ) from error


def _refuse_arguments(job: Callable[..., object]) -> None:
    try:
        parameters = inspect.signature(job).parameters.values()
    except (TypeError, ValueError):  # some builtins have none
        return
    required = [
        p.name
        for p in parameters
        if p.default is p.empty and p.kind not in {p.VAR_POSITIONAL, p.VAR_KEYWORD}
    ]
    if required:
        raise JobError(
            f"The job {_name_of(job)} takes arguments ({', '.join(required)}) and a job gets none. "
            "Bind them: functools.partial(function, ...)."
        )


def _blame(job: Callable[[], object]) -> str:
    """Return which of the things that a callable holds can't be pickled."""
    import cloudpickle

    for name, value in _held_by(job):
        try:
            cloudpickle.dumps(value)
        except Exception:  # noqa: BLE001 - as above; the question is only whether it does
            return f"{name} is a {type(value).__qualname__}, which can't be pickled"
    return "it holds something that can't be pickled"


def _held_by(job: Callable[..., object]) -> Iterator[tuple[str, object]]:
    if isinstance(job, functools.partial):
        yield from ((f"argument {index}", value) for index, value in enumerate(job.args))
        yield from ((f"argument {name!r}", value) for name, value in job.keywords.items())
        job = job.func
    if inspect.ismethod(job):
        yield from ((f"its object's {name!r}", value) for name, value in vars(job.__self__).items())
        job = job.__func__
    if inspect.isfunction(job):
        variables = inspect.getclosurevars(job)
        names = {**variables.globals, **variables.nonlocals}
        yield from ((f"the variable {name!r}", value) for name, value in names.items())
        yield from (("a default", value) for value in job.__defaults__ or ())


def _name_of(job: Callable[..., object]) -> str:
    return getattr(job, "__qualname__", None) or repr(job)
