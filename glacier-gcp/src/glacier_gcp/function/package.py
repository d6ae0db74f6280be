"""The source of a Cloud Function: the handler's code, what Google installs, and what calls it."""

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from glacier.errors import FunctionError
from glacier.jobs.archive import archived
from glacier.jobs.handler_code import handler_code, requirement_files
from glacier.resources.remote_answers import handler_files
from glacier_gcp.function.request import config_of, python_of

if TYPE_CHECKING:
    from glacier.resources import Serverless

MANIFEST = "glacier.json"
_ENTRY = Path(__file__).with_name("entry.py")
_FRAMEWORK = "functions-framework>=3.8,<4"
"""What serves the function; Google installs the newest where `requirements.txt` names none."""


def build_package(function: "Serverless") -> Path:
    """Return the path of a new zip, in a new temporary directory that belongs to the caller.

    Raises:
        FunctionError: The handler has no source, Google does not have the runtime, or a file holds
            a secret.
    """
    python_of(function)
    code = handler_code(function)
    own = {
        "main.py": _ENTRY.read_bytes(),
        MANIFEST: _manifest(function, code.path),
        **handler_files(),
        **requirement_files(function, code, config_of(function).packages, [_FRAMEWORK]),
    }
    taken = sorted(set(own).intersection(code.files))
    if taken:
        raise FunctionError(
            f"The function {function.function_name!r} has files of its own where Google needs "
            f"others: {', '.join(taken)}. Rename them.",
            function_name=function.function_name,
        )
    content = archived([code.files, own])
    target = Path(tempfile.mkdtemp(prefix="glacier-package-")) / "function.zip"
    target.write_bytes(content)
    return target


def _manifest(function: "Serverless", handler: str) -> bytes:
    fields = {
        "function_name": function.function_name,
        "handler": handler,
        "runtime": function.runtime,
    }
    return json.dumps(fields, indent=2, sort_keys=True).encode()
