"""The process of a run: what Databricks' driver does with a Python file, in the standard library.

It executes the file's text, under whose globals `__file__` is not among, while an event loop runs,
as that of a notebook's kernel does. An exit is an error there like all others, with whatever code.
"""

import asyncio
import json
import sys
import traceback
import types
from pathlib import Path


async def main(report: str, file: str, *parameters: str) -> None:
    """Execute a file with its parameters; what it raises goes into the report."""
    sys.argv = [file, *parameters]
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    told = {"error": "", "trace": ""}
    try:
        exec(compile(Path(file).read_bytes(), file, "exec", dont_inherit=True), module.__dict__)
    except BaseException as error:  # noqa: BLE001 - it is told
        lines = traceback.format_exception(error)
        told["error"] = traceback.format_exception_only(error)[-1].strip()
        told["trace"] = "\x1b[0;31m" + "-" * 75 + "\x1b[0m\n" + "".join(lines)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    Path(report).write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
