"""Names that function apps can have; without an SDK, so that no request is needed to check one."""

import re
from typing import TYPE_CHECKING

from glacier.errors import FunctionError

if TYPE_CHECKING:
    from glacier.resources import Serverless

LONGEST_NAME = 60
"""The length in characters of the longest name of an app:
https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftweb"""


def check_function(function: "Serverless") -> None:
    """Refuse a function whose name no app can have: it becomes a part of the app's host name.

    Raises:
        FunctionError: The name is not legal.
    """
    name = function.function_name
    problem = _problem_of(name)
    if problem is not None:
        raise FunctionError(
            f"The function name {name!r} is not legal on Azure, where it becomes the host name "
            f"of an app that nobody else in the world may have: {problem}. Rename the function, "
            "such as 'acme-scorer'.",
            function_name=name,
        )


def _problem_of(name: str) -> str | None:
    if not 2 <= len(name) <= LONGEST_NAME:
        return f"it has {len(name)} characters; expected 2 to {LONGEST_NAME}"
    if not re.fullmatch(r"[A-Za-z0-9-]+", name):
        return "expected letters, digits and hyphens only"
    if name.startswith("-") or name.endswith("-"):
        return "expected a letter or a digit as its first and last character"
    return None
