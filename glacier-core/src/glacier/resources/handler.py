"""How a serverless function's handler is named and found."""

from importlib import import_module
from operator import attrgetter
from typing import TYPE_CHECKING, cast

from glacier.errors import FunctionError

if TYPE_CHECKING:
    from glacier.resources.serverless import Handler


def resolve_handler(function_name: str, handler: "Handler | str") -> "Handler":
    """Return the callable that a handler is or names.

    Args:
        function_name: For the error's text.
        handler: A callable, or `module:function`.

    Raises:
        FunctionError: The name is malformed, leads nowhere, or to something that isn't callable.
    """
    found = _imported(function_name, handler) if isinstance(handler, str) else handler
    if not callable(found):
        raise FunctionError(
            f"The handler {handler!r} of {function_name!r} is a {type(found).__name__} and can't "
            "be called. Pass a function from dict to dict, or 'module:function'.",
            function_name=function_name,
        )
    return found


def handler_path(function_name: str, handler: "Handler | str") -> str:
    """Return the `module:function` under which another process finds a handler.

    Raises:
        FunctionError: It has none: a lambda, a nested function, one of `__main__` or a notebook.
    """
    if isinstance(handler, str):
        resolve_handler(function_name, handler)
        return handler
    module = getattr(handler, "__module__", None)
    qualified = getattr(handler, "__qualname__", None)
    problem = None
    if module is None or qualified is None:
        problem = f"it is a {type(handler).__name__} object without a name of its own"
    elif qualified.endswith("<lambda>"):
        problem = "it is a lambda"
    elif "<locals>" in qualified:
        problem = "it is defined inside another function"
    elif module == "__main__":
        problem = "it is defined in the main script or in a notebook"
    elif _attribute(module, qualified) is not handler:
        problem = f"{module}:{qualified} is something else by now"
    if problem:
        raise FunctionError(
            f"The handler {handler!r} of {function_name!r} can't be packaged: {problem}. "
            "Put it into a module as a top-level function, and pass it or 'module:function'.",
            function_name=function_name,
        )
    return f"{module}:{qualified}"


def _imported(function_name: str, path: str) -> object:
    module, colon, attribute = path.partition(":")
    if not (module and colon and attribute):
        raise FunctionError(
            f"The handler {path!r} of {function_name!r} is not of the form 'module:function', "
            "such as 'my_project.handlers:score'.",
            function_name=function_name,
        )
    try:
        loaded = import_module(module)
    except Exception as error:  # a user's module may raise anything
        raise FunctionError(
            f"The handler {path!r} of {function_name!r} can't be imported: "
            f"{type(error).__name__}: {error}. Install the module or put its directory on "
            "PYTHONPATH, or pass the function itself.",
            function_name=function_name,
        ) from error
    try:
        return cast("object", attrgetter(attribute)(loaded))
    except AttributeError as error:
        raise FunctionError(
            f"The handler {path!r} of {function_name!r} does not exist: module {module!r} "
            f"({loaded.__file__}) has no {attribute!r}. Correct the name.",
            function_name=function_name,
        ) from error


def _attribute(module: str, qualified: str) -> object:
    try:
        return cast("object", attrgetter(qualified)(import_module(module)))
    except (AttributeError, ImportError):
        return None
