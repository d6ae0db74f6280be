"""Names that functions can have; without an SDK, so that no request is needed to check one."""

import re
from typing import TYPE_CHECKING

from glacier.errors import FunctionError

if TYPE_CHECKING:
    from glacier.resources import Serverless

LONGEST_NAME = 63
"""The length in characters of the longest name of a function, and of its Cloud Run service:
https://cloud.google.com/functions/docs/reference/rest/v2/projects.locations.functions/create"""


def check_function(function: "Serverless") -> None:
    """Refuse a function whose name no Cloud Run service can have.

    Raises:
        FunctionError: The name is not legal.
    """
    name = function.function_name
    problem = _problem_of(name)
    if problem is not None:
        raise FunctionError(
            f"The function name {name!r} is not legal on Google Cloud, where it becomes that of a "
            f"Cloud Run service: {problem}. Rename the function, such as 'scorer'.",
            function_name=name,
        )


def _problem_of(name: str) -> str | None:
    if not 1 <= len(name) <= LONGEST_NAME:
        return f"it has {len(name)} characters; expected 1 to {LONGEST_NAME}"
    if not re.fullmatch(r"[a-z0-9-]+", name):
        return "expected lower-case letters, digits and hyphens only"
    if not re.fullmatch(r"[a-z](.*[a-z0-9])?", name):
        return "expected a letter as its first character, and no hyphen as its last one"
    return None
