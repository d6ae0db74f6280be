"""Requests as Google's clients take them, and answers as the APIs' JSON has them."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from google.protobuf.json_format import ParseError

from glacier.errors import FunctionError

if TYPE_CHECKING:
    from google.cloud.functions_v2 import Function
    from google.cloud.scheduler_v1 import Job

    from glacier.resources import Serverless

Body = dict[str, Any]
"""A function or a job as the API's JSON has it."""

MessageT = TypeVar("MessageT", "Function", "Job")


def message_of(function: "Serverless", kind: type[MessageT], wanted: Mapping[str, Any]) -> MessageT:
    """Return what a client takes.

    Raises:
        FunctionError: It has a field that there is not, or not with such a value.
    """
    try:
        return cast("MessageT", kind.from_json(json.dumps(wanted)))
    except (ParseError, TypeError) as error:  # the latter of what is no JSON
        name = function.function_name
        raise FunctionError(
            f"The function {name!r} has settings that Google has no place for: {_brief(error)}. "
            "Correct overrides= of its CloudFunctionConfig.",
            function_name=name,
        ) from error


def told(message: "Function | Job") -> Body:
    """Return what a client gives, with the defaults of what is not set."""
    found: Body = type(message).to_dict(
        message, preserving_proto_field_name=False, use_integers_for_enums=False
    )
    return found


def _brief(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(". ")
