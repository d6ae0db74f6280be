"""Which of the things that a value holds can't be pickled."""

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol, runtime_checkable

from glacier.jobs.call import Call
from glacier.jobs.errand import Parcel

_DEEPEST = 20


@runtime_checkable
class HasParts(Protocol):
    """Something that travels and knows what a reader calls its parts."""

    def parts(self) -> Iterator[tuple[str, object]]:
        """Yield its parts, each with its name."""


def blame(value: object, can_travel: Callable[[object], bool]) -> str:
    """Return a clause that names the variable, argument or attribute that is to blame.

    Args:
        value: What can't be pickled.
        can_travel: Says of a part of it whether that can.
    """
    path: list[str] = []
    while len(path) < _DEEPEST:
        culprit = next(((name, part) for name, part in _parts(value) if not can_travel(part)), None)
        if culprit is None:
            break
        path.append(culprit[0])
        value = culprit[1]
    if not path:
        return f"it is a {type(value).__qualname__}, which can't be pickled"
    where = " of ".join(reversed(path))
    return f"{where} is a {type(value).__qualname__}, which can't be pickled"


def _parts(value: object) -> Iterator[tuple[str, object]]:
    """Yield what a value holds, each with what a reader would call it."""
    if isinstance(value, Parcel):
        yield from _parts(value.work)
    elif isinstance(value, HasParts):
        yield from value.parts()
    elif isinstance(value, Call | functools.partial):
        yield from _parts_of_call(value)
    elif inspect.ismethod(value):
        yield from ((f"its object's {name!r}", part) for name, part in _attributes(value.__self__))
        yield from _parts(value.__func__)
    elif inspect.isfunction(value):
        yield from _parts_of_function(value)
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield (f"the item {key!r}", part)
    elif isinstance(value, list | tuple | set | frozenset):
        yield from ((f"item {index}", part) for index, part in enumerate(value))
    elif not isinstance(value, type):
        yield from ((f"the attribute {name!r}", part) for name, part in _attributes(value))


def _parts_of_call(value: "Call | functools.partial[object]") -> Iterator[tuple[str, object]]:
    if isinstance(value, Call):
        function, keywords = value.function, value.kwargs
    else:
        function, keywords = value.func, value.keywords
    yield from ((f"argument {index}", part) for index, part in enumerate(value.args))
    yield from ((f"argument {name!r}", part) for name, part in keywords.items())
    yield from _parts(function)


def _parts_of_function(function: Callable[..., object]) -> Iterator[tuple[str, object]]:
    try:
        variables = inspect.getclosurevars(function)
    except ValueError:  # a variable of its closure has no value yet
        return
    names = {**variables.globals, **variables.nonlocals}
    yield from ((f"the variable {name!r}", part) for name, part in names.items())
    defaults = inspect.signature(function).parameters.values()
    yield from (
        (f"the default of {one.name!r}", one.default)
        for one in defaults
        if one.default is not one.empty
    )
    yield from ((f"its attribute {name!r}", part) for name, part in vars(function).items())


def _attributes(value: object) -> Iterator[tuple[str, object]]:
    yield from getattr(value, "__dict__", {}).items()
    for kind in type(value).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if hasattr(value, name) and not name.startswith("__"):
                yield name, getattr(value, name)
