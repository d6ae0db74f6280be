"""Values of blocks, as Terraform's JSON syntax has them."""

import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePath
from typing import Any

from glacier.errors import TerraformError
from glacier.terraform.blocks import Expression, Ref, Text

Resolve = Callable[[Ref], str]


def rendered(value: Any, resolve: Resolve, where: str) -> Any:  # Any: JSON, references, expressions
    """Return a value as JSON, with its plain texts escaped.

    Args:
        value: What a block's body may hold.
        resolve: Returns the address of a reference.
        where: What errors call the value's place.

    Raises:
        TerraformError: Something in it is neither JSON nor known here.
    """
    if isinstance(value, Ref | Expression | Text):
        return _template(value, resolve)
    if isinstance(value, str):
        return escaped(str(value))
    if isinstance(value, Mapping):
        return {
            escaped(str(name)): rendered(item, resolve, f"{where}.{name}")
            for name, item in value.items()
            if item is not None
        }
    if isinstance(value, list | tuple):
        return [rendered(item, resolve, f"{where}[{at}]") for at, item in enumerate(value)]
    if isinstance(value, PurePath):
        return escaped(value.as_posix())
    is_number = isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))
    if value is None or is_number:
        return value
    raise TerraformError(
        f"{where} is {type(value).__name__}, which has no place in a Terraform document. Expected "
        "a text, a number, a boolean, a list or a mapping of these."
    )


def escaped(text: str) -> str:
    """Return a text that Terraform takes literally: no `${...}` and no `%{...}` in it."""
    return text.replace("${", "$${").replace("%{", "%%{")


def unescaped(text: str) -> str:
    """Return what `escaped` was given."""
    return text.replace("$${", "${").replace("%%{", "%{")


def texts_in(tree: Any, where: str = "") -> Iterator[tuple[str, str]]:  # Any: JSON
    """Yield every value of a JSON tree as a text with its place, and every key with that around."""
    if isinstance(tree, dict):
        for name, item in tree.items():
            yield where, name
            yield from texts_in(item, f"{where}.{name}" if where else name)
    elif isinstance(tree, list):
        for at, item in enumerate(tree):
            yield from texts_in(item, f"{where}[{at}]")
    else:
        yield where, str(tree)


def _template(value: Ref | Expression | Text, resolve: Resolve) -> str:
    if isinstance(value, Ref):
        return f"${{{resolve(value)}}}"
    if isinstance(value, Expression):
        return f"${{{value.text}}}"
    text = ""
    for part in value.parts:
        if isinstance(part, str):
            text += escaped(part)
            continue
        # A sign right before a template would be taken for its escape.
        if text.endswith(("$", "%")):
            text = f'{text[:-1]}${{"{text[-1]}"}}'
        text += _template(part, resolve)
    return text
