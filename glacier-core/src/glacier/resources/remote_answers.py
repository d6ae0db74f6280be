"""What a function answers over HTTP, through `glacier.resources.http_handler` in its zip."""

import json
from pathlib import Path
from typing import Any

from glacier.errors import FunctionError, PayloadError
from glacier.resources import json_border
from glacier.resources.payload import decoded

_HERE = Path(json_border.__file__)


def handler_files() -> dict[str, bytes]:
    """Return the files that have to lie in a function's zip, beside its manifest `glacier.json`."""
    return {
        "glacier_http_handler.py": _HERE.with_name("http_handler.py").read_bytes(),
        "glacier_json_border.py": _HERE.read_bytes(),
    }


def answer_of_handler(
    function_name: str, kind: str, content: bytes, *, config_name: str
) -> dict[str, Any]:
    """Return what a handler has answered.

    Args:
        function_name: The function.
        kind: What the answer's header `http_handler.MARK` says.
        content: Its body.
        config_name: The config that has the function's `packages`, for what an error advises.

    Raises:
        PayloadError: The payload or the answer is no JSON object.
        FunctionError: The handler raised, or can't be loaded.
    """
    if kind == "answer":
        return decoded(content, what=f"the answer of {function_name!r}")
    told = json.loads(content)
    said, error_type = str(told.get("message", "")), str(told.get("type", ""))
    if kind == "payload":
        raise PayloadError(said, path="")
    trace = str(told.get("traceback", ""))
    what = f"{error_type}: {said.rstrip('.')}"
    if kind == "start":
        message = (
            f"The function {function_name!r} can't start: {what}. If a package is missing, name "
            f"it in packages= of its {config_name} and deploy again. Its traceback over there:\n"
            f"{trace.rstrip()}"
        )
    else:
        message = (
            f"The function {function_name!r} failed: {what}. Its traceback over there:\n"
            f"{trace.rstrip()}"
        )
    raise FunctionError(
        message, function_name=function_name, error_type=error_type, remote_traceback=trace
    )
