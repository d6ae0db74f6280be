"""How jobs reach platforms that start a file: their launchers, and what these are told of a run.

Arguments may be logged, and have a largest length; so they name a file in staging that says the
rest, and give its digest.
"""

import ast
import hashlib
import json
from pathlib import Path
from types import ModuleType
from typing import Any

from glacier.adapters import ScriptJob
from glacier.jobs import launching
from glacier.known_secrets import check_no_secret

__all__ = ["run_file", "script_source", "standalone"]


def standalone(launcher: ModuleType) -> bytes:
    """Return a launcher's source as one file, which imports nothing of Glacier.

    Raises:
        ValueError: It does not import `glacier.jobs.launching`, or something else of Glacier.
    """
    text = _source_of(launcher)
    imported = [
        node
        for node in ast.parse(text).body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("glacier")
    ]
    if [node.module for node in imported] != [launching.__name__]:
        raise ValueError(
            f"{launcher.__name__} can't be sent as one file: of Glacier a launcher imports "
            f"names of {launching.__name__}, once, and nothing else."
        )
    lines = text.splitlines(keepends=True)
    begin, end = imported[0].lineno - 1, imported[0].end_lineno
    return "".join([*lines[:begin], _shared_source(), *lines[end:]]).encode()


def run_file(job: ScriptJob, source: bytes, place: str, /, **more: Any) -> bytes:  # Any: JSON
    """Return what a launcher has to know of a job, as JSON.

    Args:
        job: The job.
        source: Its script, as `script_source` returns it.
        place: Where the script lies.
        **more: What the platform's launcher wants to know beside that.

    Raises:
        PackageError: A secret of this process is in it.
    """
    run = {
        "format": launching.FORMAT,
        "script": place,
        "sha256": hashlib.sha256(source).hexdigest(),
        "name": job.script.name,
        "args": job.args,
        "environment": dict(job.environment),
        **more,
    }
    content = json.dumps(run).encode()
    check_no_secret("What the job is told (its arguments and its environment)", content)
    return content


def script_source(job: ScriptJob) -> bytes:
    """Return a job's script.

    Raises:
        PackageError: A secret of this process is in it.
    """
    source = job.script.read_bytes()
    check_no_secret(f"The script {job.script}", source)
    return source


def _shared_source() -> str:
    """Return the source of what launchers share, without what has to stand at a file's start."""
    text = _source_of(launching)
    head = next(
        node
        for node in ast.parse(text).body
        if isinstance(node, ast.ImportFrom) and node.module == "__future__"
    )
    return "".join(text.splitlines(keepends=True)[head.end_lineno :])


def _source_of(module: ModuleType) -> str:
    return Path(str(module.__file__)).read_text()
