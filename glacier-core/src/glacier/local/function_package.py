"""The archive of a serverless function: its sources, and a manifest that says what to call."""

import json
import sys
import tempfile
import zipfile
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from glacier.errors import FunctionError
from glacier.resources.handler import handler_path

if TYPE_CHECKING:
    from glacier.resources.serverless import Handler

MANIFEST = "glacier.json"
# The earliest time that a zip can hold: the same sources give the same bytes.
_TIMESTAMP = (1980, 1, 1, 0, 0, 0)
_PLAIN_FILE = 0o100644 << 16
_UNIX = 3


def build_package(function_name: str, handler: "Handler | str", runtime: str) -> Path:
    """Return the path of a new zip, in a new temporary directory that belongs to the caller.

    It holds the module of the handler, or every `.py` file of the top-level package that the
    module is part of, and `glacier.json` with the function's name, handler and runtime.

    Raises:
        FunctionError: The handler's source can't be found.
    """
    path = handler_path(function_name, handler)
    sources = _sources(function_name, path.partition(":")[0])
    manifest = {"function_name": function_name, "handler": path, "runtime": runtime}
    content = {name: file.read_bytes() for name, file in sources.items()}
    content[MANIFEST] = json.dumps(manifest, indent=2, sort_keys=True).encode()
    target = Path(tempfile.mkdtemp(prefix="glacier-package-")) / "function.zip"
    with zipfile.ZipFile(target, "w") as archive:
        for name in sorted(content):
            entry = zipfile.ZipInfo(name, _TIMESTAMP)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = _UNIX
            entry.external_attr = _PLAIN_FILE
            archive.writestr(entry, content[name])
    return target


def _sources(function_name: str, module: str) -> dict[str, Path]:
    """Return the files that a module needs of its own project, by their names in the archive."""
    import_module(module)
    parts = module.split(".")
    for depth in range(1, len(parts) + 1):
        dotted, file = ".".join(parts[:depth]), _file_of(".".join(parts[:depth]))
        if file is None:  # a namespace package: it has no file, and others share its directory
            continue
        prefix = "/".join(parts[:depth])
        if not hasattr(sys.modules[dotted], "__path__"):
            return {f"{prefix}.py": file}
        root = file.parent
        return {
            f"{prefix}/{source.relative_to(root).as_posix()}": source
            for source in root.rglob("*.py")
        }
    raise FunctionError(
        f"The handler of {function_name!r} is in the module {module!r}, which has no Python source "
        "file. Put it into a module of your project.",
        function_name=function_name,
    )


def _file_of(module: str) -> Path | None:
    file = getattr(sys.modules[module], "__file__", None)
    return Path(file) if file is not None and file.endswith(".py") else None
