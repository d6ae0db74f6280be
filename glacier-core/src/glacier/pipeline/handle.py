"""What a task returns while a pipeline is being built: a promise, not a value."""

from typing import TYPE_CHECKING, Any, NoReturn

from glacier.errors import HandleError

if TYPE_CHECKING:
    from glacier.pipeline.graph import Call


class Handle:
    """Stands for what a task will return; may only be passed on to other tasks.

    Any other use is a `HandleError`: the value does not exist before the pipeline runs.
    """

    __slots__ = ("_call",)

    def __init__(self, call: "Call") -> None:
        self._call = call

    def __repr__(self) -> str:
        return f"<handle of task {self._call.name!r}: no value before the pipeline runs>"

    def __getattr__(self, name: str) -> NoReturn:
        # Notebooks ask every object for these; without them a handle just shows its repr.
        if name.startswith(("_repr_", "_ipython_")):
            raise AttributeError(name)
        raise _misuse(self, f"its attribute {name!r} was read")


def call_of(handle: Handle) -> "Call":
    """Return the call that a handle stands for."""
    return handle._call  # noqa: SLF001 - the slot is private so that users' attributes all fail


def _misuse(handle: Handle, what: str) -> HandleError:
    return HandleError(
        f"The result of task {call_of(handle).name!r} was used as a value while the pipeline was "
        f"being built: {what}. It exists only when the pipeline runs. Pass it to a task, and do "
        "this inside that task."
    )


def _refuse(operation: str) -> Any:  # Any: stands in for methods of every signature
    def method(self: Handle, *_: object, **__: object) -> NoReturn:
        raise _misuse(self, f"{operation} was asked for")

    return method


_OPERATIONS = {
    "its truth": ["bool"],
    "its length": ["len"],
    "iteration or unpacking": ["iter", "next", "reversed", "contains"],
    "an item": ["getitem", "setitem", "delitem"],
    "a call": ["call"],
    "its text": ["str", "format", "fspath"],
    "a number": ["int", "float", "complex", "index", "round", "abs", "neg", "pos", "invert"],
    "a comparison": ["eq", "ne", "lt", "le", "gt", "ge"],
    "a context": ["enter", "exit"],
    "arithmetic": [
        prefix + name
        for name in [
            "add",
            "sub",
            "mul",
            "truediv",
            "floordiv",
            "mod",
            "divmod",
            "pow",
            "matmul",
            "and",
            "or",
            "xor",
            "lshift",
            "rshift",
        ]
        for prefix in ("", "r")
    ],
}

for _operation, _names in _OPERATIONS.items():
    for _name in _names:
        setattr(Handle, f"__{_name}__", _refuse(_operation))
Handle.__hash__ = object.__hash__  # type: ignore[method-assign]  # __eq__ above took it away
