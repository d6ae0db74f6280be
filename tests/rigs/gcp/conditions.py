"""Evaluates the conditions of IAM bindings: the part of CEL that Cloud Storage's policies use.

It knows `resource.name`, `resource.type` and `resource.service`, `startsWith`, `endsWith`,
`api.getAttribute`, comparisons, `&&`, `||` and `!`, and refuses everything else.
"""

import ast
import re
from collections.abc import Mapping
from typing import Any

STRINGS = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""")


def holds(expression: str, attributes: Mapping[str, str]) -> bool:
    """Return whether a condition holds of a request.

    Args:
        expression: The condition.
        attributes: The values of `resource.name` and so on, and of the API's attributes.

    Raises:
        ValueError: It has something that the rig doesn't know.
    """
    pieces = STRINGS.split(expression)
    for index in range(0, len(pieces), 2):
        text = pieces[index].replace("&&", " and ").replace("||", " or ")
        pieces[index] = re.sub(r"!(?!=)", " not ", text)
    tree = ast.parse("".join(pieces).strip(), mode="eval")
    return bool(_value(tree.body, attributes))


def _value(node: ast.expr, attributes: Mapping[str, str]) -> Any:
    match node:
        case ast.BoolOp(op, values):
            found = (_value(one, attributes) for one in values)
            return all(found) if isinstance(op, ast.And) else any(found)
        case ast.UnaryOp(ast.Not(), operand):
            return not _value(operand, attributes)
        case ast.Compare(left, [ast.Eq()], [right]):
            return _value(left, attributes) == _value(right, attributes)
        case ast.Compare(left, [ast.NotEq()], [right]):
            return _value(left, attributes) != _value(right, attributes)
        case ast.Constant(value):
            return value
        case ast.Attribute(ast.Name("resource"), name):
            return attributes[f"resource.{name}"]
        case ast.Call(ast.Attribute(ast.Name("api"), "getAttribute"), [name_node, default]):
            name = str(_value(name_node, attributes))
            return attributes.get(name, _value(default, attributes))
        case ast.Call(ast.Attribute(subject, "startsWith" | "endsWith" as how), [argument]):
            text, part = _value(subject, attributes), _value(argument, attributes)
            return text.startswith(part) if how == "startsWith" else text.endswith(part)
    raise ValueError(f"the rig knows no condition like {ast.unparse(node)!r}")
