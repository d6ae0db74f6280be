"""The zip of a function app: the handler's sources, what Azure installs, and what calls it."""

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from glacier.errors import FunctionError
from glacier.jobs.archive import archived
from glacier.jobs.handler_code import handler_code, requirement_files
from glacier.resources.remote_answers import handler_files
from glacier_azure.function.request import ROUTE, TIMER, config_of, python_of

if TYPE_CHECKING:
    from glacier.resources import Serverless

MANIFEST = "glacier.json"
_ENTRY = Path(__file__).with_name("entry.py")
_LIBRARY = "azure-functions"
_LIBRARY_VERSIONS = {"3.11": ">=1.21,<2", "3.12": ">=1.21,<2", "3.13": ">=2,<3"}
"""The library's versions by Python's: its first major ends before Python 3.13, its second begins
there."""

_EXTENSIONS = {
    "id": "Microsoft.Azure.Functions.ExtensionBundle",
    "version": "[4.*, 5.0.0)",
}


def build_package(function: "Serverless") -> Path:
    """Return the path of a new zip, in a new temporary directory that belongs to the caller.

    Raises:
        FunctionError: The handler has no source, Azure does not have the runtime, or a file holds
            a secret.
    """
    code = handler_code(function)
    library = f"{_LIBRARY}{_LIBRARY_VERSIONS[python_of(function)]}"
    own = {
        "function_app.py": _ENTRY.read_bytes(),
        **handler_files(),
        MANIFEST: _manifest(function, code.path),
        "host.json": _host(function),
        **requirement_files(function, code, config_of(function).packages, [library]),
    }
    taken = sorted(set(own).intersection(code.files))
    if taken:
        raise FunctionError(
            f"The function {function.function_name!r} has files of its own where its app needs "
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
        "route": ROUTE,
        "timer": TIMER,
        "schedule": config_of(function).schedule,
    }
    return json.dumps(fields, indent=2, sort_keys=True).encode()


def _host(function: "Serverless") -> bytes:
    """Return the settings of the host.

    https://learn.microsoft.com/azure/azure-functions/functions-host-json
    """
    minutes, seconds = divmod(config_of(function).timeout_seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    timeout = f"{hours:02}:{minutes:02}:{seconds:02}"
    settings = {
        "version": "2.0",
        "functionTimeout": f"{days}.{timeout}" if days else timeout,
        "extensionBundle": _EXTENSIONS,
        "extensions": {"http": {"routePrefix": "api"}},
    }
    return json.dumps(settings, indent=2, sort_keys=True).encode()
