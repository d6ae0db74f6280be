"""What a name is used for where it stands."""

from collections.abc import Callable
from enum import Enum, auto

import libcst as cst

from glacier.migrate.names import Use, dotted_name, qualified
from glacier.migrate.source import Source
from glacier.migrate.v2 import own_name


class Context(Enum):
    """What a name is used for."""

    CALL = auto()
    FROM_ENV = auto()
    TYPE = auto()
    CLASS_TYPE = auto()
    INSTANCE_CHECK = auto()
    BASE_CLASS = auto()
    PATTERN = auto()
    VALUE = auto()


_CLASS_TYPES = {"builtins.type", "typing.Type"}
_TYPE_PARTS = (
    *(cst.Subscript, cst.SubscriptElement, cst.Index, cst.BinaryOperation),
    *(cst.List, cst.Tuple, cst.Element),
)
_CHECKS = {"builtins.isinstance", "builtins.issubclass"}


def context_of(source: Source, use: Use) -> Context:
    """Return what a name is used for."""
    node = use.node
    parent = source.parent(node)
    if isinstance(parent, cst.Call) and parent.func is node:
        return Context.CALL
    if isinstance(parent, cst.Attribute):
        call = source.parent(parent)
        is_call = isinstance(call, cst.Call) and call.func is parent
        return Context.FROM_ENV if is_call and parent.attr.value == "from_env" else Context.VALUE
    if use.is_annotation and is_dispatched(source, node):
        return Context.INSTANCE_CHECK
    is_type = use.is_annotation and not is_metadata(source, node)
    if is_type or _is_type(source, node):
        is_class = is_inside(
            source, node, lambda name: not _CLASS_TYPES.isdisjoint(qualified(use.scope, name))
        )
        return Context.CLASS_TYPE if is_class else Context.TYPE
    if isinstance(parent, cst.MatchClass):
        return Context.PATTERN
    return _context_of_argument(source, use)


def _context_of_argument(source: Source, use: Use) -> Context:
    node: cst.CSTNode = use.node
    while isinstance(
        node, cst.Name | cst.Attribute | cst.Tuple | cst.Element | cst.BinaryOperation
    ):
        node = source.parent(node)
    if not isinstance(node, cst.Arg):
        return Context.VALUE
    owner = source.parent(node)
    if isinstance(owner, cst.ClassDef):
        is_base = node in owner.bases
        return Context.BASE_CLASS if is_base else Context.VALUE
    if isinstance(owner, cst.Call) and len(owner.args) == 2 and owner.args[1] is node:
        called = dotted_name(owner.func)
        if qualified(use.scope, called) & _CHECKS:
            return Context.INSTANCE_CHECK
    return Context.VALUE


def is_dispatched(source: Source, node: cst.CSTNode) -> bool:
    """Tell whether `singledispatch` picks a function by the annotation that a node is in."""
    annotation = next((one for one in source.around(node) if isinstance(one, cst.Annotation)), node)
    parameter = source.parent(annotation)
    function = source.parent(source.parent(parameter))
    if not isinstance(parameter, cst.Param) or not isinstance(function, cst.FunctionDef):
        return False
    decorators = [one.decorator for one in function.decorators]
    return any(
        isinstance(one, cst.Attribute) and one.attr.value == "register" for one in decorators
    )


def is_metadata(source: Source, node: cst.CSTNode) -> bool:
    """Tell whether a node is what `Annotated` says besides the type."""
    for parent in source.around(node):
        if (
            isinstance(parent, cst.Subscript)
            and node in parent.slice[1:]
            and own_name(dotted_name(parent.value)) == "Annotated"
        ):
            return True
        node = parent
    return False


def _is_type(source: Source, node: cst.CSTNode) -> bool:
    """Tell whether a name stands in what is declared to be a type, such as `type Any = ...`."""
    child, parent = node, source.parent(node)
    while isinstance(parent, _TYPE_PARTS):
        child, parent = parent, source.parent(parent)
    if isinstance(parent, cst.AnnAssign):
        name = dotted_name(parent.annotation.annotation)
        return child is parent.value and own_name(name) == "TypeAlias"
    return isinstance(parent, cst.TypeAlias | cst.TypeVar)


def is_inside(source: Source, node: cst.CSTNode, accepts: Callable[[str], bool]) -> bool:
    """Tell whether a name is inside the brackets of a generic type.

    Args:
        source: The text that it is in.
        node: The name.
        accepts: Takes the name of a generic type, as it is written, and tells whether it counts.
    """
    while isinstance(node, (*_TYPE_PARTS, cst.Name, cst.Attribute)):
        node = source.parent(node)
        if isinstance(node, cst.Subscript) and accepts(dotted_name(node.value)):
            return True
    return False
