"""What Lambda calls in a function's zip, where a copy of this file lies as `glacier_lambda.py`.

It calls the handler that `glacier.json` names, as this machine calls it: a payload in, a JSON
object out. It imports nothing of Glacier, which most functions don't bring along, but a copy of
`glacier.resources.json_border`.
"""

import json
import os
import tempfile
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import Any  # payloads are any JSON

# Lambda sets none, and Polars, like others, keeps its temporary files below it.
os.environ.setdefault("HOME", tempfile.gettempdir())

_manifest = json.loads(Path(__file__).with_name("glacier.json").read_text(encoding="utf-8"))
_border: Any = import_module("glacier_json_border")
_module, _, _attribute = _manifest["handler"].partition(":")
_handler: Any = attrgetter(_attribute)(import_module(_module))

# Lambda tells of an error by its class's name alone. Its own kinds have a full stop in theirs,
# which no class that is defined in the usual way can have.
_PayloadError = type("Glacier.PayloadError", (Exception,), {})


def handler(event: Any, context: Any) -> dict[str, Any]:  # noqa: ARG001 - Lambda passes it
    """Return the handler's answer to a payload; an empty object for None."""
    what = f"the answer of {_manifest['function_name']!r}"
    try:
        answer = _handler(event)
    except Exception:
        raise
    except BaseException as error:
        # An exit, or a panic of Polars: it would end the process, and tell the caller nothing.
        namesake = type(type(error).__name__, (Exception,), {})
        raise namesake(error).with_traceback(error.__traceback__) from error
    try:
        text = _border.encoded({} if answer is None else answer, what=what)
        found: dict[str, Any] = _border.decoded(text, what=what)
    except _border.NotJsonError as error:
        raise _PayloadError(error) from error
    return found
